"""Forecasts: the longest lane or the concurrency determines them."""

import math

import pytest

from bulkeic.core.model import Lane
from bulkeic.core.pacing.forecast import LaneBacklog, forecast


def backlog(number: int, jobs: int, rate: float, tokens: float = 0.0) -> LaneBacklog:
    return LaneBacklog(Lane("123456789012", f"xx-test-{number}"), jobs, rate, tokens)


@pytest.mark.parametrize(
    ("lanes", "concurrency", "call_s", "seconds", "longest", "by_concurrency"),
    [
        ([backlog(0, 150, 15.0)], 64, 0.1, 10.1, 0, False),
        ([backlog(0, 150, 15.0, 15.0)], 64, 0.1, 9.1, 0, False),
        ([backlog(0, 3, 15.0, 15.0)], 64, 0.1, 0.1, 0, False),
        ([backlog(0, 150, 15.0), backlog(1, 100, 5.0)], 64, 0.1, 20.1, 1, False),
        ([backlog(0, 50, 15.0), backlog(1, 50, 15.0)], 1, 1.0, 100.0, 0, True),
        ([backlog(0, 7, math.inf), backlog(1, 9, math.inf)], 4, 1.0, 4.0, 1, True),
        ([backlog(0, 0, 15.0), backlog(1, 1, 1.0)], 4, 1.0, 2.0, 1, False),
    ],
)
def test_the_longest_lane_or_concurrency_determines_the_forecast(
    *,
    lanes: list[LaneBacklog],
    concurrency: int,
    call_s: float,
    seconds: float,
    longest: int,
    by_concurrency: bool,
) -> None:
    result = forecast(iter(lanes), concurrency=concurrency, call_s=call_s)
    assert result is not None
    assert result.seconds == pytest.approx(seconds)
    assert (result.longest, result.limited_by_concurrency) == (lanes[longest], by_concurrency)


def test_there_is_no_forecast_without_jobs() -> None:
    assert forecast([], concurrency=1, call_s=1) is None
    assert forecast([backlog(0, 0, 15.0)], concurrency=1, call_s=1) is None
