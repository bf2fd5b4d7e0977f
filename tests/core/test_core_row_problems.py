"""Problems of a row: all of them are found, and a row has problems exactly if it makes no job."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.model import Job, Settings
from bulkeic.core.targets.fields import TARGET_FIELDS
from bulkeic.core.targets.rows import Defaults, Row, RowParser

from .example_rows import ACCOUNT, HERE, OWN, QUEUE, RETRIES, problems_of

GOOD = {
    "Qualifier": "live",
    "Region": "us-east-1",
    "AccountId": ACCOUNT,
    "MaximumRetryAttempts": 1,
    "MaximumEventAgeInSeconds": 60,
    "OnSuccess": QUEUE,
    "OnFailure": "none",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
    "Wave": 2,
}
BAD: dict[str, list[Any]] = {
    "Qualifier": ["a b", 1, [], "live:x"],
    "Region": ["here", 1, [], {}],
    "AccountId": ["1", 1.5, [], -1],
    "MaximumRetryAttempts": [3, True, "x", [], {}],
    "MaximumEventAgeInSeconds": [59, 60.0, "1e2", []],
    "OnSuccess": ["arn:aws:s3:::bucket", 1, [], "q"],
    "OnFailure": ["arn", {}, f"{QUEUE}.fifo", "arn:aws:sqs:{here}:{account}:q", QUEUE + "}"],
    "RoleArn": ["role", 1, [], "arn:aws:iam::{region}:role/r", f"arn:aws:iam::{ACCOUNT}:user/r"],
    "Wave": [0, 1001, "first", 1.0, True, []],
}


@settings(deadline=None, max_examples=150)
@given(st.sets(st.sampled_from(["FunctionName", *GOOD])), st.data())
def test_problems_name_exactly_the_fields_that_are_wrong(
    wrong: set[str], data: st.DataObject
) -> None:
    values = {"FunctionName": "f", **GOOD}
    for field in wrong:
        values[field] = data.draw(st.sampled_from(BAD.get(field, ["", None, "a/b", "..", 1, []])))
    problems = problems_of(values)
    assert sorted(problem.field for problem in problems) == sorted(wrong)
    assert all((problem.source, problem.line) == ("targets.csv", 2) for problem in problems)


def test_problems_name_the_nested_form_and_the_other_fields() -> None:
    nested = {"OnSuccess": {"Destination": "q"}, "OnFailure": {"Destination": "r"}}
    values = {"FunctionName": "f", "MaximumRetryAttempts": 9, "DestinationConfig": nested}
    fields = [problem.field.removeprefix("DestinationConfig.") for problem in problems_of(values)]
    assert sorted(fields) == ["MaximumRetryAttempts", "OnFailure", "OnSuccess"]


def test_problems_name_every_half_of_the_nested_form_that_has_a_wrong_shape() -> None:
    values = {"FunctionName": "f", "DestinationConfig": {"OnSuccess": 1, "OnFailure": []}}
    assert sorted(problem.field for problem in problems_of(values)) == [
        "DestinationConfig.OnFailure",
        "DestinationConfig.OnSuccess",
    ]


def test_problems_name_both_destinations_that_are_the_function_itself() -> None:
    values = {"FunctionName": "f", "OnSuccess": OWN, "OnFailure": OWN}
    assert [problem.field for problem in problems_of(values)] == ["OnSuccess", "OnFailure"]


def test_a_function_that_is_wrong_does_not_make_its_region_unknown_too() -> None:
    values = {"FunctionName": f"arn:aws:lambda:cn-north-1:{ACCOUNT}:function:f", **RETRIES}
    assert [problem.field for problem in problems_of(values, Defaults())] == ["FunctionName"]


def test_a_bad_setting_does_not_make_the_region_of_the_accounts_file_unknown() -> None:
    defaults = Defaults(regions={ACCOUNT: "us-east-1"})
    values = {"FunctionName": "f", "AccountId": ACCOUNT, "MaximumRetryAttempts": 9}
    fields = [problem.field for problem in problems_of(values, defaults)]
    assert fields == ["MaximumRetryAttempts"]


@pytest.mark.parametrize(
    ("defaults", "fields"),
    [
        (Defaults(), ["AccountId", "Region"]),
        (Defaults(regions={ACCOUNT: "us-east-1"}), ["AccountId"]),
        (HERE, ["AccountId"]),
    ],
)
def test_a_bad_account_hides_an_unknown_region_only_if_the_region_may_follow_from_it(
    defaults: Defaults, fields: list[str]
) -> None:
    values = {"FunctionName": "f", "AccountId": "1", **RETRIES}
    assert [problem.field for problem in problems_of(values, defaults)] == fields


def test_every_problem_of_a_row_is_found_at_once_in_the_order_of_validation() -> None:
    values = {
        "FunctionName": "a/b",
        "Qualifier": "c d",
        "Region": "here",
        "AccountId": "1",
        "RoleArn": "role",
        "DestinationConfig": {"OnSuccess": 1},
        "MaximumRetryAttempts": 9,
    }
    assert [problem.field for problem in problems_of(values)] == [
        "FunctionName",
        "Qualifier",
        "Region",
        "AccountId",
        "RoleArn",
        "DestinationConfig.OnSuccess",
        "MaximumRetryAttempts",
    ]


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([
        "", "none", "\x00", "f\x00", "f" * 100_000, "-" * 400, "$LATEST", "..", "\ud800", 10**400,
        -1, 123456789012, [[]], {"": {}}, {"OnSuccess": []}, {"OnFailure": {"Destination": []}},
        {"OnFailure": {"Destination": {}}}, {"OnSuccess": {"Destination": 0}}, {"\x00": None},
    ]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["OnSuccess", "OnFailure", "Destination", "x"]), inner, max_size=3
        ),
        max_leaves=6,
    ),
)  # fmt: skip
likely: dict[str, Any] = {
    "FunctionName": "f",
    "FunctionArn": OWN,
    "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
    "Settings": '{"MaximumRetryAttempts":1}',
    **GOOD,
}
junk_rows = st.fixed_dictionaries(
    {}, optional={field: st.just(likely[field]) | junk for field in TARGET_FIELDS.names}
)


@settings(deadline=None, max_examples=400)
@given(
    junk_rows,
    st.sampled_from(
        [
            HERE,
            Defaults(),
            Defaults(None, "us-east-1", Settings(1)),
            Defaults(regions={ACCOUNT: "us-east-1"}),
        ]
    ),
)
def test_a_row_of_junk_has_no_job_exactly_if_it_has_problems_and_its_error_is_the_first_of_them(
    values: dict[str, Any], defaults: Defaults
) -> None:
    parser = RowParser("targets.csv", defaults)
    row = Row(9, values)
    job: Job | None = None
    error = ("", "")
    try:
        job = parser.job(0, row)
    except InputError as problem:
        assert str(problem).isprintable()  # noqa: PT017 - a job and an error are both valid here
        error = (problem.field, problem.rule)
    problems = parser.problems(row)
    assert bool(problems) == (job is None)
    if problems:
        assert error == (problems[0].field, problems[0].rule)
    for found in problems:
        assert (found.source, found.line) == ("targets.csv", 9)
        assert str(found).isprintable()
        assert len(str(found)) < 600


@settings(deadline=None, max_examples=100)
@given(st.lists(junk_rows, min_size=2, max_size=6))
def test_values_cached_from_other_rows_change_nothing(rows: list[dict[str, Any]]) -> None:
    def tried(parser: RowParser, values: dict[str, Any]) -> str:
        try:
            return repr(parser.job(0, Row(1, values)))
        except InputError as problem:
            return str(problem)

    shared = RowParser("targets.csv", HERE)
    for values in [*rows, *reversed(rows)]:
        assert tried(shared, values) == tried(RowParser("targets.csv", HERE), values)


@pytest.mark.parametrize("order", list(itertools.permutations([1, True, 1.0, "1"])))
def test_remembered_settings_do_not_confuse_1_and_true_and_1_0(order: tuple[Any, ...]) -> None:
    parser = RowParser("targets.csv", HERE)
    taken = []
    for value in order * 2:
        try:
            parser.job(0, Row(1, {"FunctionName": "f", "MaximumRetryAttempts": value}))
        except InputError:
            continue
        taken.append(value)
    assert [type(value) for value in taken] == [type(v) for v in order * 2 if type(v) in (int, str)]


@pytest.mark.parametrize(
    "order", list(itertools.permutations([123456789012, 123456789012.0, ACCOUNT]))
)
def test_remembered_lanes_do_not_confuse_numbers(order: tuple[Any, ...]) -> None:
    parser = RowParser("targets.csv", HERE)
    taken = []
    for value in order * 2:
        try:
            job = parser.job(0, Row(1, {"FunctionName": "f", "AccountId": value, **RETRIES}))
        except InputError:
            continue
        taken.append(job.target.lane.account_id)
    assert taken == [ACCOUNT] * 4
