"""Numbers for people."""

import math

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def counted(number: int, word: str) -> str:
    """A number with its word, in the plural where that is right."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time that is not known to the second: ``7 s``, ``4 min``, ``3.5 h``, ``2.5 days``."""
    if seconds < 2 * _MINUTE_S:
        return f"{max(1, math.ceil(seconds))} s"
    if seconds < 2 * _HOUR_S:
        return f"{math.ceil(seconds / _MINUTE_S)} min"
    if seconds < 2 * _DAY_S:
        return f"{seconds / _HOUR_S:.1f} h"
    return f"{seconds / _DAY_S:.1f} days"
