"""Jobs that the feed has provided can be discarded before they start."""

import asyncio

from bulkeic.core.model import Job
from bulkeic.engine.engine import Engine
from bulkeic.engine.memory_feed import MemoryFeed

from .engine_runs import run
from .example_jobs import job
from .fake_lambda import Server


def test_discarded_jobs_never_start_and_started_jobs_finish() -> None:
    jobs: list[Job] = [job(number, function=f"fn-{number % 2}") for number in range(100)]

    async def end(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(1.01)
        engine.discard_unstarted()
        await asyncio.sleep(50)
        engine.stop("enough")

    done = run(jobs, Server(latency=0.1), meanwhile=end, growing=True, rate=1e6, burst=1e6)
    assert 2 <= len(done.outcomes) <= 22
    assert len(done.outcomes) == done.engine.traffic.calls
