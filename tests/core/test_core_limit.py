"""The search for a lane's limit, against a model of a token bucket."""

import heapq
import random

import pytest

from bulkeic.core.limit import LimitSearch


def searched(rate: float, burst: float, seed: int) -> LimitSearch:
    dice = random.Random(seed)
    search, tokens, at = LimitSearch(0.0), burst, 0.0
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
    assert limit.burst == pytest.approx(burst, rel=0.25)
    assert limit.seconds <= 30
