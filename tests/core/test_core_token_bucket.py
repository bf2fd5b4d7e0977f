"""The token bucket never gives too many tokens, and always gives one in time."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.pacing.token_bucket import TokenBucket

rates = st.floats(0.05, 1000)
bursts = st.one_of(st.integers(1, 50).map(float), st.floats(1, 50))
starts = st.sampled_from([0.0, 1.5, 86_400.0, 1e6])
pauses = st.one_of(st.just(0.0), st.floats(0, 0.01), st.floats(0, 30))
steps = st.lists(
    st.tuples(
        pauses,
        st.sampled_from(["reserve", "reserve", "reserve", "delay", "lower", "drain", "restart"]),
        st.floats(0.1, 1),
    ),
    max_size=40,
)

# The rounding error of sums of times of about 1e6 s.
SLACK = 1e-3


def check_windows(times: list[float], burst: float, gained: list[float]) -> None:
    """Any window has at most the burst plus what was gained within it."""
    assert times == sorted(times)
    for first in range(len(times)):
        for last in range(first, len(times)):
            given_out = last - first + 1
            assert given_out <= burst + gained[last] - gained[first] + SLACK


@settings(deadline=None, max_examples=200)
@given(rates, bursts, starts, steps)
def test_any_window_gives_at_most_the_burst_and_the_gain_of_the_highest_rate(
    rate: float, burst: float, now: float, steps: list[tuple[float, str, float]]
) -> None:
    bucket = TokenBucket(rate, burst, now)
    granted = []
    for pause, step, factor in steps:
        now += pause
        if step == "reserve":
            granted.append(now + bucket.reserve(now))
        elif step == "delay":
            assert bucket.delay(now) >= 0
        elif step == "lower":
            bucket.set_rate(bucket.rate * factor, now)
        elif step == "drain":
            bucket.drain(now)
        else:
            bucket.restart(now)
    check_windows(granted, burst, [rate * at for at in granted])


@settings(deadline=None, max_examples=200)
@given(
    rates,
    bursts,
    st.lists(
        st.tuples(pauses, st.sampled_from(["take", "take", "rate", "drain"]), rates), max_size=40
    ),
)
def test_available_tokens_respect_a_changing_rate(
    rate: float, burst: float, steps: list[tuple[float, str, float]]
) -> None:
    bucket = TokenBucket(rate, burst, 0.0)
    now = gained = 0.0
    times, gains = [], []
    for pause, step, other_rate in steps:
        now += pause
        gained += pause * bucket.rate
        if step == "take":
            while bucket.delay(now) == 0:
                assert bucket.reserve(now) == 0
                times.append(now)
                gains.append(gained)
        elif step == "rate":
            bucket.set_rate(other_rate, now)
        else:
            bucket.drain(now)
            assert bucket.delay(now) > 0
    check_windows(times, burst, gains)


@settings(deadline=None, max_examples=200)
@given(rates, bursts, starts, steps)
def test_a_token_is_available_after_the_delay(
    rate: float, burst: float, now: float, steps: list[tuple[float, str, float]]
) -> None:
    bucket = TokenBucket(rate, burst, now)
    reserved = 0
    for pause, step, factor in steps:
        now += pause
        if step == "reserve":
            bucket.reserve(now)
            reserved += 1
        elif step == "lower":
            bucket.set_rate(bucket.rate * factor, now)
        elif step == "drain":
            bucket.drain(now)
        elif step == "restart":
            bucket.restart(now)
        delay = bucket.delay(now)
        assert bucket.delay(now) == delay
        assert 0 <= delay <= (1 + reserved) / bucket.rate + SLACK
    later = now + bucket.delay(now)
    rest = bucket.delay(later)
    assert rest <= 4 * math.ulp(later)  # the resolution of a float of this size
    assert bucket.delay(later + 1e-6) == 0
    assert bucket.reserve(later + 1e-6) == 0


@settings(deadline=None, max_examples=100)
@given(rates, st.integers(1, 30), st.integers(0, 60))
def test_reservations_at_one_moment_are_one_token_apart(rate: float, burst: int, more: int) -> None:
    bucket = TokenBucket(rate, burst, 5.0)
    delays = [bucket.reserve(5.0) for _ in range(burst + more)]
    assert delays[:burst] == [0.0] * burst
    assert delays[burst:] == pytest.approx([number / rate for number in range(1, more + 1)])


def test_a_full_bucket_gains_nothing() -> None:
    bucket = TokenBucket(10, 3, 0)
    assert [bucket.reserve(1000) for _ in range(4)] == [0, 0, 0, pytest.approx(0.1)]


def test_a_lower_rate_keeps_the_tokens() -> None:
    bucket = TokenBucket(10, 5, 0)
    for _ in range(5):
        bucket.reserve(0)
    bucket.set_rate(1, 0.3)
    assert [bucket.reserve(0.3) for _ in range(4)] == pytest.approx([0, 0, 0, 1])


def test_drain_empties_the_bucket_and_keeps_a_debt() -> None:
    bucket = TokenBucket(10, 5, 0)
    bucket.drain(0)
    assert bucket.delay(0) == pytest.approx(0.1)
    for _ in range(3):
        bucket.reserve(0)
    bucket.drain(0)
    assert bucket.delay(0) == pytest.approx(0.4)


def test_restart_gains_from_now_on_and_keeps_the_tokens() -> None:
    bucket = TokenBucket(10, 5, 0)
    for _ in range(3):
        bucket.reserve(0)
    bucket.restart(100)
    assert [bucket.reserve(100) for _ in range(3)] == pytest.approx([0, 0, 0.1])
    assert bucket.delay(100.2) == 0
