"""Axes that say times and percentiles as people do."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

from hdrh.histogram import HdrHistogram

from bulkeic.core.errors import InputError

Part = dict[str, Any]

_POINTS_A_DECADE = 24
_LEAST_LOG_RATIO = 12
# Ticks of each decade, where there are at most so many decades.
_STEPS = ((2.6, (1, 2, 5)), (4.5, (1, 3)), (math.inf, (1,)))
# Beyond so many requests, 50 % would be too near to 0 %.
_HALF, _MOST_WITH_HALF = 2, 1000
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def percentiles(histogram: str) -> list[tuple[float, float]]:
    """A histogram as a curve.

    Args:
        histogram: HdrHistogram, V2 compressed, base64; its values are microseconds.

    Returns:
        1/(1-p), and the seconds below which that part p of all lie; the longest of all is last.

    Raises:
        InputError: it is no such histogram.
    """
    try:
        decoded = HdrHistogram.decode(histogram)
    except Exception as error:  # whatever the library meets on its way through damaged bytes
        raise InputError("a damaged histogram of latency") from error
    count = decoded.total_count
    if not count:
        return []
    odds = [
        10 ** (at / _POINTS_A_DECADE) for at in range(int(math.log10(count) * _POINTS_A_DECADE) + 1)
    ]
    places = [100 * (1 - 1 / each) for each in odds]
    values = decoded.get_percentile_to_value_dict(places)
    curve = [(each, values[place] / 1e6) for each, place in zip(odds, places, strict=True)]
    return [*curve, (float(count), decoded.get_max_value() / 1e6)]


def percentile_axis(most: float) -> Part:
    """An axis for 1/(1-p): each step of it is a tenth of those that are left.

    Args:
        most: where it ends.
    """
    decades = math.ceil(math.log10(max(most, 10)) - 1e-9)
    ticks = {1: "0 %"} | ({_HALF: "50 %"} if most < _MOST_WITH_HALF else {})
    ticks |= {10**at: _percent(at) for at in range(1, decades + 1)}
    return {
        "type": "log",
        "range": [0, math.log10(max(most, 10)) + 0.02],
        "tickvals": list(ticks),
        "ticktext": list(ticks.values()),
    }


def time_axis(seconds: Iterable[float | None], *, few: bool = False) -> Part:
    """An axis for so many times: logarithmic where some are many times as long as others.

    Args:
        seconds: all that are drawn.
        few: fewer ticks, where there is little room for their texts side by side.
    """
    known = [each for each in seconds if each]
    low, high = min(known, default=0.001), max(known, default=0.001)
    if high / low < _LEAST_LOG_RATIO:
        ticks = list(_even_ticks(high * 1.05))
        return _ticked(ticks) | {"type": "linear", "range": [0, high * 1.08]}
    ends = [math.log10(low) - 0.08, math.log10(high) + 0.12]
    steps = next(steps for decades, steps in _STEPS[few:] if ends[1] - ends[0] <= decades)
    decades = range(math.floor(ends[0]), math.ceil(ends[1]) + 1)
    return _ticked([step * 10.0**at for at in decades for step in steps]) | {
        "type": "log",
        "range": ends,
    }


def _percent(nines: int) -> str:
    return f"{100 * (1 - 10**-nines):.{max(0, nines - 2)}f} %"


def _even_ticks(most: float) -> Iterator[float]:
    size = 10.0 ** math.floor(math.log10(most))
    step = next(size * each for each in (0.1, 0.2, 0.5, 1, 2) if most / (size * each) <= 6)  # noqa: PLR2004
    at = 0
    while at * step <= most:
        yield at * step
        at += 1


def _ticked(ticks: list[float]) -> Part:
    return {"tickvals": ticks, "ticktext": [_tick(each) for each in ticks]}


def _tick(seconds: float) -> str:
    if not seconds:
        return "0"
    size, unit = next(
        ((size, unit) for size, unit in _UNITS if seconds >= size * (1 - 1e-9)), _UNITS[-1]
    )
    return f"{seconds / size:.4g} {unit}"
