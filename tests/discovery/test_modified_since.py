"""When a function must have been modified."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.discovery.model.modified_since import (
    ModifiedSince,
    modified_at,
    parse_modified_since,
)

moments = st.datetimes(datetime(2015, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - see replace
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


@given(moments, st.integers(-14 * 60, 14 * 60))
def test_a_moment_is_the_same_in_every_offset(moment: datetime, minutes: int) -> None:
    offset = timedelta(minutes=minutes)
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    local = (moment + offset).strftime("%Y-%m-%dT%H:%M:%S") + f"{sign}{hours:02d}:{rest:02d}"
    for text in (moment.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{moment:%Y-%m-%d %H:%M:%S}", local):
        assert parse_modified_since(text).at(now=5.0) == moment.timestamp()


@given(moments)
def test_what_lambda_answers_is_read_to_the_millisecond(moment: datetime) -> None:
    assert modified_at(moment.strftime("%Y-%m-%dT%H:%M:%S.123+0000")) == pytest.approx(
        moment.timestamp() + 0.123
    )


@given(st.integers(0, 999_999), st.sampled_from("mhdwMHDW"), st.floats(0, 4e9))
def test_an_age_counts_back_from_the_start(number: int, unit: str, now: float) -> None:
    seconds = {"m": 60, "h": 3600, "d": 86400, "w": 604800}[unit.lower()]
    assert parse_modified_since(f"{number}{unit}").at(now) == now - number * seconds


def test_a_date_begins_at_midnight_utc() -> None:
    assert parse_modified_since("2026-01-01") == ModifiedSince("2026-01-01", 1767225600.0)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "30", "5y", "2026-13-01", "2026-1-1", "20260101", "-3d", "2026-01-01T9"],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a time; expected a date such as"):
        parse_modified_since(text)


@given(st.text(max_size=30))
def test_a_text_is_a_time_or_refused(text: str) -> None:
    try:
        assert str(parse_modified_since(text)) == text
    except InputError as problem:
        assert str(problem).isprintable()  # noqa: PT017 - both ways out are right here
    modified_at(text)
