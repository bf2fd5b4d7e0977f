"""Forecasts: the longest lane, or too few places."""

import math

import pytest

from bulkeic.core.model import Lane
from bulkeic.core.pacing.forecast import LaneBacklog, forecast


def left(number: int, jobs: int, rate: float, tokens: float = 0.0) -> LaneBacklog:
    return LaneBacklog(Lane("123456789012", f"xx-test-{number}"), jobs, rate, tokens)


@pytest.mark.parametrize(
    ("lanes", "concurrency", "call_s", "seconds", "longest", "crowded"),
    [
        ([left(0, 150, 15.0)], 64, 0.1, 10.1, 0, False),
        ([left(0, 150, 15.0, 15.0)], 64, 0.1, 9.1, 0, False),
        ([left(0, 3, 15.0, 15.0)], 64, 0.1, 0.1, 0, False),
        ([left(0, 150, 15.0), left(1, 100, 5.0)], 64, 0.1, 20.1, 1, False),
        ([left(0, 50, 15.0), left(1, 50, 15.0)], 1, 1.0, 100.0, 0, True),
        ([left(0, 7, math.inf), left(1, 9, math.inf)], 4, 1.0, 4.0, 1, True),
        ([left(0, 0, 15.0), left(1, 1, 1.0)], 4, 1.0, 2.0, 1, False),
    ],
)
def test_how_long_it_takes(
    *,
    lanes: list[LaneBacklog],
    concurrency: int,
    call_s: float,
    seconds: float,
    longest: int,
    crowded: bool,
) -> None:
    ahead = forecast(iter(lanes), concurrency=concurrency, call_s=call_s)
    assert ahead is not None
    assert ahead.seconds == pytest.approx(seconds)
    assert (ahead.longest, ahead.limited_by_concurrency) == (lanes[longest], crowded)


def test_nothing_left_takes_no_time_at_all() -> None:
    assert forecast([], concurrency=1, call_s=1) is None
    assert forecast([left(0, 0, 15.0)], concurrency=1, call_s=1) is None
