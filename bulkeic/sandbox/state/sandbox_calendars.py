"""Change calendars of Systems Manager: each exists in every lane, and has a state.

A start is `open`, `closed` or `unsupported`; `closed@until=2026-11-27T18:00Z` changes at that time
to the other state. Calendars have names; the ARN of a calendar stands for the name in it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

UNSUPPORTED = "UNSUPPORTED"
OPEN, CLOSED = "OPEN", "CLOSED"
CALENDARS_LIMIT = 10_000
_START = re.compile(r"(open|closed)(?:@until=(\S+))?|(unsupported)", re.ASCII | re.IGNORECASE)
_NAME = re.compile(
    r"(?:arn:aws[a-z-]*:ssm:(?P<region>[a-z0-9-]+):\d{12}:document/)?(?P<name>[\w.-]{1,128})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class SandboxCalendar:
    """A calendar.

    Attributes:
        state: OPEN, CLOSED or UNSUPPORTED.
        until_s: Unix time in seconds at which OPEN becomes CLOSED, or the other way round; None
            for never.
    """

    state: str
    until_s: float | None = None

    def state_at(self, wall_s: float) -> str:
        """Return its state at a Unix time in seconds."""
        if self.until_s is None or wall_s < self.until_s:
            return self.state
        return OPEN if self.state == CLOSED else CLOSED

    def next_transition_s(self, wall_s: float) -> float | None:
        """Return when its state changes next after a Unix time in seconds; None for never."""
        return self.until_s if self.until_s is not None and wall_s < self.until_s else None


class SandboxCalendars:
    """The calendars.

    Args:
        starts: the start of each calendar, by name or ARN.
        any_name: whether a calendar of any other name exists, and is open.

    Raises:
        ValueError: a name or a start is invalid.
    """

    def __init__(self, starts: Mapping[str, str], *, any_name: bool) -> None:
        self._any_name = any_name
        self._calendars = calendar_starts(starts)

    def find(self, name: str) -> SandboxCalendar | None:
        """Return the calendar with a name, or None."""
        default = SandboxCalendar(OPEN) if self._any_name else None
        return self._calendars.get(name, default)

    def set_state(self, name: str, start: str) -> None:
        """Add or replace a calendar.

        Raises:
            ValueError: the name or the start is invalid, or there are too many calendars.
        """
        calendars = self._calendars | calendar_starts({name: start})
        if len(calendars) > CALENDARS_LIMIT:
            raise ValueError(f"the sandbox has {CALENDARS_LIMIT:,} calendars, which is its limit")
        self._calendars = calendars

    def to_json(self) -> dict[str, Any]:
        """Return all calendars as an object for JSON, by name."""
        return {
            name: {
                "state": calendar.state,
                "until": None if calendar.until_s is None else iso_time(calendar.until_s),
            }
            for name, calendar in sorted(self._calendars.items())
        }


def calendar_starts(texts: Mapping[str, str]) -> dict[str, SandboxCalendar]:
    """Return calendars by name.

    Args:
        texts: the start of each, by name or ARN.

    Raises:
        ValueError: a name or a start is invalid; the message names the calendar.
    """
    calendars = {}
    for name, text in texts.items():
        parsed = parse_calendar_name(name)
        if parsed is None:
            raise ValueError(f"calendars: {name!r:.200} is neither a name nor an ARN of a document")
        calendars[parsed[0]] = _calendar(name, text)
    return calendars


def _calendar(name: str, text: str) -> SandboxCalendar:
    match = _START.fullmatch(text)
    try:
        if match is not None:
            until_s = parse_iso_time(match[2]) if match[2] else None
            return SandboxCalendar((match[1] or match[3]).upper(), until_s)
    except ValueError:
        pass
    raise ValueError(
        f"calendars: {name}: {text!r:.200} is invalid; expected open, closed, unsupported, or like "
        "closed@until=2026-11-27T18:00Z"
    )


def parse_calendar_name(text: str) -> tuple[str, str | None] | None:
    """Return the name in a name or an ARN, and the ARN's Region; None if it is neither."""
    match = _NAME.fullmatch(text)
    return None if match is None else (match["name"], match["region"])


def parse_iso_time(text: str) -> float:
    """Return the Unix time in seconds of a time in ISO 8601; UTC if it has no offset.

    Raises:
        ValueError: the text is not such a time.
    """
    moment = datetime.fromisoformat(text)
    time_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    # An offset can lead out of the years that a time can be written in.
    iso_time(time_s)
    return time_s


def iso_time(wall_s: float) -> str:
    """Return a Unix time in seconds in ISO 8601, UTC, as AWS writes it.

    Raises:
        ValueError: its year is not 1 to 9999.
    """
    moment = datetime.fromtimestamp(wall_s, UTC).replace(microsecond=0, tzinfo=None)
    return f"{moment.isoformat()}Z"
