"""Numbers, times and shares as short texts."""

import math

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_LEAST_IN_S = 999.5
_LEAST_PERCENT, _ROUND_PERCENT = 0.1, 9.95
# (limit, unit, suffix): a number below the limit is shown in that unit.
_SHORT = ((100_000, 1, ""), (999_500, 1e3, "k"), (99_950_000, 1e6, "M"))
_NONE = "-"


def counted(number: int, word: str) -> str:
    """A number with its noun, in the plural unless it is 1: ``2 lanes``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """An approximate time: ``7 s``, ``4 min``, ``3.5 h``, ``2.5 days``."""
    if seconds < 2 * _MINUTE_S:
        return f"{max(1, math.ceil(seconds))} s"
    if seconds < 2 * _HOUR_S:
        return f"{math.ceil(seconds / _MINUTE_S)} min"
    if seconds < 2 * _DAY_S:
        return f"{seconds / _HOUR_S:.1f} h"
    return f"{seconds / _DAY_S:.1f} days"


def latency(seconds: float | None) -> str:
    """A measured time in three figures: ``0.210 ms``, ``20.4 ms``, ``1.02 s``.

    Args:
        seconds: ``None`` becomes ``-``.
    """
    if seconds is None:
        return _NONE
    milliseconds = seconds * 1000
    if milliseconds < _LEAST_IN_S:
        return f"{figures(milliseconds)} ms"
    return f"{figures(seconds)} s"


def figures(number: float) -> str:
    """A number in at least three significant figures: ``0.012``, ``15.0``, ``12,345``."""
    if number == 0:
        return "0"
    for decimals, least in ((0, 99.95), (1, 9.995), (2, 0.9995)):
        if abs(number) >= least:
            return f"{number:,.{decimals}f}"
    return f"{number:.3f}"


def short(number: int) -> str:
    """A count in at most six characters: ``99,999``, ``123k``, ``12.3M``."""
    for limit, size, unit in _SHORT:
        if number < limit:
            value = number / size
            return f"{number:,}" if size == 1 else f"{figures(value)}{unit}"
    return f"{number / 1e6:,.0f}M"


def share(part: float, whole: float) -> str:
    """A part of a whole: ``0 %``, ``<0.1 %``, ``2.5 %``, ``37 %``; a whole of 0: ``-``."""
    if not whole:
        return "-"
    if not part:
        return "0 %"
    percent = 100 * part / whole
    if percent < _LEAST_PERCENT:
        return f"<{_LEAST_PERCENT} %"
    return f"{percent:.0f} %" if percent >= _ROUND_PERCENT else f"{percent:.1f} %"
