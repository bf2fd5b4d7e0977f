"""Rows: what becomes a job, what is refused, and that every problem is named."""

import itertools
import re
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.fields import FIELDS
from bulkeic.core.model import CLEARED, Job, Lane, Settings
from bulkeic.core.rows import Defaults, Row, RowParser, parse_integer

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
OWN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
HERE = Defaults(ACCOUNT, "us-east-1")
RETRIES = {"MaximumRetryAttempts": 1}


def job_of(values: dict[str, Any], defaults: Defaults = HERE) -> Job:
    return RowParser("targets.csv", defaults).job(0, Row(2, values))


def problems_of(values: dict[str, Any], defaults: Defaults = HERE) -> list[InputError]:
    return RowParser("targets.csv", defaults).problems(Row(2, values))


def settings_of(values: dict[str, Any], defaults: Defaults = HERE) -> Settings:
    return job_of({"FunctionName": "f", **values}, defaults).settings


def refused_field(values: dict[str, Any], defaults: Defaults = HERE) -> str:
    with pytest.raises(InputError) as refused:
        job_of({"FunctionName": "f", **values}, defaults)
    return refused.value.field


# --- values and defaults -------------------------------------------------------------------------


def test_a_job_says_where_it_comes_from_and_what_it_was_given() -> None:
    row = Row(17, {"FunctionName": "f:live", "MaximumRetryAttempts": "2"})
    job = RowParser("targets.csv", HERE).job(15, row)
    assert (job.seq, job.source, job.function_name) == (15, "targets.csv:17", "f:live")
    assert job.target.lane == Lane(ACCOUNT, "us-east-1")
    assert (job.target.function, job.target.qualifier) == ("f", "live")
    assert job.settings == Settings(maximum_retry_attempts=2)


retry_values = st.one_of(st.none(), st.integers(0, 2))
age_values = st.one_of(st.none(), st.integers(60, 21600))
destination_values = st.sampled_from([None, CLEARED, QUEUE, TOPIC])
some_settings = st.builds(
    Settings, retry_values, age_values, destination_values, destination_values
)
FLAT = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "OnSuccess", "OnFailure")


def flat_row(wanted: Settings) -> dict[str, Any]:
    cells = dict(zip(FLAT, msgspec.structs.astuple(wanted), strict=True))
    return {name: "none" if cell == CLEARED else cell for name, cell in cells.items()}


@settings(deadline=None, max_examples=150)
@given(some_settings, some_settings)
def test_a_rows_own_value_beats_the_default(own: Settings, default: Settings) -> None:
    pairs = zip(msgspec.structs.astuple(own), msgspec.structs.astuple(default), strict=True)
    wanted = Settings(*(fallback if value is None else value for value, fallback in pairs))
    defaults = Defaults(ACCOUNT, "us-east-1", default)
    if wanted.is_empty():
        assert refused_field(flat_row(own), defaults) == ""
    else:
        assert settings_of(flat_row(own), defaults) == wanted


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_cell_is_not_set_here(empty: str | None) -> None:
    values = dict.fromkeys(FIELDS, empty) | {"FunctionName": "f"}
    default = Settings(1, 60, QUEUE, TOPIC)
    job = job_of(values, Defaults(ACCOUNT, "eu-west-1", default))
    assert job.settings == default
    assert job.target.lane == Lane(ACCOUNT, "eu-west-1")
    assert job.target.qualifier == "$LATEST"


def test_a_row_that_sets_nothing_is_refused() -> None:
    problems = problems_of({"FunctionName": "f"})
    assert [problem.field for problem in problems] == [""]
    assert "nothing to set" in problems[0].rule


@settings(deadline=None, max_examples=100)
@given(some_settings)
def test_the_nested_form_equals_the_flat_one(wanted: Settings) -> None:
    if wanted.is_empty():
        return
    assert settings_of(wanted.to_api()) == settings_of(flat_row(wanted)) == wanted


