"""The search for a lane's limit, against a model of a token bucket."""

import heapq
import random

import pytest

from bulkeic.bench.model.quota_probe import QuotaProbe


def searched(rate: float, burst: float, seed: int) -> QuotaProbe:
    dice = random.Random(seed)
    search, tokens, at = QuotaProbe(0.0), burst, 0.0
    events = [(0.0, 0, "send", 0.0)]
    number = 0
    while not search.is_over:
        now, _, kind, sent_at = heapq.heappop(events)
        number += 3
        if kind == "send":
            latency = dice.uniform(0.03, 0.09)
            heapq.heappush(events, (now + latency, number, "arrive", now))
            heapq.heappush(events, (now + 1 / search.rate(now), number + 1, "send", 0.0))
        elif kind == "arrive":
            tokens, at = min(burst, tokens + (now - at) * rate), now
            if tokens >= 1:
                tokens -= 1
                search.passed(now)
            else:
                search.throttled(sent_at, now)
    return search


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("rate", "burst"), [(5, 5), (15, 15), (40, 40), (5, 500)])
def test_rate_and_burst_are_found_in_time(rate: float, burst: float, seed: int) -> None:
    limit = searched(rate, burst, seed).limit()
    assert limit.found
    assert limit.rate == pytest.approx(rate, rel=0.05)
    assert limit.burst == pytest.approx(burst - 0.5, abs=1)
    assert limit.seconds <= 30


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("rate", "burst"), [(1, 1), (0.5, 1), (10, 1)])
def test_a_tiny_bucket_is_within_what_is_told_of_its_rate(
    rate: float, burst: float, seed: int
) -> None:
    limit = searched(rate, burst, seed).limit()
    assert limit.found
    assert limit.low <= rate <= limit.high


def test_a_lane_whose_limit_is_found_is_hardly_called_any_more() -> None:
    assert searched(15, 15, 0).rate(1000.0) < 1e-3
