"""Change calendars: their ARNs, what answers mean, and when they are asked again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.model import Lane
from bulkeic.core.rollout.change_calendar import (
    ASK_EVERY_S,
    CalendarReading,
    CalendarState,
    parse_calendar,
    read_calendar,
)

ARN = "arn:aws:ssm:us-east-1:123456789012:document/freeze"


def test_an_arn_names_account_and_region() -> None:
    calendar = parse_calendar(ARN)
    assert (str(calendar), calendar.lane) == (ARN, Lane("123456789012", "us-east-1"))


@pytest.mark.parametrize(
    "text",
    [
        "", "freeze", ARN.replace("aws", "aws-cn"), ARN.replace("ssm", "sns"), f"{ARN}\n",
        ARN.replace("123456789012", "1"), ARN.replace("us-east-1", "{region}"), f"{ARN} x",
        ARN.removesuffix("freeze"),
    ],
)  # fmt: skip
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected arn:aws"):
        parse_calendar(text)


@pytest.mark.parametrize(
    ("reading", "decision", "reason"),
    [
        (CalendarReading(CalendarState.OPEN, 0.0), "continue", "the calendar is OPEN"),
        (CalendarReading(CalendarState.CLOSED), "hold", "the calendar is CLOSED"),
        (
            CalendarReading(CalendarState.CLOSED, 0.0),
            "hold",
            "the calendar is CLOSED until 1970-01-01T00:00:00Z",
        ),
        (CalendarReading(None, problem="no"), "hold", "the calendar cannot be read: no"),
    ],
)
def test_only_an_open_calendar_continues(
    reading: CalendarReading, decision: str, reason: str
) -> None:
    answer = reading.answer(ARN)
    assert (answer.decision, answer.reason, answer.name) == (decision, reason, ARN)


@given(st.floats(0, 4e9), st.one_of(st.none(), st.floats(0, 4e9)))
def test_it_is_asked_again_when_it_changes_or_after_a_minute(
    now: float, changes_at: float | None
) -> None:
    after_s = CalendarReading(CalendarState.CLOSED, changes_at).ask_after_s(now)
    assert 1 <= after_s <= ASK_EVERY_S
    if changes_at is not None and 1 <= changes_at - now <= ASK_EVERY_S:
        assert after_s == changes_at - now


@pytest.mark.parametrize("text", ["2026-11-26T12:00:00Z", "2026-11-26T14:00:00+02:00"])
def test_the_time_of_a_change_is_read(text: str) -> None:
    expected = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()
    assert read_calendar("CLOSED", text) == CalendarReading(CalendarState.CLOSED, expected)
    assert read_calendar("OPEN", None) == CalendarReading(CalendarState.OPEN)


@pytest.mark.parametrize(
    ("state", "changes_at"),
    [
        (None, None), ("open", None), ("OPEN ", None), (True, None), (["OPEN"], None), ({}, None),
        ("CLOSED", "soon"), ("OPEN", 5), ("OPEN", "2026-11-26T12:00:00"),
        ("OPEN", "9999-12-31T23:59:59-23:00"), ("OPEN", []),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_right_is_never_open(state: object, changes_at: object) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError, OSError)):
        read_calendar(state, changes_at)