@pytest.mark.parametrize(
    ("nested", "wanted"),
    [
        ({}, (None, None)),
        ({"OnSuccess": {}, "OnFailure": {}}, (CLEARED, CLEARED)),
        ({"OnSuccess": None, "OnFailure": {"Destination": QUEUE}}, (None, QUEUE)),
        ({"OnFailure": {"Destination": ""}}, (None, CLEARED)),
        ({"OnFailure": {"Destination": "none"}}, (None, CLEARED)),
        ({"OnSuccess": {"Destination": TOPIC}}, (TOPIC, None)),
    ],
)
def test_the_halves_of_the_nested_form(
    nested: dict[str, Any], wanted: tuple[str | None, str | None]
) -> None:
    found = settings_of({**RETRIES, "DestinationConfig": nested})
    assert (found.on_success, found.on_failure) == wanted


@pytest.mark.parametrize(
    ("nested", "flat", "wanted"),
    [
        ({"Destination": QUEUE}, QUEUE, QUEUE),
        ({"Destination": QUEUE}, "", QUEUE),
        ({"Destination": QUEUE}, None, QUEUE),
        (None, QUEUE, QUEUE),
        ({"Destination": "none"}, "none", CLEARED),
        ({}, "none", CLEARED),
        ({"Destination": ""}, "none", CLEARED),
    ],
)
def test_nested_and_flat_may_say_the_same(nested: Any, flat: Any, wanted: str) -> None:
    found = settings_of({"DestinationConfig": {"OnFailure": nested}, "OnFailure": flat})
    assert found.on_failure == wanted


@pytest.mark.parametrize("half", [{"Destination": TOPIC}, {}])
def test_nested_and_flat_may_not_contradict(half: dict[str, str]) -> None:
    values = {"DestinationConfig": {"OnFailure": half}, "OnFailure": QUEUE}
    assert refused_field(values) == "OnFailure"


@pytest.mark.parametrize(
    ("nested", "field"),
    [
        ([], "DestinationConfig"),
        (QUEUE, "DestinationConfig"),
        (0, "DestinationConfig"),
        (False, "DestinationConfig"),
        ({"onFailure": {}}, "DestinationConfig"),
        ({"OnFailure": QUEUE}, "DestinationConfig.OnFailure"),
        ({"OnFailure": []}, "DestinationConfig.OnFailure"),
        ({"OnFailure": {"destination": QUEUE}}, "DestinationConfig.OnFailure"),
        ({"OnFailure": {"Destination": QUEUE, "More": 1}}, "DestinationConfig.OnFailure"),
    ],
)
def test_a_nested_form_of_another_shape_is_refused(nested: Any, field: str) -> None:
    assert refused_field({**RETRIES, "DestinationConfig": nested}) == field


@pytest.mark.parametrize("junk", [0, 0.0, False, True, 1, [], [QUEUE], {}, {"a": 1}])
def test_a_nested_destination_that_is_no_text_is_refused(junk: Any) -> None:
    values = {**RETRIES, "DestinationConfig": {"OnFailure": {"Destination": junk}}}
    assert "OnFailure" in refused_field(values)


@pytest.mark.parametrize("junk", [0, 0.0, False, [], {}])
@pytest.mark.parametrize(
    ("bad", "good"), [("FunctionArn", "FunctionName"), ("FunctionName", "FunctionArn")]
)
def test_a_function_that_is_no_text_is_refused_beside_a_good_one(
    bad: str, good: str, junk: Any
) -> None:
    with pytest.raises(InputError) as refused:
        job_of({bad: junk, good: OWN, **RETRIES})
    assert refused.value.field == bad


# --- integers ------------------------------------------------------------------------------------

POSERS: list[Any] = [
    True, False, 1.0, 2.0, "1.0", "1e0", " 2 ", "2 ", "\uff12", "+1", "0x1", "1_0", "true",
    [], [1], {}, {"a": 1}, "1\n", "1\x00",
]  # fmt: skip


