"""The adaptive rate: where it starts, when it climbs, and what throttles do to it."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bulkeic.core.pacing.adaptive_rate import (
    DOUBLE_S,
    ENOUGH,
    FASTEST,
    FIRST_HOLD_S,
    HOLD_S,
    QUOTA,
    SHORT_HOLD_S,
    SHORTEST_S,
    SLOWEST,
    STALE_S,
    AdaptiveRate,
)
from bulkeic.core.pacing.aimd import CUT

headrooms = st.floats(0, 0.9)


def used_for(strategy: AdaptiveRate, begin: float, seconds: float) -> float:
    """Pass as many calls as the rate allows; return the time of the last."""
    now = begin
    while now < begin + seconds:
        now += 1 / strategy.rate(now)
        strategy.passed(now)
    return now


@given(headrooms)
def test_starts_below_the_documented_quota_by_the_headroom(headroom: float) -> None:
    assert AdaptiveRate(headroom, 7).rate(7) == pytest.approx(QUOTA * (1 - headroom))


@given(headrooms)
def test_holds_first_and_then_doubles_at_regular_intervals(headroom: float) -> None:
    strategy = AdaptiveRate(headroom, 0)
    first = strategy.rate(0)
    now = used_for(strategy, 0, FIRST_HOLD_S - 1 / first)
    assert strategy.rate(now) == first
    for doublings in (1, 2, 3):
        now = used_for(strategy, now, DOUBLE_S)
        assert strategy.rate(now) == pytest.approx(first * 2**doublings, rel=0.25)


def test_never_climbs_above_its_ceiling() -> None:
    strategy = AdaptiveRate(0, 0)
    now, rates = 0.0, [strategy.rate(0)]
    while now < 12 * DOUBLE_S:
        now = used_for(strategy, now, 1)
        rates.append(strategy.rate(now))
    assert rates == sorted(rates)
    assert rates[-1] == FASTEST


@given(headrooms, st.floats(0, 0.5), st.integers(1, 500))
def test_does_not_climb_while_it_is_not_used(headroom: float, part: float, calls: int) -> None:
    strategy = AdaptiveRate(headroom, 0)
    first = strategy.rate(0)
    for number in range(1, calls):
        strategy.passed(number / (first * max(part, 1e-3)) + 2)
    assert strategy.rate(1e9) == first


def test_a_long_pause_does_not_count_as_use() -> None:
    strategy = AdaptiveRate(0.1, 0)
    for _ in range(50):
        strategy.passed(86400.0)
    assert strategy.rate(86400.0) == pytest.approx(QUOTA * 0.9)


def throttled_twice(
    headroom: float, passed: int, elapsed: float, *, begin: float = 100.0
) -> AdaptiveRate:
    strategy = AdaptiveRate(headroom, 0)
    assert strategy.throttled(begin - 0.1, begin)
    for number in range(passed):
        strategy.passed(begin + elapsed * number / passed)
    assert strategy.throttled(begin + elapsed - 0.01, begin + elapsed)
    return strategy


@settings(max_examples=200)
@given(headrooms, st.integers(ENOUGH, 300), st.floats(SHORTEST_S, STALE_S))
def test_the_calls_between_two_throttles_measure_the_limit(
    headroom: float, passed: int, elapsed: float
) -> None:
    assume(passed / elapsed < QUOTA * (1 - headroom) * CUT)
    elapsed = (100.0 + elapsed) - 100.0
    assume(elapsed <= STALE_S)
    strategy = throttled_twice(headroom, passed, elapsed)
    expected = max(SLOWEST, passed / elapsed * (1 - headroom))
    assert strategy.rate(100 + elapsed) == pytest.approx(expected)


def test_a_measured_limit_holds_for_a_while_before_the_rate_climbs_again() -> None:
    strategy = throttled_twice(0.1, 50, 10.0)
    assert strategy.rate(110) == pytest.approx(4.5)
    now = used_for(strategy, 110, HOLD_S - 1)
    assert strategy.rate(now) == pytest.approx(4.5)
    now = used_for(strategy, now, DOUBLE_S)
    assert strategy.rate(now) > 4.5 * 1.5


def test_a_measured_limit_never_exceeds_the_rate() -> None:
    strategy = throttled_twice(0.2, 1000, 2.0)
    assert strategy.rate(102) == pytest.approx(QUOTA * 0.8 * CUT * 0.8)


def test_the_first_throttle_after_a_long_time_cuts_and_holds_only_shortly() -> None:
    strategy = AdaptiveRate(0, 0)
    assert strategy.throttled(99, 100)
    assert strategy.rate(100) == pytest.approx(QUOTA * CUT)
    now = used_for(strategy, 100, SHORT_HOLD_S)
    now = used_for(strategy, now, DOUBLE_S)
    assert strategy.rate(now) > QUOTA * CUT * 1.5


@pytest.mark.parametrize(("passed", "elapsed"), [(4, 2.0), (9, 0.9), (0, 0.1), (0, 29.0)])
def test_too_few_calls_to_measure_cut_the_rate(passed: int, elapsed: float) -> None:
    strategy = throttled_twice(0, passed, elapsed)
    assert strategy.rate(100 + elapsed) == pytest.approx(QUOTA * CUT * CUT)
    later = 100 + elapsed + 0.5
    for _ in range(5):
        strategy.passed(later)
    assert strategy.throttled(later, later + 0.1)
    counted = (passed + 5) / (elapsed + 0.6)
    limit = min(counted, QUOTA * CUT * CUT) if elapsed + 0.6 >= SHORTEST_S else None
    if limit is not None:
        assert strategy.rate(later + 0.1) == pytest.approx(max(SLOWEST, limit))


@pytest.mark.parametrize(
    ("sent_at", "cut"), [(0.0, False), (99.9, False), (100.0, False), (100.1, True)]
)
def test_only_a_call_sent_after_the_cut_cuts_again(sent_at: float, cut: bool) -> None:  # noqa: FBT001
    strategy = AdaptiveRate(0, 0)
    assert strategy.throttled(50, 100)
    before = strategy.rate(101)
    assert strategy.throttled(sent_at, 101) is cut
    assert (strategy.rate(101) < before) is cut


# For each step: the pause before it, how many calls pass, and the age of the throttled call; None:
# no throttle.
steps = st.lists(
    st.tuples(
        st.one_of(st.just(0.0), st.floats(0, 100), st.floats(0, 1e9)),
        st.integers(0, 100),
        st.one_of(st.none(), st.floats(0, 1e3)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(headrooms, steps)
def test_the_rate_always_lies_between_floor_and_ceiling(
    headroom: float, steps: list[tuple[float, int, float | None]]
) -> None:
    now = 1000.0
    strategy = AdaptiveRate(headroom, now)
    rates = [strategy.rate(now)]
    for pause, passed, age in steps:
        now += pause
        for _ in range(passed):
            strategy.passed(now)
        assert rates[-1] <= strategy.rate(now) <= 2 * max(1, passed) * rates[-1]
        if age is not None:
            before = strategy.rate(now)
            if strategy.throttled(now - age, now):
                assert strategy.rate(now) <= before
            else:
                assert strategy.rate(now) == before
        rates.append(strategy.rate(now))
        assert SLOWEST <= rates[-1] <= FASTEST
        assert math.isfinite(rates[-1])


def test_endless_throttles_lower_the_rate_to_the_floor_and_answers_raise_it_again() -> None:
    strategy = AdaptiveRate(0, 0)
    times = [100 + number * 0.01 for number in range(50)]
    assert all(strategy.throttled(after - 1e-3, after) for after in times)
    assert strategy.rate(101) == SLOWEST
    assert strategy.rate(used_for(strategy, 101, 8 * DOUBLE_S)) > QUOTA
