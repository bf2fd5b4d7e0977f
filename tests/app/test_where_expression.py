"""--where: what it matches, and what is refused before anything is called."""

import time
from typing import Any

import pytest

from bulkeic.app.where.where_expression import NO_MATCH, parse_where
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
def test_matches(*, expression: str, config: bool, nothing: bool) -> None:
    where = parse_where(expression)
    assert where(CONFIG) == (None if config else NO_MATCH)
    assert where({}) == (None if nothing else NO_MATCH)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("contains(DestinationConfig, 'x')", "contains() of object"),
        ("contains(DestinationConfig.OnSuccess.Destination, 'x')", "contains() of null"),
        ("sum([MaximumRetryAttempts, FunctionArn])", "sum() of string"),
        ("contains(FunctionArn, `1`)", "it cannot be evaluated"),
        ("`[1]`[::0]", "it cannot be evaluated"),
        ("@" + " | @" * 900, "it cannot be evaluated"),
    ],
)
def test_an_expression_that_cannot_be_evaluated_does_not_match(expression: str, why: str) -> None:
    assert parse_where(expression)(CONFIG) == f"{NO_MATCH}: {why}"


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "is empty; expected JMESPath"),
        ("  ", "it ends too early, at character 3; expected JMESPath"),
        ("MaximumRetryAttempts ==", "it ends too early, at character 24; expected JMESPath"),
        ("a.b.*.", "it ends too early, at character 7; expected JMESPath"),
        ("a b", "character 3: 'b' is unexpected; expected JMESPath"),
        ("a > 1", "character 5: 1 is unexpected; expected JMESPath"),
        ("a = b", "character 3: Unknown token '='; expected JMESPath"),
        ("a == 'abc", "character 6: Unclosed ' delimiter; expected JMESPath"),
        ("\x1b[31m", "character 1: Unknown token \\x1b; expected JMESPath"),
        ("(" * 5000, "cannot be read; expected JMESPath"),
        (f"a[{'9' * 5000}]", "cannot be read; expected JMESPath"),
        ("nope(a)", "there is no function 'nope'; expected one of abs, avg, ceil, contains, "),
        ("a && [?b].{c: sort_by(d, &nope(e))}", "there is no function 'nope'; expected one of abs"),
        ("a || contains(FunctionArn)", "contains() has 1 argument; expected 2"),
        ("length(a, b)", "length() has 2 arguments; expected 1"),
        ("not_null()", "not_null() has 0 arguments; expected 1 or more"),
    ],
)
def test_an_invalid_expression_is_refused(expression: str, why: str) -> None:
    with pytest.raises(UsageError) as problem:
        parse_where(expression)
    line = str(problem.value)
    assert line.startswith("--where")
    assert why in line
    assert line.isprintable()
    assert len(line) < 450


def test_an_expression_has_limits_on_steps_and_size() -> None:
    doubled = "[@, @]" + " | [@, @]" * 40
    for expression, why in (
        (doubled, "a result has a size of more than 10000"),
        (f"{doubled} | to_string(@)", "a result has a size of more than 10000"),
        (
            "join('', [FunctionArn, FunctionArn])"
            + "".join(" | join('', [@, @])" for _ in range(60)),
            "",
        ),
        ("`" + str([0] * 90) + "`[].{a: `" + str([0] * 90) + "`[].{b: @}}", "it takes more than"),
    ):
        begun = time.process_time()
        reason = parse_where(expression)({"FunctionArn": "x" * 100})
        assert reason is not None
        assert why in reason
        assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("MaximumRetryAttempt > `0`", "MaximumRetryAttempt'; did you mean MaximumRetryAttempts?"),
        ("maximumRetryAttempts", "did you mean MaximumRetryAttempts?"),
        ("maximum_retry_attempts", "did you mean MaximumRetryAttempts?"),
        ("OnFailure.Destination", "did you mean DestinationConfig.OnFailure?"),
        ("Destination", "did you mean DestinationConfig.OnSuccess.Destination?"),
        ("DestinationConfig.OnFailures", "did you mean OnFailure?"),
        ("DestinationConfig.*.Arn", "the field 'Arn'"),
        ("!(FunctionArn && Runtime)", "the field 'Runtime'"),
        ("contains(FunctionNam, 'x')", "did you mean FunctionArn?"),
        ("MaximumRetryAttempts.Value", "the field 'Value'; it is not an object"),
        ("{a: MaximumRetryAttempts}.b", "the field 'b'; known are a"),
        ("[Timeout]", "the field 'Timeout'"),
        ("LastModified > yesterday", "a text needs single quotes, like 'yesterday'"),
        ("`1` < MaximumRetryAttempt", "did you mean MaximumRetryAttempts?"),
        ("@ | OnSuccess", "did you mean DestinationConfig.OnSuccess?"),
    ],
)
def test_a_field_that_no_configuration_can_have_is_refused(expression: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_where(expression)
    assert says in str(refused.value)
    assert "no configuration can have the field" in str(refused.value)


@pytest.mark.parametrize(
    "expression",
    [
        "!DestinationConfig.OnFailure",
        "MaximumRetryAttempts && !DestinationConfig.OnFailure.Destination",
        "!DestinationConfig.*.Destination",
        "!DestinationConfig[?Destination]",
    ],
)
def test_a_not_that_ends_before_the_dot_is_refused(expression: str) -> None:
    with pytest.raises(UsageError, match=r"expected !\(a\.b\) instead of !a\.b"):
        parse_where(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "!(DestinationConfig.OnFailure.Destination)",
        "!MaximumRetryAttempts | @",
        "{a: MaximumRetryAttempts}.a",
        '`{"a": 1}`.a',
        "keys(@)[0]",
        "[MaximumRetryAttempts, MaximumEventAgeInSeconds][?@ > `1`]",
        "sort_by([DestinationConfig], &OnFailure.Destination)",
        "DestinationConfig.{a: OnFailure, b: OnSuccess}.a.Destination",
        "DestinationConfig.values(@)[].Destination",
        'merge(@, `{"x": 1}`).x',
    ],
)
def test_computed_values_may_have_any_field(expression: str) -> None:
    parse_where(expression)