@pytest.mark.parametrize("poser", POSERS)
@pytest.mark.parametrize("field", FLAT[:2])
def test_what_only_poses_as_an_integer_is_refused(field: str, poser: Any) -> None:
    assert refused_field({field: poser}) == field


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [("MaximumRetryAttempts", 0, 2), ("MaximumEventAgeInSeconds", 60, 21600)],
)
def test_integers_are_taken_within_their_range_only(field: str, lowest: int, highest: int) -> None:
    for number in (lowest, highest):
        for value in (number, str(number)):
            assert settings_of({field: value}).to_api() == {field: number}
    for number in (lowest - 1, highest + 1, -(10**30), 10**30):
        for value in (number, str(number)):
            assert refused_field({field: value}) == field
            assert (
                f"allowed: {lowest} to {highest}"
                in problems_of({"FunctionName": "f", field: value})[0].rule
            )


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.text(max_size=12), st.from_regex(r"[-+ ]?[0-9]{1,4}[ .e0]?", fullmatch=True)))
@example("")
def test_a_text_is_an_integer_only_when_it_is_ascii_digits(text: str) -> None:
    is_integer = text.isascii() and text.isdigit() and 0 <= int(text) <= 9 and len(text) <= 10
    if is_integer:
        assert parse_integer(text, "N", range(10)) == int(text)
    elif not re.fullmatch("-0+", text):
        with pytest.raises(InputError, match="allowed: 0 to 9"):
            parse_integer(text, "N", range(10))


# --- lanes, names, contradictions ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "lane"),
    [
        ({"FunctionName": "f"}, Lane(ACCOUNT, "us-east-1")),
        ({"FunctionName": "f", "Region": "eu-west-1"}, Lane(ACCOUNT, "eu-west-1")),
        ({"FunctionName": "f", "AccountId": OTHER_ACCOUNT}, Lane(OTHER_ACCOUNT, "us-east-1")),
        ({"FunctionName": "f", "AccountId": int(OTHER_ACCOUNT)}, Lane(OTHER_ACCOUNT, "us-east-1")),
        ({"FunctionName": "f", "AccountId": 7}, Lane("000000000007", "us-east-1")),
        ({"FunctionName": f"{OTHER_ACCOUNT}:function:f"}, Lane(OTHER_ACCOUNT, "us-east-1")),
        ({"FunctionName": OWN.replace("us-east-1", "us-west-2")}, Lane(ACCOUNT, "us-west-2")),
        ({"FunctionArn": OWN, "FunctionName": "f"}, Lane(ACCOUNT, "us-east-1")),
        (
            {"FunctionArn": OWN, "Region": "us-east-1", "AccountId": ACCOUNT},
            Lane(ACCOUNT, "us-east-1"),
        ),
    ],
)
def test_the_lane_comes_from_the_arn_else_the_row_else_the_defaults(
    values: dict[str, Any], lane: Lane
) -> None:
    assert job_of({**values, **RETRIES}).target.lane == lane


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov")],
)
def test_a_bare_name_gets_the_partition_of_its_region(region: str, partition: str) -> None:
    target = job_of({"FunctionName": "f", "Region": region, **RETRIES}).target
    assert target.arn == f"arn:{partition}:lambda:{region}:{ACCOUNT}:function:f"


