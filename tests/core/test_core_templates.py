"""Templates: what may stand in braces, and how exactly it is filled in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.accounts import parse_role
from bulkeic.core.errors import InputError
from bulkeic.core.model import Lane, Settings, Target
from bulkeic.core.targets.destinations import parse_destination
from bulkeic.core.targets.names import partition_of
from bulkeic.core.targets.rows import Row, RowParser
from bulkeic.core.targets.templates import (
    DESTINATION_NAMES,
    ROLE_NAMES,
    check_template,
    fill_settings,
)

from .example_rows import ACCOUNT, HERE, OTHER_ACCOUNT, problems_of

QUEUE = "arn:{partition}:sqs:{region}:{account}:failures-{function}"
REFUSED = [
    "{x}", "{}", "{account.x}", "{account[0]}", "{account!r}", "{account:>5}", "{ account}",
    "{Account}", "{", "}", "{{", "}}", "{{account}}", "{a{account}}", "}account{", "{account",
    "account}", "{0}", "{account}{", "{\u0430ccount}", "{account\n}",
]  # fmt: skip

REGIONS = ["us-east-1", "eu-west-3", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"]


@st.composite
def targets(draw: st.DrawFn) -> Target:
    region = draw(st.sampled_from(REGIONS))
    account = draw(st.from_regex(r"[0-9]{12}", fullmatch=True))
    name = draw(st.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True))
    return Target(Lane(account, region), name, "live", partition_of(region))


@pytest.mark.parametrize("piece", REFUSED)
@pytest.mark.parametrize("field", ["OnSuccess", "OnFailure"])
def test_anything_else_in_braces_is_refused_in_destinations(piece: str, field: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_destination(f"arn:aws:sqs:us-east-1:{ACCOUNT}:q-{piece}", field)
    assert refused.value.field == field
    assert "account, region, partition, function" in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("piece", [*REFUSED, "{region}", "{function}"])
def test_anything_else_in_braces_is_refused_in_roles(piece: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_role("arn:aws:iam::{account}:role/r-" + piece)
    assert refused.value.field == "RoleArn"
    assert "expected in braces: account, partition" in str(refused.value)


@given(
    st.text("{}acountregifp .[]!:0", max_size=30), st.sampled_from([DESTINATION_NAMES, ROLE_NAMES])
)
@settings(max_examples=300)
def test_a_valid_template_has_no_brace_left_when_it_is_filled(
    text: str, allowed: tuple[str, ...]
) -> None:
    rest = text
    for name in allowed:
        rest = rest.replace(f"{{{name}}}", "-")
    is_allowed = "{" not in rest and "}" not in rest
    try:
        check_template(text, allowed, "OnFailure")
    except InputError:
        assert not is_allowed
    else:
        assert is_allowed


@given(
    targets(),
    st.lists(
        st.sampled_from([*(f"{{{name}}}" for name in DESTINATION_NAMES), "-", "account", "x"]),
        max_size=20,  # no destination is longer than 350 characters
    ),
)
@settings(max_examples=200)
def test_filling_is_exact_for_any_target(target: Target, pieces: list[str]) -> None:
    text = "arn:{partition}:sqs:{region}:{account}:q" + "".join(pieces)
    values = {
        "{account}": target.lane.account_id,
        "{region}": target.lane.region,
        "{partition}": target.partition,
        "{function}": target.function,
    }
    expected = (
        f"arn:{target.partition}:sqs:{target.lane.region}:{target.lane.account_id}:q"
        + "".join(values.get(piece, piece) for piece in pieces)
    )
    assert parse_destination(text, "OnFailure") == text
    for settings_ in (Settings(1, 60, text, text), Settings(on_failure=text)):
        ready = fill_settings(settings_, target)
        assert ready.on_failure == expected
        assert ready.on_success == (expected if settings_.on_success else None)
        assert ready.maximum_retry_attempts == settings_.maximum_retry_attempts


@given(targets())
def test_settings_without_templates_stay_what_they_are(target: Target) -> None:
    plain = Settings(1, 60, "", f"arn:aws:sqs:us-east-1:{ACCOUNT}:q")
    assert fill_settings(plain, target) is plain


@pytest.mark.parametrize(
    ("template", "good", "bad"),
    [
        (QUEUE.replace("failures-", "q" * 280), "f", "f" * 64),
        ("arn:aws:sqs:{region}:{account}:q.{function}", "f", "fifo"),
        ("arn:{partition}:lambda:{region}:{account}:function:{function}", None, "f"),
        ("arn:aws:lambda:us-east-1:{account}:function:sink", "f", "sink"),
    ],
)
@pytest.mark.parametrize("field", ["OnSuccess", "OnFailure"])
def test_a_template_that_is_invalid_for_one_target_refuses_only_its_row(
    template: str, good: str | None, bad: str, field: str
) -> None:
    parser = RowParser("targets.csv", HERE)

    def row(name: str, **more: Any) -> Row:
        return Row(2, {"FunctionName": name, field: template, **more})

    for _ in range(2):
        if good is not None:
            assert parser.job(0, row(good)).settings.destinations()
            assert parser.problems(row(good)) == []
        with pytest.raises(InputError) as refused:
            parser.job(0, row(bad))
        assert refused.value.field == field
        assert [problem.field for problem in parser.problems(row(bad))] == [field]


def test_a_template_of_a_row_stays_a_template_in_the_job() -> None:
    job = RowParser("t", HERE).job(0, Row(2, {"FunctionName": "f", "OnFailure": QUEUE}))
    assert job.settings.on_failure == QUEUE
    assert fill_settings(job.settings, job.target).on_failure == (
        f"arn:aws:sqs:us-east-1:{ACCOUNT}:failures-f"
    )


# RoleArn in rows.

ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/r"


@pytest.mark.parametrize(
    ("values", "account"),
    [
        ({"FunctionName": "f", "RoleArn": ROLE}, OTHER_ACCOUNT),
        ({"FunctionName": "f", "RoleArn": ROLE, "AccountId": int(OTHER_ACCOUNT)}, OTHER_ACCOUNT),
        ({"FunctionName": f"{OTHER_ACCOUNT}:function:f", "RoleArn": ROLE}, OTHER_ACCOUNT),
        ({"FunctionName": "f", "RoleArn": "arn:aws:iam::{account}:role/r"}, ACCOUNT),
        ({"FunctionName": "f", "RoleArn": ""}, ACCOUNT),
        ({"FunctionName": "f", "RoleArn": None}, ACCOUNT),
    ],
)
def test_a_role_gives_the_account_where_nothing_else_does(
    values: dict[str, Any], account: str
) -> None:
    job = RowParser("t", HERE).job(0, Row(2, {**values, "MaximumRetryAttempts": 1}))
    assert job.target.lane == Lane(account, "us-east-1")
    assert job.role_arn == (values["RoleArn"] or None)


@pytest.mark.parametrize(
    "values",
    [
        {"FunctionName": "f", "AccountId": ACCOUNT, "RoleArn": ROLE},
        {"FunctionName": "f", "AccountId": int(ACCOUNT), "RoleArn": ROLE},
        {"FunctionName": f"{ACCOUNT}:function:f", "RoleArn": ROLE},
        {"FunctionName": "f", "RoleArn": 7},
        {"FunctionName": "f", "RoleArn": [ROLE]},
        {"FunctionName": "f", "RoleArn": False},
        {"FunctionName": "f", "RoleArn": "none"},
    ],
)
def test_a_role_that_contradicts_or_is_invalid_is_a_problem(values: dict[str, Any]) -> None:
    problems = problems_of({**values, "MaximumRetryAttempts": 1})
    assert [problem.field for problem in problems] == ["RoleArn"]
