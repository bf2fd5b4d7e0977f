"""Feeds that grow while the engine runs."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Job, Status
from bulkeic.engine.engine import Engine
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.memory_feed import MemoryFeed

from .call_audit import Run, audit
from .engine_runs import run
from .example_jobs import fleet, fleets
from .fake_lambda import CONFLICT, Server, script
from .virtual_clock import VirtualClock, VirtualLoop


@settings(max_examples=100, deadline=None)
@given(
    jobs=fleets(),
    pauses=st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.5, 5.0]), min_size=41, max_size=41),
    at_first=st.integers(0, 5),
    concurrency=st.integers(1, 8),
)
def test_jobs_that_arrive_later_all_have_outcomes(
    jobs: list[Job], pauses: list[float], at_first: int, concurrency: int
) -> None:
    first, later = jobs[:at_first], jobs[at_first:]

    async def feed_on(engine: Engine, feed: MemoryFeed) -> None:
        await asyncio.sleep(0.01)
        for one, pause in zip(later, pauses, strict=False):
            await asyncio.sleep(pause)
            feed.add(one)
            engine.jobs_arrived(one.target.lane, 1)
        await asyncio.sleep(pauses[-1])
        engine.close_feed()

    server = Server(fault=script(CONFLICT))
    done = run(first, server, later=later, meanwhile=feed_on, growing=True, concurrency=concurrency)
    assert done.statuses() == {Status.UPDATED: len(jobs)}


def test_a_growing_run_waits_until_its_feed_is_closed() -> None:
    async def end(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(50)
        engine.close_feed()

    assert run(fleet(1, 3), meanwhile=end, growing=True).seconds == pytest.approx(50)
    assert run(meanwhile=end, growing=True).seconds == pytest.approx(50)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_all_jobs_may_arrive_before_the_run_starts(count: int) -> None:
    jobs = fleet(1, count) if count else []

    async def main() -> Run:
        server = Server()
        sink = Run(jobs, server, EngineLimits())
        feed = MemoryFeed()
        sink.engine = Engine(feed, server, sink, EngineLimits(), growing=True, clock=VirtualClock())
        for one in jobs:
            feed.add(one)
            sink.engine.jobs_arrived(one.target.lane, 1)
        sink.engine.close_feed()
        await sink.engine.run()
        return sink

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        audit(runner.run(main()))
