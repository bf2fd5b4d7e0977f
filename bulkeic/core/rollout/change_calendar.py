"""Change calendars of AWS Systems Manager: when a wave may start.

=================  ==================  ===============================================
a calendar         before the run      before a wave
=================  ==================  ===============================================
is OPEN            starts              continues
is CLOSED          starts              holds; asked again after 60 s, or when it changes
cannot be read     refused             holds; asked again after 60 s
=================  ==================  ===============================================
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import Lane
from bulkeic.core.options.moments import utc_text
from bulkeic.core.rollout.gates import ConditionAnswer, GateDecision
from bulkeic.core.targets.names import REGION_PATTERN, partition_of

ASK_EVERY_S = 60.0
_SOONEST_S = 1.0
"""After a change that is due: the clocks differ."""

_match_arn = re.compile(
    rf"arn:(?P<partition>aws[a-z-]*):ssm:(?P<region>{REGION_PATTERN}):(?P<account>\d{{12}})"
    r":document/[a-zA-Z0-9_.:/-]{1,128}",
    re.ASCII,
).fullmatch


class CalendarState(StrEnum):
    """The state of a calendar, in the words of Systems Manager."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class ChangeCalendar(msgspec.Struct, frozen=True):
    """A change calendar.

    Attributes:
        arn: of its document.
        lane: account and Region of the document.
    """

    arn: str
    lane: Lane

    def __str__(self) -> str:
        return self.arn


class CalendarReading(msgspec.Struct, frozen=True):
    """What Systems Manager says of a calendar.

    Attributes:
        state: now; ``None``: it cannot be read.
        changes_at: when the state changes, Unix time in seconds; ``None``: it does not say.
        problem: why it cannot be read.
    """

    state: CalendarState | None
    changes_at: float | None = None
    problem: str = ""

    def answer(self, arn: str) -> ConditionAnswer:
        """Whether a wave may start.

        Args:
            arn: of the calendar.
        """
        is_open = self.state is CalendarState.OPEN
        decision = GateDecision.CONTINUE if is_open else GateDecision.HOLD
        return ConditionAnswer(decision, self._reason(), arn)

    def _reason(self) -> str:
        if self.state is None:
            return f"the calendar cannot be read: {self.problem}"
        if self.changes_at is None or self.state is CalendarState.OPEN:
            return f"the calendar is {self.state.value}"
        return f"the calendar is {self.state.value} until {utc_text(self.changes_at)}"

    def ask_after_s(self, now: float) -> float:
        """Seconds until it is asked again.

        Args:
            now: Unix time in seconds.
        """
        if self.changes_at is None:
            return ASK_EVERY_S
        return min(ASK_EVERY_S, max(_SOONEST_S, self.changes_at - now))


def parse_calendar(text: str) -> ChangeCalendar:
    """Reads the ARN of a calendar's document.

    Raises:
        InputError: it is something else.
    """
    match = _match_arn(text)
    if match is None:
        raise InputError(
            f"{quoted(text)} is not a calendar's ARN; expected "
            "arn:aws:ssm:us-east-1:123456789012:document/name"
        )
    region = match["region"]
    if match["partition"] != partition_of(region):
        raise InputError(
            f"{quoted(text)} has a partition without the Region {region}; "
            f"expected arn:{partition_of(region)}:ssm:…"
        )
    return ChangeCalendar(text, Lane(match["account"], region))


def read_calendar(state: Any, changes_at: Any) -> CalendarReading:
    """What an answer says.

    Args:
        state: its ``State``.
        changes_at: its ``NextTransitionTime``; ``None``: it has none.

    Raises:
        TypeError, ValueError, OverflowError, OSError: it cannot be right.
    """
    if changes_at is None or changes_at == "":
        return CalendarReading(CalendarState(state))
    if not isinstance(changes_at, str):
        raise TypeError("NextTransitionTime is not a text")
    time = datetime.fromisoformat(changes_at)
    if time.tzinfo is None:
        raise ValueError("NextTransitionTime has no time zone")
    seconds = time.timestamp()
    utc_text(seconds)  # raises if it cannot be shown
    return CalendarReading(CalendarState(state), seconds)
