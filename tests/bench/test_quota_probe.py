"""The search for a lane's limit, against a model of a token bucket."""

import heapq
import random

import pytest

from bulkeic.bench.model.quota_probe import (
    TRANSITIONS,
    ProbeAction,
    ProbeEvent,
    ProbePhase,
    QuotaProbe,
)


def probed(rate: float, burst: float, seed: int) -> QuotaProbe:
    rng = random.Random(seed)
    probe, tokens, at = QuotaProbe(0.0), burst, 0.0
    events = [(0.0, 0, "send", 0.0)]
    number = 0
    while not probe.is_over:
        now, _, kind, sent_at = heapq.heappop(events)
        number += 3
        if kind == "send":
            latency = rng.uniform(0.03, 0.09)
            heapq.heappush(events, (now + latency, number, "arrive", now))
            heapq.heappush(events, (now + 1 / probe.rate(now), number + 1, "send", 0.0))
        elif kind == "arrive":
            tokens, at = min(burst, tokens + (now - at) * rate), now
            if tokens >= 1:
                tokens -= 1
                probe.passed(now)
            else:
                probe.throttled(sent_at, now)
    return probe


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("rate", "burst"), [(5, 5), (15, 15), (40, 40), (5, 500)])
def test_rate_and_burst_are_found_in_time(rate: float, burst: float, seed: int) -> None:
    limit = probed(rate, burst, seed).limit()
    assert limit.found
    assert limit.rate == pytest.approx(rate, rel=0.05)
    assert limit.burst == pytest.approx(burst - 0.5, abs=1)
    assert limit.seconds <= 30


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("rate", "burst"), [(1, 1), (0.5, 1), (10, 1)])
def test_the_rate_of_a_tiny_bucket_is_within_the_reported_bounds(
    rate: float, burst: float, seed: int
) -> None:
    limit = probed(rate, burst, seed).limit()
    assert limit.found
    assert limit.low <= rate <= limit.high


def test_a_lane_with_a_found_limit_is_almost_not_called() -> None:
    assert probed(15, 15, 0).rate(1000.0) < 1e-3


ENDED = [pair for pair, (phase, _) in TRANSITIONS.items() if phase is ProbePhase.OVER]


def test_every_phase_but_the_last_can_time_out() -> None:
    phases = {phase for phase, event in TRANSITIONS if event is ProbeEvent.TIMEOUT}
    assert phases == set(ProbePhase) - {ProbePhase.OVER}


def test_nothing_follows_the_end_of_the_search() -> None:
    assert ProbePhase.OVER not in {phase for phase, _ in TRANSITIONS}
    assert {event for _, event in ENDED} == {
        ProbeEvent.PLATEAU, ProbeEvent.COUNTED, ProbeEvent.TIMEOUT,
    }  # fmt: skip


def test_phases_follow_in_their_order_and_none_is_repeated_after_another() -> None:
    order = list(ProbePhase)
    for (before, _), (after, _) in TRANSITIONS.items():
        assert after is ProbePhase.OVER or order.index(after) - order.index(before) in {0, 1}


def test_each_throttled_call_has_its_action() -> None:
    actions = {
        pair: action for pair, (_, action) in TRANSITIONS.items() if action.name != "NOTHING"
    }
    assert actions == {
        (ProbePhase.CLIMBING, ProbeEvent.THROTTLED): ProbeAction.HOLD_RATE,
        (ProbePhase.SETTLING, ProbeEvent.THROTTLED): ProbeAction.START_COUNT,
        (ProbePhase.COUNTING, ProbeEvent.THROTTLED): ProbeAction.COUNT,
        (ProbePhase.COUNTING, ProbeEvent.THROTTLED_EARLY): ProbeAction.COUNT,
    }


@pytest.mark.parametrize(
    ("throttled", "phase"),
    [
        ([], ProbePhase.CLIMBING),
        ([(0.9, 1.0)], ProbePhase.SETTLING),
        ([(0.9, 1.0), (0.95, 1.1)], ProbePhase.SETTLING),
        ([(0.9, 1.0), (1.05, 1.1)], ProbePhase.COUNTING),
        ([(0.9, 1.0), (1.05, 1.1), (0.99, 1.2)], ProbePhase.COUNTING),
        ([(0.9, 1.0), (1.05, 30.0)], ProbePhase.OVER),
    ],
)
def test_throttled_calls_move_the_search_to_the_phase_in_the_table(
    throttled: list[tuple[float, float]], phase: ProbePhase
) -> None:
    probe = QuotaProbe(0.0)
    probe.passed(0.5)
    for sent_at, now in throttled:
        probe.throttled(sent_at, now)
    assert probe.phase is phase


def test_a_rate_that_brings_no_more_answers_ends_the_search() -> None:
    probe = QuotaProbe(0.0)
    for number in range(100):
        probe.passed(number / 10)
    assert probe.phase is ProbePhase.OVER
    assert not probe.limit().found
