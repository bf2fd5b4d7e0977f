"""A run of the engine in virtual time, against the model of Lambda."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import anyio
from structlog.testing import capture_logs

from bulkeic.core.model import Job
from bulkeic.core.policy import Apply, Policy
from bulkeic.engine.engine import Engine
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.memory_feed import MemoryFeed

from .call_audit import Run, audit
from .fake_lambda import Server
from .virtual_clock import START, VirtualClock, VirtualLoop, now

Meanwhile = Callable[[Engine, MemoryFeed], Coroutine[Any, Any, None]]


def run(
    jobs: Sequence[Job] = (),
    server: Server | None = None,
    *,
    later: Sequence[Job] = (),
    meanwhile: Meanwhile | None = None,
    growing: bool = False,
    chance: random.Random | None = None,
    rules: Policy = Apply(),  # noqa: B008 - frozen
    **limits: Any,
) -> Run:
    """Runs the jobs in virtual time, and audits the run.

    Args:
        jobs: what the feed holds at the start.
        server: who answers.
        later: jobs that ``meanwhile`` feeds.
        meanwhile: what happens beside the run.
        growing: as the engine's.
        chance: as the engine's.
        rules: as the engine's.
        limits: those of ``EngineLimits`` that matter.
    """
    limits = {"rate": 15.0, "burst": 15.0} | limits
    result = Run([*jobs, *later], server or Server(), EngineLimits(**limits), rules)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner, capture_logs() as result.told:
        runner.run(_work(result, jobs, meanwhile, growing=growing, chance=chance))
    audit(result)
    return result


async def _work(
    result: Run,
    jobs: Sequence[Job],
    meanwhile: Meanwhile | None,
    *,
    growing: bool,
    chance: random.Random | None,
) -> None:
    feed = MemoryFeed(jobs)
    engine = result.engine = Engine(
        feed,
        result.server,
        result,
        result.limits,
        result.rules,
        growing=growing,
        clock=VirtualClock(),
        chance=chance or random.Random(7),
    )
    async with anyio.create_task_group() as tasks:
        if meanwhile is not None:
            tasks.start_soon(meanwhile, engine, feed)
        await engine.run()
        result.seconds = now() - START
