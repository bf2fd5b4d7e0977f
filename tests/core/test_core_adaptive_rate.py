"""The pace that finds its limit: where it begins, when it climbs, what throttles tell it."""

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


def used_for(pace: AdaptiveRate, begin: float, seconds: float) -> float:
    """Lets as many calls through as the pace wants; returns when that ends."""
    now = begin
    while now < begin + seconds:
        now += 1 / pace.rate(now)
        pace.passed(now)
    return now


@given(headrooms)
def test_begins_below_the_documented_quota_by_the_headroom(headroom: float) -> None:
    assert AdaptiveRate(headroom, 7).rate(7) == pytest.approx(QUOTA * (1 - headroom))


@given(headrooms)
def test_stays_at_first_and_then_doubles_in_the_same_time_again_and_again(headroom: float) -> None:
    pace = AdaptiveRate(headroom, 0)
    first = pace.rate(0)
    now = used_for(pace, 0, FIRST_HOLD_S - 1 / first)
    assert pace.rate(now) == first
    for doublings in (1, 2, 3):
        now = used_for(pace, now, DOUBLE_S)
        assert pace.rate(now) == pytest.approx(first * 2**doublings, rel=0.25)


def test_never_climbs_beyond_its_ceiling() -> None:
    pace = AdaptiveRate(0, 0)
    now, rates = 0.0, [pace.rate(0)]
    while now < 12 * DOUBLE_S:
        now = used_for(pace, now, 1)
        rates.append(pace.rate(now))
    assert rates == sorted(rates)
    assert rates[-1] == FASTEST


@given(headrooms, st.floats(0, 0.5), st.integers(1, 500))
def test_does_not_climb_while_it_is_not_made_use_of(
    headroom: float, part: float, calls: int
) -> None:
    pace = AdaptiveRate(headroom, 0)
    first = pace.rate(0)
    for number in range(1, calls):
        pace.passed(number / (first * max(part, 1e-3)) + 2)
    assert pace.rate(1e9) == first


def test_a_long_rest_is_no_use() -> None:
    pace = AdaptiveRate(0.1, 0)
    for _ in range(50):
        pace.passed(86400.0)
    assert pace.rate(86400.0) == pytest.approx(QUOTA * 0.9)


def throttled_twice(
    headroom: float, passed: int, elapsed: float, *, begin: float = 100.0
) -> AdaptiveRate:
    pace = AdaptiveRate(headroom, 0)
    assert pace.throttled(begin - 0.1, begin)
    for number in range(passed):
        pace.passed(begin + elapsed * number / passed)
    assert pace.throttled(begin + elapsed - 0.01, begin + elapsed)
    return pace


@settings(max_examples=200)
@given(headrooms, st.integers(ENOUGH, 300), st.floats(SHORTEST_S, STALE_S))
def test_what_passed_between_two_throttles_is_the_limit(
    headroom: float, passed: int, elapsed: float
) -> None:
    assume(passed / elapsed < QUOTA * (1 - headroom) * CUT)
    elapsed = (100.0 + elapsed) - 100.0
    assume(elapsed <= STALE_S)
    pace = throttled_twice(headroom, passed, elapsed)
    expected = max(SLOWEST, passed / elapsed * (1 - headroom))
    assert pace.rate(100 + elapsed) == pytest.approx(expected)


def test_what_was_found_holds_for_a_while_and_is_looked_into_again() -> None:
    pace = throttled_twice(0.1, 50, 10.0)
    assert pace.rate(110) == pytest.approx(4.5)
    now = used_for(pace, 110, HOLD_S - 1)
    assert pace.rate(now) == pytest.approx(4.5)
    now = used_for(pace, now, DOUBLE_S)
    assert pace.rate(now) > 4.5 * 1.5


def test_more_than_was_asked_for_is_never_found() -> None:
    pace = throttled_twice(0.2, 1000, 2.0)
    assert pace.rate(102) == pytest.approx(QUOTA * 0.8 * CUT * 0.8)


def test_the_first_throttle_after_long_cuts_and_holds_but_shortly() -> None:
    pace = AdaptiveRate(0, 0)
    assert pace.throttled(99, 100)
    assert pace.rate(100) == pytest.approx(QUOTA * CUT)
    now = used_for(pace, 100, SHORT_HOLD_S)
    now = used_for(pace, now, DOUBLE_S)
    assert pace.rate(now) > QUOTA * CUT * 1.5


@pytest.mark.parametrize(("passed", "elapsed"), [(4, 2.0), (9, 0.9), (0, 0.1), (0, 29.0)])
def test_too_little_to_count_cuts_and_counts_on(passed: int, elapsed: float) -> None:
    pace = throttled_twice(0, passed, elapsed)
    assert pace.rate(100 + elapsed) == pytest.approx(QUOTA * CUT * CUT)
    later = 100 + elapsed + 0.5
    for _ in range(5):
        pace.passed(later)
    assert pace.throttled(later, later + 0.1)
    counted = (passed + 5) / (elapsed + 0.6)
    limit = min(counted, QUOTA * CUT * CUT) if elapsed + 0.6 >= SHORTEST_S else None
    if limit is not None:
        assert pace.rate(later + 0.1) == pytest.approx(max(SLOWEST, limit))


@pytest.mark.parametrize(
    ("sent_at", "cut"), [(0.0, False), (99.9, False), (100.0, False), (100.1, True)]
)
def test_only_a_call_sent_after_the_cut_cuts_again(sent_at: float, cut: bool) -> None:  # noqa: FBT001
    pace = AdaptiveRate(0, 0)
    assert pace.throttled(50, 100)
    before = pace.rate(101)
    assert pace.throttled(sent_at, 101) is cut
    assert (pace.rate(101) < before) is cut


# Of each step: the pause before it, how many calls get through, and how long ago the throttled
# call was sent, if one was.
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
def test_whatever_happens_the_rate_lies_between_floor_and_ceiling(
    headroom: float, steps: list[tuple[float, int, float | None]]
) -> None:
    now = 1000.0
    pace = AdaptiveRate(headroom, now)
    rates = [pace.rate(now)]
    for pause, passed, age in steps:
        now += pause
        for _ in range(passed):
            pace.passed(now)
        assert rates[-1] <= pace.rate(now) <= 2 * max(1, passed) * rates[-1]
        if age is not None:
            before = pace.rate(now)
            if pace.throttled(now - age, now):
                assert pace.rate(now) <= before
            else:
                assert pace.rate(now) == before
        rates.append(pace.rate(now))
        assert SLOWEST <= rates[-1] <= FASTEST
        assert math.isfinite(rates[-1])


def test_throttles_without_an_end_come_to_the_floor_and_answers_back_from_it() -> None:
    pace = AdaptiveRate(0, 0)
    times = [100 + number * 0.01 for number in range(50)]
    assert all(pace.throttled(after - 1e-3, after) for after in times)
    assert pace.rate(101) == SLOWEST
    assert pace.rate(used_for(pace, 101, 8 * DOUBLE_S)) > QUOTA
