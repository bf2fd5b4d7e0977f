"""Chart axes for times and percentiles, with readable ticks."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

from hdrh.histogram import HdrHistogram

from bulkeic.core.errors import InputError

Part = dict[str, Any]

_POINTS_PER_DECADE = 24
_MIN_LOG_RATIO = 12
# Ticks of each decade, by the maximum number of decades.
_STEPS = ((2.6, (1, 2, 5)), (4.5, (1, 3)), (math.inf, (1,)))
# Beyond this many requests, 50 % would be too close to 0 %.
_HALF, _MAX_WITH_HALF = 2, 1000
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def percentiles(histogram: str) -> list[tuple[float, float]]:
    """Converts a histogram to a percentile curve.

    Args:
        histogram: HdrHistogram, V2 compressed, base64; its values are microseconds.

    Returns:
        Points (1/(1-p), seconds that the share p of all values does not exceed); the maximum last.

    Raises:
        InputError: the histogram is damaged.
    """
    try:
        decoded = HdrHistogram.decode(histogram)
    except Exception as error:  # the library raises anything on damaged bytes
        raise InputError("the histogram of latency is damaged") from error
    count = decoded.total_count
    if not count:
        return []
    odds = [
        10 ** (at / _POINTS_PER_DECADE)
        for at in range(int(math.log10(count) * _POINTS_PER_DECADE) + 1)
    ]
    places = [100 * (1 - 1 / each) for each in odds]
    values = decoded.get_percentile_to_value_dict(places)
    curve = [(each, values[place] / 1e6) for each, place in zip(odds, places, strict=True)]
    return [*curve, (float(count), decoded.get_max_value() / 1e6)]


def percentile_axis(count: float) -> Part:
    """An axis for 1/(1-p): each step leaves a tenth of the requests.

    Args:
        count: number of requests, where the axis ends.
    """
    decades = math.ceil(math.log10(max(count, 10)) - 1e-9)
    ticks = {1: "0 %"} | ({_HALF: "50 %"} if count < _MAX_WITH_HALF else {})
    ticks |= {10**at: _percent(at) for at in range(1, decades + 1)}
    return {
        "type": "log",
        "range": [0, math.log10(max(count, 10)) + 0.02],
        "tickvals": list(ticks),
        "ticktext": list(ticks.values()),
    }


def time_axis(seconds: Iterable[float | None], *, few: bool = False) -> Part:
    """An axis for times; logarithmic if they differ by more than a factor of 12.

    Args:
        seconds: all times in the chart.
        few: whether to use fewer ticks, because there is little space for their labels.
    """
    known = [each for each in seconds if each]
    low, high = min(known, default=0.001), max(known, default=0.001)
    if high / low < _MIN_LOG_RATIO:
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


def _even_ticks(highest: float) -> Iterator[float]:
    size = 10.0 ** math.floor(math.log10(highest))
    step = next(size * each for each in (0.1, 0.2, 0.5, 1, 2) if highest / (size * each) <= 6)  # noqa: PLR2004
    number = 0
    while number * step <= highest:
        yield number * step
        number += 1


def _ticked(ticks: list[float]) -> Part:
    return {"tickvals": ticks, "ticktext": [_tick(each) for each in ticks]}


def _tick(seconds: float) -> str:
    if not seconds:
        return "0"
    size, unit = next(
        ((size, unit) for size, unit in _UNITS if seconds >= size * (1 - 1e-9)), _UNITS[-1]
    )
    return f"{seconds / size:.4g} {unit}"
