"""The in-flight window: halved once by a throttle, widened by answers, always within its bounds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.pacing.in_flight_window import (
    HEADROOM,
    SMALLEST,
    InFlightWindow,
    calls_needed,
)

# For each step: the pause before it, and the age of the throttled call; None: no throttle.
steps = st.lists(st.tuples(st.floats(0, 5), st.none() | st.floats(0, 10)), max_size=60)


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 200), steps)
def test_stays_within_its_bounds_and_narrows_once_for_calls_in_flight(
    largest: int, steps: list[tuple[float, float | None]]
) -> None:
    window = InFlightWindow(largest)
    now, narrowed_at = 100.0, float("-inf")
    for pause, age in steps:
        now += pause
        before = window.size
        if age is None:
            window.widen()
            assert window.size == min(largest, before + 1 / before)
        elif window.narrow(now - age, now):
            assert now - age > narrowed_at
            assert window.size == max(1, before / 2)
            narrowed_at = now
        else:
            assert now - age <= narrowed_at
            assert window.size == before
        assert 1 <= window.size <= largest


def test_a_window_of_answers_adds_about_one() -> None:
    window = InFlightWindow(64)
    window.narrow(1, 2)
    for _ in range(32):
        window.widen()
    assert window.size == pytest.approx(33, abs=0.05)


@pytest.mark.parametrize(
    ("rate", "latency_s", "calls"),
    [(10, 0, SMALLEST), (10, 0.06, SMALLEST), (10, 1, 10 * HEADROOM), (15, 0.5, 15), (0.2, 9, 4)],
)
def test_a_rate_needs_calls_in_flight_in_proportion_to_the_latency(
    rate: float, latency_s: float, calls: int
) -> None:
    assert calls_needed(rate, latency_s) == calls
