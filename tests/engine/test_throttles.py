"""A stray throttle costs its lane little, and a client that uses the quota is given way soon."""

import asyncio
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Failure
from bulkeic.engine.engine import Engine
from bulkeic.engine.memory_feed import MemoryFeed

from .engine_runs import run
from .example_jobs import fleet, job, lane
from .fake_lambda import THROTTLED, OtherClient, Sent, Server
from .virtual_clock import START

STRAY_COSTS_S = 0.3


def seconds(each: int, burst: float, stray: int | None = None, seed: int = 7) -> float:
    def fault(call: Sent) -> Failure | None:
        return THROTTLED if call.job.seq == stray and call.attempt == 1 else None

    server = Server(quota=(15, 15), fault=fault)
    return run(fleet(1, each), server, rng=random.Random(seed), burst=burst).seconds


@settings(max_examples=60, deadline=None)
@given(
    each=st.integers(1, 300),
    part=st.floats(0, 1),
    burst=st.sampled_from([1.0, 5.0, 15.0]),
    seed=st.integers(0, 100),
)
@example(each=60, part=0, burst=15, seed=0)
@example(each=60, part=0.5, burst=15, seed=0)
@example(each=60, part=1, burst=15, seed=0)
@example(each=1, part=0, burst=15, seed=0)
def test_a_stray_throttle_costs_its_lane_at_most_a_third_of_a_second(
    each: int, part: float, burst: float, seed: int
) -> None:
    stray = round(part * (each - 1))
    assert seconds(each, burst, stray, seed) <= seconds(each, burst) + STRAY_COSTS_S


def test_one_stray_throttle_among_twenty_lanes_costs_little() -> None:
    def fault(call: Sent) -> Failure | None:
        return THROTTLED if call.job.seq == 600 and call.attempt == 1 else None

    plain = run(fleet(20, 60), Server(quota=(15, 15)))
    done = run(fleet(20, 60), Server(quota=(15, 15), fault=fault))
    assert done.seconds <= plain.seconds + STRAY_COSTS_S
    for number in set(range(20)) - {10}:
        assert done.ended[lane(number)] == plain.ended[lane(number)]


def test_a_lane_works_on_while_its_throttled_job_waits() -> None:
    server = Server(fault=lambda call: THROTTLED if call.job.seq == 30 else None)
    run(fleet(1, 60), server, throttle_budget_s=30)
    last = max(call.sent for call in server.calls if call.job.seq != 30)
    assert last < START + 10


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("used", [3.0, 5.0, 7.5])
def test_a_client_that_uses_the_quota_is_given_way_within_two_seconds(
    used: float, seed: int
) -> None:
    async def stop(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(60)
        engine.stop("enough")

    rng = random.Random(seed) if seed else None
    server = Server(quota=(15, 15), other_client=OtherClient(used, 10, 60, rng))
    run(fleet(1, 1000), server, meanwhile=stop)
    left = 15 - used

    def calls(begin: float, end: float) -> list[Sent]:
        return [call for call in server.calls if begin <= call.sent - START < end]

    given_way = [call for call in calls(12, 60) if call.answer != THROTTLED]
    assert len(calls(12, 22)) / 10 <= 1.4 * left + 1
    assert len(given_way) / 48 <= 1.25 * left + 1
    refused = sum(call.answer == THROTTLED for call in calls(10, 12))
    assert refused <= 8
    refused = sum(call.answer == THROTTLED for call in calls(12, 60))
    assert refused <= 0.15 * len(calls(12, 60))


def test_throttles_that_repeat_slow_the_lane_down() -> None:
    def soon(*throttled: int) -> int:
        server = Server(
            fault=lambda call: (
                THROTTLED if call.job.seq in throttled and call.attempt == 1 else None
            )
        )
        run([job(seq) for seq in range(200)], server)
        return sum(4 <= call.sent - START < 8 for call in server.calls)

    assert soon(30) >= soon() - 1
    assert soon(30, 60) < 0.9 * soon()
