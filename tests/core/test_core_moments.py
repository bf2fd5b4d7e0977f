"""Times and durations as they are typed."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.options.moments import Moment, parse_moment, utc_text

SIX = 1795802400.0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-27T18:00Z", Moment("2026-11-27T18:00Z", SIX)),
        ("2026-11-27T18:00:00z", Moment("2026-11-27T18:00:00z", SIX)),
        ("2026-11-27 18:00:00.5Z", Moment("2026-11-27 18:00:00.5Z", SIX + 0.5)),
        ("2026-11-27T19:30+01:30", Moment("2026-11-27T19:30+01:30", SIX)),
        ("2h", Moment("2h", after_s=7200.0)),
        ("90", Moment("90", after_s=90.0)),
        ("1.5 m", Moment("1.5 m", after_s=90.0)),
    ],
)
def test_a_moment_is_a_time_or_a_duration(text: str, moment: Moment) -> None:
    assert parse_moment(text) == moment
    assert str(moment) == text
    assert moment.at(10.0) == (10.0 + moment.after_s if moment.time is None else moment.time)


def test_a_time_is_shown_in_utc() -> None:
    assert utc_text(SIX) == "2026-11-27T18:00:00Z"


@pytest.mark.parametrize(
    "text",
    ["", "18:00", "2026-11-27", "2026-11-27T18:00", "2026-13-01T00:00Z", "0001-01-01T00:00+23:59",
     "9999-01-01T00:00Z", "9999-12-31T23:59-23:59", "tomorrow", "2h30m", "-5",
     "2026-11-27T18:00Z\n", "٢h"],
)  # fmt: skip
def test_other_texts_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="is not a time; expected a time with Z or an offset"):
        parse_moment(text)


@pytest.mark.parametrize("text", ["0", "0s", "43201m", "999h"])
def test_durations_have_a_range(text: str) -> None:
    with pytest.raises(InputError, match="out of range; expected more than 0s and up to 2592000s"):
        parse_moment(text)


@given(st.text(max_size=30) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d(Z|[+-]\d\d:\d\d)"))
def test_no_text_raises_anything_else(text: str) -> None:
    with suppress(InputError):
        assert parse_moment(text).text == text
