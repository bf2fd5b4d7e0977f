"""Numbers for people."""

import math

_MS = 1e-3
# From here on, milliseconds would be rounded to 1,000.
_LEAST_S = 0.9995
# Decimals that leave three digits, of values below a limit.
_DECIMALS = ((9.995, 2), (99.95, 1))
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


def latency(seconds: float) -> str:
    """A time of which three digits matter: ``0.42 ms``, ``12.3 ms``, ``1.50 s``, ``3,600 s``."""
    value, unit = (seconds, "s") if seconds >= _LEAST_S else (seconds / _MS, "ms")
    for limit, decimals in _DECIMALS:
        if value < limit:
            return f"{value:.{decimals}f} {unit}"
    return f"{value:,.0f} {unit}"
