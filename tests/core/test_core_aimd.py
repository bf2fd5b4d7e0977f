"""AIMD: a throttle cuts the rate once, time restores it, and it keeps its bounds."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.pacing.aimd import CLIMB_S, CUT, FLOOR, AimdRate

ceilings = st.floats(0.05, 1e5)
# For each step: the pause before it, and the age of the throttled call; None: no throttle.
steps = st.lists(
    st.tuples(st.floats(0, 25), st.one_of(st.none(), st.floats(0, 30))), min_size=1, max_size=40
)


@settings(deadline=None, max_examples=200)
@given(ceilings, steps)
def test_stays_between_floor_and_ceiling_and_cuts_once_for_calls_in_flight(
    ceiling: float, steps: list[tuple[float, float | None]]
) -> None:
    strategy = AimdRate(ceiling)
    now, cut_at = 1000.0, -math.inf
    for pause, age in steps:
        now += pause
        before = strategy.rate(now)
        if age is not None:
            cut = strategy.throttled(now - age, now)
            assert cut == (now - age > cut_at)
            if cut:
                cut_at = now
                assert strategy.rate(now) == pytest.approx(max(ceiling * FLOOR, before * CUT))
            else:
                assert strategy.rate(now) == before
        assert ceiling * FLOOR * (1 - 1e-9) <= strategy.rate(now) <= ceiling
    assert strategy.rate(now + CLIMB_S) == ceiling


@settings(deadline=None, max_examples=100)
@given(ceilings, steps, st.lists(st.floats(0, 2 * CLIMB_S), min_size=2, max_size=8))
def test_climbs_monotonically(
    ceiling: float, steps: list[tuple[float, float | None]], after: list[float]
) -> None:
    strategy = AimdRate(ceiling)
    now = 0.0
    for pause, age in steps:
        now += pause
        if age is not None:
            strategy.throttled(now - age, now)
    rates = [strategy.rate(now + pause) for pause in sorted(after)]
    assert rates == sorted(rates)
    assert rates[0] >= strategy.rate(now)


def test_starts_at_its_ceiling() -> None:
    assert AimdRate(10).rate(-5) == AimdRate(10).rate(0) == AimdRate(10).rate(1e9) == 10


def test_climbs_linearly() -> None:
    strategy = AimdRate(10)
    assert strategy.throttled(99, 100)
    start = 10 * CUT
    per_second = 10 / CLIMB_S
    for after in (0, 1, 2.5, 5):
        assert strategy.rate(100 + after) == pytest.approx(start + per_second * after)
    assert strategy.rate(100 + 6.5) == 10


def test_endless_throttles_lower_the_rate_to_the_floor() -> None:
    strategy = AimdRate(10)
    for number in range(100):
        assert strategy.throttled(number * 1e-6 + 1e-7, (number + 1) * 1e-6)
    assert strategy.rate(1e-4) == pytest.approx(10 * FLOOR, rel=1e-3)
    assert strategy.rate(1e-4) >= 10 * FLOOR


@pytest.mark.parametrize(
    ("sent_at", "cut"), [(0.0, False), (99.9, False), (100.0, False), (100.1, True)]
)
def test_only_a_call_sent_after_the_cut_cuts_again(sent_at: float, cut: bool) -> None:  # noqa: FBT001
    strategy = AimdRate(10)
    assert strategy.throttled(50, 100)
    assert strategy.throttled(sent_at, 101) is cut
    expected = (7 + 0.5) * CUT if cut else 7 + 0.5
    assert strategy.rate(101) == pytest.approx(expected)


def test_without_a_ceiling_throttles_cut_nothing() -> None:
    strategy = AimdRate(math.inf)
    assert not strategy.throttled(1, 2)
    assert strategy.rate(2) == math.inf
