"""--where: what it matches, and what is refused before anything is called."""

from typing import Any

import pytest

from bulkeic.app.setup.where_expression import NO_MATCH, parse_where
from bulkeic.core.errors import UsageError

QUEUE = "arn:aws:sqs:us-east-1:123456789012:failed"
CONFIG: dict[str, Any] = {
    "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST",
    "LastModified": "2026-01-31T12:00:00Z",
    "MaximumRetryAttempts": 0,
    "MaximumEventAgeInSeconds": 3600,
    "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}},
}


@pytest.mark.parametrize(
    ("expression", "config", "nothing"),
    [
        ("MaximumRetryAttempts", True, False),
        ("MaximumRetryAttempts == `0`", True, False),
        ("MaximumRetryAttempts > `0`", False, False),
        ("!MaximumRetryAttempts", False, True),
        ("DestinationConfig.OnSuccess", False, False),
        ("DestinationConfig.OnSuccess.Destination", False, False),
        ("DestinationConfig.OnFailure.Destination", True, False),
        ("DestinationConfig.*.Destination", True, False),
        ("DestinationConfig.OnFailure.Destination == null", False, True),
        ("@", True, False),
        ("FunctionArn && contains(FunctionArn, ':f:')", True, False),
        ("!FunctionArn || starts_with(LastModified, '2026')", True, True),
        ("not_null(MaximumEventAgeInSeconds, `0`) >= `60`", True, False),
        ("''", False, False),
        ("[]", False, False),
        ("`false`", False, False),
        ("`true`", True, True),
        ("`0`", True, True),
        ("' '", True, True),
        ("`[0]`[::-1]", True, True),
    ],
)
def test_what_matches(*, expression: str, config: bool, nothing: bool) -> None:
    where = parse_where(expression)
    assert where(CONFIG) == (None if config else NO_MATCH)
    assert where({}) == (None if nothing else NO_MATCH)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("contains(DestinationConfig, 'x')", "contains() of object"),
        ("contains(Nothing, 'x')", "contains() of null"),
        ("sum([MaximumRetryAttempts, FunctionArn])", "sum() of string"),
        ("contains(FunctionArn, `1`)", "it cannot be evaluated"),
        ("`[1]`[::0]", "it cannot be evaluated"),
        ("@" + " | @" * 900, "it cannot be evaluated"),
    ],
)
def test_what_cannot_be_evaluated_does_not_match(expression: str, why: str) -> None:
    assert parse_where(expression)(CONFIG) == f"{NO_MATCH}: {why}"


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "is empty; allowed: JMESPath"),
        ("  ", "it ends too early, at character 3; allowed: JMESPath"),
        ("MaximumRetryAttempts ==", "it ends too early, at character 24; allowed: JMESPath"),
        ("a.b.*.", "it ends too early, at character 7; allowed: JMESPath"),
        ("a b", "character 3: 'b' cannot be there; allowed: JMESPath"),
        ("a > 1", "character 5: 1 cannot be there; allowed: JMESPath"),
        ("a = b", "character 3: Unknown token '='; allowed: JMESPath"),
        ("a == 'abc", "character 6: Unclosed ' delimiter; allowed: JMESPath"),
        ("\x1b[31m", "character 1: Unknown token \\x1b; allowed: JMESPath"),
        ("(" * 5000, "cannot be read; allowed: JMESPath"),
        (f"a[{'9' * 5000}]", "cannot be read; allowed: JMESPath"),
        ("nope(a)", "there is no function 'nope'; allowed: abs, avg, ceil, contains, "),
        ("a && [?b].{c: sort_by(d, &nope(e))}", "there is no function 'nope'; allowed: abs"),
        ("a || contains(FunctionArn)", "contains() has 1 argument; allowed: 2"),
        ("length(a, b)", "length() has 2 arguments; allowed: 1"),
        ("not_null()", "not_null() has 0 arguments; allowed: 1 or more"),
    ],
)
def test_what_is_refused(expression: str, why: str) -> None:
    with pytest.raises(UsageError) as problem:
        parse_where(expression)
    line = str(problem.value)
    assert line.startswith("--where")
    assert why in line
    assert line.isprintable()
    assert len(line) < 450