def test_without_any_region_the_region_is_asked_for() -> None:
    values = {"FunctionName": "f", **RETRIES}
    assert refused_field(values, Defaults()) == "Region"
    assert [problem.field for problem in problems_of(values, Defaults())] == ["Region"]
    assert job_of({"FunctionName": OWN, **RETRIES}, Defaults()).target.arn == OWN


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"FunctionName": OWN, "Region": "eu-west-1"}, "Region"),
        ({"FunctionName": OWN, "AccountId": OTHER_ACCOUNT}, "AccountId"),
        ({"FunctionName": f"{ACCOUNT}:function:f", "AccountId": int(OTHER_ACCOUNT)}, "AccountId"),
        ({"FunctionName": "f:live", "Qualifier": "blue"}, "Qualifier"),
        ({"FunctionArn": f"{OWN}:1", "Qualifier": "$LATEST"}, "Qualifier"),
        ({"FunctionArn": OWN, "FunctionName": "g"}, "FunctionArn"),
    ],
)
def test_what_is_said_twice_must_agree(values: dict[str, Any], field: str) -> None:
    assert refused_field({**values, **RETRIES}) == field
    assert [problem.field for problem in problems_of({**values, **RETRIES})] == [field]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"FunctionName": ""}, "FunctionName"),
        ({"FunctionName": None}, "FunctionName"),
        ({"FunctionName": 7}, "FunctionName"),
        ({"FunctionName": ".."}, "FunctionName"),
        ({"FunctionArn": "not an arn"}, "FunctionArn"),
        ({"Qualifier": "a b"}, "Qualifier"),
        ({"Qualifier": 1}, "Qualifier"),
        ({"Qualifier": []}, "Qualifier"),
        ({"Region": "useast1"}, "Region"),
        ({"Region": ["us-east-1"]}, "Region"),
        ({"Region": {}}, "Region"),
        ({"AccountId": "123"}, "AccountId"),
        ({"AccountId": -1}, "AccountId"),
        ({"AccountId": 10**12}, "AccountId"),
        ({"AccountId": True}, "AccountId"),
        ({"AccountId": 123456789012.0}, "AccountId"),
        ({"AccountId": [ACCOUNT]}, "AccountId"),
        ({"OnSuccess": 1}, "OnSuccess"),
        ({"OnSuccess": [QUEUE]}, "OnSuccess"),
        ({"OnFailure": {"Destination": QUEUE}}, "OnFailure"),
        ({"OnFailure": "q"}, "OnFailure"),
        ({"OnFailure": OWN}, "OnFailure"),
    ],
)
def test_a_wrong_value_is_refused_under_its_fields_name(values: dict[str, Any], field: str) -> None:
    assert refused_field({**RETRIES, **values}) == field


@pytest.mark.parametrize("given_in", ["name", "column"])
def test_a_qualifier_has_128_characters_at_most_wherever_it_stands(given_in: str) -> None:
    def row(length: int) -> dict[str, Any]:
        qualifier = "q" * length
        if given_in == "name":
            return {"FunctionName": f"f:{qualifier}", **RETRIES}
        return {"FunctionName": "f", "Qualifier": qualifier, **RETRIES}

    assert job_of(row(128)).target.qualifier == "q" * 128
    with pytest.raises(InputError):
        job_of(row(129))


# --- every problem is named ----------------------------------------------------------------------

GOOD = {
    "Qualifier": "live",
    "Region": "us-east-1",
    "AccountId": ACCOUNT,
    "MaximumRetryAttempts": 1,
    "MaximumEventAgeInSeconds": 60,
    "OnSuccess": QUEUE,
    "OnFailure": "none",
}
BAD: dict[str, list[Any]] = {
    "Qualifier": ["a b", 1, [], "live:x"],
    "Region": ["here", 1, [], {}],
    "AccountId": ["1", 1.5, [], -1],
    "MaximumRetryAttempts": [3, True, "x", [], {}],
    "MaximumEventAgeInSeconds": [59, 60.0, "1e2", []],
    "OnSuccess": ["arn:aws:s3:::bucket", 1, [], "q"],
    "OnFailure": ["arn", {}, f"{QUEUE}.fifo"],
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


def test_problems_name_what_is_wrong_in_the_nested_form_beside_the_rest() -> None:
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
    **GOOD,
}
junk_rows = st.fixed_dictionaries(
    {}, optional={field: st.just(likely[field]) | junk for field in FIELDS}
)


@settings(deadline=None, max_examples=400)
@given(junk_rows, st.sampled_from([HERE, Defaults(), Defaults(None, "us-east-1", Settings(1))]))
def test_a_row_of_junk_has_problems_exactly_when_it_has_no_job(
    values: dict[str, Any], defaults: Defaults
) -> None:
    parser = RowParser("targets.csv", defaults)
    row = Row(9, values)
    try:
        job: Job | None = parser.job(0, row)
    except InputError as problem:
        job = None
        assert str(problem).isprintable()  # noqa: PT017 - both ways out are right here
    problems = parser.problems(row)
    assert bool(problems) == (job is None)
    for found in problems:
        assert (found.source, found.line) == ("targets.csv", 9)
        assert str(found).isprintable()
        assert len(str(found)) < 600


@settings(deadline=None, max_examples=100)
@given(st.lists(junk_rows, min_size=2, max_size=6))
def test_what_is_remembered_of_other_rows_changes_nothing(rows: list[dict[str, Any]]) -> None:
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
