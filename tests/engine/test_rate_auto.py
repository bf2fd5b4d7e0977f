"""``--rate auto``: a lane finds its limit, stays below it, and shares it."""

import asyncio
import random
from collections.abc import Callable

import pytest

from bulkeic.engine.engine import Engine
from bulkeic.engine.memory_feed import MemoryFeed

from .call_audit import Run
from .engine_runs import run
from .example_jobs import fleet, lane
from .fake_lambda import LATENCY_S, THROTTLED, OtherClient, Server
from .virtual_clock import START


def auto(
    jobs: tuple[int, int], server: Server, *, until: float | None = None, headroom: float = 0.1
) -> Run:
    async def stop(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(until or 0)
        engine.stop("enough")

    meanwhile = None if until is None else stop
    return run(
        fleet(*jobs), server, meanwhile=meanwhile, rate="auto", burst=None, headroom=headroom
    )


def latency(seed: int) -> float | Callable[[], float]:
    """A latency that varies; with seed 0 it does not."""
    rng = random.Random(seed)
    return (lambda: rng.uniform(0.5, 1.5) * LATENCY_S) if seed else LATENCY_S


def measured(server: Server, begin: float, end: float) -> tuple[float, float]:
    """Between two times: calls a second that passed, and the part that was throttled."""
    calls = [call for call in server.calls if begin <= call.sent - START < end]
    throttles = sum(call.answer == THROTTLED for call in calls)
    return (len(calls) - throttles) / (end - begin), throttles / len(calls)


@pytest.mark.parametrize("seed", range(3))
def test_a_run_is_nearly_as_fast_as_the_documented_quota_allows(seed: int) -> None:
    server = Server(latency(seed), quota=(15, 15))
    assert auto((1, 300), server).seconds <= 1.10 * 19 + 2
    assert server.throttles() <= 0.03 * 300
    server = Server(latency(seed), quota=(15, 15))
    assert auto((20, 60), server).seconds <= 1.10 * 3 + 2
    assert server.throttles() <= 0.03 * 1200


@pytest.mark.parametrize(
    ("limit", "headroom", "seed"),
    [(5, 0.3, 1), (15, 0.1, 0), (20, 0.0, 1)],
)
def test_a_lane_finds_the_limit_of_any_server_and_leaves_the_headroom(
    limit: int, headroom: float, seed: int
) -> None:
    server = Server(latency(seed), quota=(limit, limit))
    auto((1, limit * 450), server, until=420, headroom=headroom)
    for begin in range(120, 420, 60):
        passed, throttled = measured(server, begin, begin + 60)
        assert (1 - headroom) * 0.85 * limit <= passed <= limit * 1.02
        assert throttled <= 0.03
    passed, _ = measured(server, 120, 420)
    assert passed <= limit * (1 - headroom * 0.5)


@pytest.mark.parametrize(("headroom", "seed"), [(0.0, 0), (0.1, 1), (0.3, 0)])
def test_a_lane_yields_to_another_client_and_recovers_when_it_leaves(
    headroom: float, seed: int
) -> None:
    other_client = OtherClient(7.5, 60, 240, random.Random(seed) if seed else None)
    server = Server(latency(seed), quota=(15, 15), other_client=other_client)
    auto((1, 7000), server, until=420, headroom=headroom)
    for begin in range(80, 200, 20):
        passed, _ = measured(server, begin, begin + 20)
        assert passed <= 7.5 * 1.4  # it climbs for some seconds of every minute
    passed, throttled = measured(server, 80, 200)
    assert 0.7 * (1 - headroom) * 7.5 <= passed <= 7.5 * 1.05
    assert throttled <= 0.03
    assert other_client.throttled(60, 80) <= 0.15
    assert other_client.throttled(80, 200) <= 0.05
    passed, throttled = measured(server, 360, 420)
    assert (1 - headroom) * 0.85 * 15 <= passed <= 15 * 1.02
    assert throttled <= 0.03


def test_a_rarely_used_lane_does_not_raise_its_rate() -> None:
    async def feed_on(engine: Engine, feed: MemoryFeed) -> None:
        for one in jobs[1:101]:
            await asyncio.sleep(10)
            feed.add(one)
            engine.jobs_arrived(lane(0), 1)
        for one in jobs[101:]:
            feed.add(one)
        engine.jobs_arrived(lane(0), len(jobs) - 101)
        engine.close_feed()

    jobs = fleet(1, 500)
    server = Server(quota=(15, 15))
    run(
        jobs[:1],
        server,
        later=jobs[1:],
        meanwhile=feed_on,
        growing=True,
        rate="auto",
        burst=None,
    )
    assert server.throttles() <= 0.03 * 500
