"""A time on the clock, or a time after a start: ``--until``, ``--not-before``."""

import re
from datetime import MAXYEAR, UTC, datetime

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.options.option_values import Duration

_match_time = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
).fullmatch
_match_duration = re.compile(r"[0-9.]+\s*(?:ms|s|m|h)?", re.ASCII | re.IGNORECASE).fullmatch
_DURATION = Duration(0, 30 * 86_400, is_above=True)


class Moment(msgspec.Struct, frozen=True):
    """A time, or a duration after a start.

    Attributes:
        text: as the user gave it.
        time: Unix time, seconds; ``None``: it is a duration.
        after_s: seconds after the start.
    """

    text: str
    time: float | None = None
    after_s: float = 0.0

    def __str__(self) -> str:
        return self.text

    def at(self, start: float) -> float:
        """Unix time in seconds.

        Args:
            start: from which a duration counts, Unix time in seconds.
        """
        return start + self.after_s if self.time is None else self.time


def parse_moment(text: str) -> Moment:
    """Reads a time (RFC 3339, seconds may be omitted) or a duration.

    Raises:
        InputError: it is neither.
    """
    try:
        if _match_time(text):
            time = datetime.fromisoformat(text.upper()).astimezone(UTC)
            if time.year < MAXYEAR:  # a duration may follow on it
                return Moment(text, time.timestamp())
        if _match_duration(text):
            return Moment(text, after_s=_DURATION.parse(text))
    except (ValueError, OverflowError):
        pass
    raise InputError(
        f"{quoted(text)} is not a time; expected a time with Z or an offset, such as "
        "2026-11-27T18:00Z, or a duration, such as 2h"
    )


def utc_text(time: float) -> str:
    """A Unix time for people: ``2026-11-27T18:00:00Z``."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}"
