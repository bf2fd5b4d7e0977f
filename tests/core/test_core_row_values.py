"""Values of a row: defaults, the nested form, integers."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.model import CLEARED, Lane, Settings
from bulkeic.core.targets.fields import TARGET_FIELDS
from bulkeic.core.targets.rows import Defaults, Row, RowParser, parse_integer

from .example_configs import wishes
from .example_rows import (
    ACCOUNT,
    FLAT,
    HERE,
    OWN,
    QUEUE,
    RETRIES,
    TOPIC,
    job_of,
    problems_of,
    refused_field,
    settings_of,
)


def test_a_job_says_where_it_comes_from_and_what_it_was_given() -> None:
    row = Row(17, {"FunctionName": "f:live", "MaximumRetryAttempts": "2"})
    job = RowParser("targets.csv", HERE).job(15, row)
    assert (job.seq, str(job.source), job.function_name) == (15, "targets.csv:17", "f:live")
    assert job.target.lane == Lane(ACCOUNT, "us-east-1")
    assert (job.target.function, job.target.qualifier) == ("f", "live")
    assert job.settings == Settings(maximum_retry_attempts=2)


retry_values = st.one_of(st.none(), st.integers(0, 2))
age_values = st.one_of(st.none(), st.integers(60, 21600))
destination_values = st.sampled_from([None, CLEARED, QUEUE, TOPIC])
some_settings = st.builds(
    Settings, retry_values, age_values, destination_values, destination_values
)


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
    values = dict.fromkeys(TARGET_FIELDS.names, empty) | {"FunctionName": "f"}
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
def test_a_nested_destination_that_is_not_a_text_is_refused(junk: Any) -> None:
    values = {**RETRIES, "DestinationConfig": {"OnFailure": {"Destination": junk}}}
    assert "OnFailure" in refused_field(values)


@pytest.mark.parametrize("junk", [0, 0.0, False, [], {}])
@pytest.mark.parametrize(
    ("bad", "good"), [("FunctionArn", "FunctionName"), ("FunctionName", "FunctionArn")]
)
def test_a_function_that_is_not_text_is_refused_even_with_a_good_arn(
    bad: str, good: str, junk: Any
) -> None:
    with pytest.raises(InputError) as refused:
        job_of({bad: junk, good: OWN, **RETRIES})
    assert refused.value.field == bad


POSERS: list[Any] = [
    True, False, 1.0, 2.0, "1.0", "1e0", " 2 ", "2 ", "\uff12", "+1", "0x1", "1_0", "true",
    [], [1], {}, {"a": 1}, "1\n", "1\x00",
]  # fmt: skip


@pytest.mark.parametrize("poser", POSERS)
@pytest.mark.parametrize("field", FLAT[:2])
def test_lookalikes_of_integers_are_refused(field: str, poser: Any) -> None:
    assert refused_field({field: poser}) == field


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [("MaximumRetryAttempts", 0, 2), ("MaximumEventAgeInSeconds", 60, 21600)],
)
def test_integers_are_accepted_only_within_their_range(
    field: str, lowest: int, highest: int
) -> None:
    for number in (lowest, highest):
        for value in (number, str(number)):
            assert settings_of({field: value}).to_api() == {field: number}
    for number in (lowest - 1, highest + 1, -(10**30), 10**30):
        for value in (number, str(number)):
            assert refused_field({field: value}) == field
            assert (
                f"expected {lowest} to {highest}"
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
        with pytest.raises(InputError, match="expected 0 to 9"):
            parse_integer(text, "N", range(10))


@settings(deadline=None, max_examples=100)
@given(wishes, st.booleans())
def test_the_settings_of_an_outcome_give_the_settings_that_were_sent(
    sent: Settings,
    as_text: bool,  # noqa: FBT001
) -> None:
    given_back: Any = sent.to_api()
    if as_text:  # in CSV
        given_back = msgspec.json.encode(given_back).decode()
    assert settings_of({"Settings": given_back}) == sent


@pytest.mark.parametrize(
    ("junk", "field"),
    [
        ("{", "Settings"),
        ("[]", "Settings"),
        ("[" * 100_000, "Settings"),
        (1, "Settings"),
        ({"OnFailure": QUEUE}, "Settings"),
        ({"MaximumRetryAttempts": 7}, "MaximumRetryAttempts"),
        ({"DestinationConfig": {"OnFailure": QUEUE}}, "DestinationConfig.OnFailure"),
        ({"DestinationConfig": {"OnSuccess": {}}}, "OnSuccess"),
    ],
)
def test_settings_of_another_shape_are_refused(junk: Any, field: str) -> None:
    assert refused_field({"OnSuccess": TOPIC, "Settings": junk}) == field


def test_settings_may_not_repeat_a_field_of_the_row() -> None:
    values = {"FunctionName": "f", "Region": "mars", **RETRIES, "Settings": RETRIES}
    assert [str(problem) for problem in problems_of(values)] == [
        "targets.csv:2: Region: 'mars' is not a Region; expected something like us-east-1",
        "targets.csv:2: MaximumRetryAttempts: also given in Settings; give it once",
    ]
