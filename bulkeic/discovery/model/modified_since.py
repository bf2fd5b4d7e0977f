"""When a function must have been modified last: ``--modified-since``."""

import re
from datetime import UTC, datetime

import msgspec

from bulkeic.core.errors import InputError, quoted

_UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_match_age = re.compile(r"([0-9]{1,6})([mhdw])", re.ASCII | re.IGNORECASE).fullmatch
_match_moment = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)?)?", re.ASCII
).fullmatch


class ModifiedSince(msgspec.Struct, frozen=True):
    """A moment, or an age.

    Attributes:
        text: as the user gave it.
        moment: Unix time in seconds; ``None``: it is an age.
        age_s: seconds before the start of the discovery.
    """

    text: str
    moment: float | None = None
    age_s: float = 0

    def __str__(self) -> str:
        return self.text

    def at(self, now: float) -> float:
        """The moment, Unix time in seconds.

        Args:
            now: Unix time at which the discovery starts, seconds.
        """
        return now - self.age_s if self.moment is None else self.moment


def parse_modified_since(text: str) -> ModifiedSince:
    """Reads a date (00:00 UTC), a date with a time (RFC 3339; UTC without an offset), or an age.

    Raises:
        InputError: it is none of them.
    """
    age = _match_age(text)
    if age is not None:
        return ModifiedSince(text, age_s=int(age[1]) * _UNITS_S[age[2].lower()])
    try:
        moment = datetime.fromisoformat(text.upper()) if _match_moment(text) else None
        if moment is not None:
            zone = moment.tzinfo or UTC
            return ModifiedSince(text, moment.replace(tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        pass
    raise InputError(
        f"{quoted(text)} is not a time; expected a date such as 2026-01-31, a time such as "
        "2026-01-31T12:00:00Z, or an age such as 12h or 30d"
    )


def modified_at(last_modified: str) -> float | None:
    """When a function was modified, Unix time in seconds.

    Args:
        last_modified: ``LastModified`` of ListFunctions, ISO 8601.

    Returns:
        ``None``: the text is not a time.
    """
    try:
        moment = datetime.fromisoformat(last_modified)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
