"""Fields: how a column's name is recognised."""

import botocore.session
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.outcome_fields import OUTCOME_FIELDS
from bulkeic.core.targets.fields import TARGET_FIELDS


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A field, and its name in some case with some separators."""
    field = draw(st.sampled_from(TARGET_FIELDS.names))
    separators = st.sampled_from(["", "", "", "_", " ", "-", ".", "__"])
    pieces = [
        draw(separators) + draw(st.sampled_from([letter.lower(), letter.upper()]))
        for letter in field
    ]
    return field, "".join(pieces) + draw(separators)


@settings(deadline=None, max_examples=200)
@given(spellings())
@example(("FunctionName", "function_name"))
@example(("FunctionName", "FUNCTION NAME"))
@example(("MaximumEventAgeInSeconds", "maximum-event-age-in-seconds"))
def test_a_name_matches_in_any_case_and_with_any_separators(spelling: tuple[str, str]) -> None:
    field, name = spelling
    assert TARGET_FIELDS.find(name) == field


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(TARGET_FIELDS.names), st.data())
def test_a_typo_gets_the_nearest_name(field: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(field) - 1))
    slip = field[:at] + data.draw(st.sampled_from(["", "z", field[at] * 2])) + field[at + 1 :]
    with pytest.raises(InputError, match=rf"did you mean {field}\?$"):
        TARGET_FIELDS.find(slip)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("FunctionNames", "FunctionName"),
        ("MaxRetryAttempts", "MaximumRetryAttempts"),
        ("MaximumEventAge", "MaximumEventAgeInSeconds"),
        ("OnFailed", "OnFailure"),
        ("Account", "AccountId"),
        ("Regions", "Region"),
        ("Qualifer", "Qualifier"),
        ("Destinations", "DestinationConfig"),
    ],
)
def test_an_unknown_name_gets_the_nearest_known_name(name: str, nearest: str) -> None:
    with pytest.raises(InputError, match=rf"unknown column '{name}'; did you mean {nearest}\?"):
        TARGET_FIELDS.find(name)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=40))
@example("")
@example("x" * 100_000)
@example("\x1b[31m")
def test_any_other_name_is_an_error_that_is_safe_to_print(name: str) -> None:
    try:
        field = TARGET_FIELDS.find(name)
    except InputError as problem:
        assert str(problem).isprintable()  # noqa: PT017 - both ways out are right here
        assert len(str(problem)) < 400  # noqa: PT017 - as above
    else:
        letters = "".join(character for character in name if character.isalnum())
        assert field is not None
        assert letters.casefold() == field.casefold()


def test_every_field_that_the_cli_prints_is_known() -> None:
    model = botocore.session.Session().get_service_model("lambda")
    printed = {
        member
        for shape in ("FunctionConfiguration", "FunctionEventInvokeConfig")
        for member in model.shape_for(shape).members
    }
    assert printed <= TARGET_FIELDS.ignored | set(TARGET_FIELDS.names)
    assert not TARGET_FIELDS.ignored & set(TARGET_FIELDS.names)


def test_every_column_of_an_outcome_is_a_field_or_ignored() -> None:
    fields = {"function_name", "function_arn", "qualifier", "account_id", "region", "settings"}
    assert set(OUTCOME_FIELDS) - TARGET_FIELDS.ignored_columns == fields
    assert all(TARGET_FIELDS.find(name) in TARGET_FIELDS.names for name in fields)
