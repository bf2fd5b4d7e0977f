"""Stray throttles: the first one after a quiet time is tolerated, and those that follow are not."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.pacing.stray_throttles import QUIET_CALLS, QUIET_S, StrayThrottles

rates = st.floats(0.05, 1e5)


def quiet_s(rate: float) -> float:
    return max(QUIET_S, QUIET_CALLS / rate)


@settings(deadline=None, max_examples=200)
@given(
    rates,
    st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30)), min_size=1, max_size=40),
)
def test_only_a_throttle_after_a_quiet_time_is_tolerated_with_those_in_flight_with_it(
    rate: float, steps: list[tuple[float, float]]
) -> None:
    strays = StrayThrottles(rate)
    now, known_at, tolerated = 1000.0, -math.inf, False
    for pause, age in steps:
        now += pause
        if not (tolerated and now - age <= known_at):
            tolerated, known_at = now - known_at > quiet_s(rate), now
        assert strays.tolerates(now - age, now) == tolerated


@settings(deadline=None, max_examples=100)
@given(rates, st.floats(0.001, 0.999), st.integers(2, 30))  # at 1, rounding decides
def test_of_throttles_that_repeat_only_the_first_is_tolerated(
    rate: float, apart: float, count: int
) -> None:
    strays = StrayThrottles(rate)
    ends = [100 + apart * quiet_s(rate) * number for number in range(count)]
    tolerated = [strays.tolerates(math.nextafter(end, 0), end) for end in ends]
    assert tolerated == [True] + [False] * (count - 1)


@pytest.mark.parametrize(
    ("rate", "apart", "tolerated"),
    [(15, 10.1, True), (15, 9.9, False), (1, 19.9, False), (1, 20.1, True)],
)
def test_a_slow_lane_needs_a_longer_quiet_time(rate: float, apart: float, tolerated: bool) -> None:  # noqa: FBT001
    strays = StrayThrottles(rate)
    assert strays.tolerates(99, 100)
    assert strays.tolerates(100 + apart - 0.05, 100 + apart) is tolerated
