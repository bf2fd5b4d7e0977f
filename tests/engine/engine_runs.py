"""Runs the engine in virtual time, against a fake Lambda."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import anyio

from bulkeic.core.change.policy import Apply, Policy
from bulkeic.core.model import Job
from bulkeic.engine.engine import Engine
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.memory_feed import MemoryFeed

from .call_audit import Run, audit
from .fake_lambda import Server
from .virtual_clock import START, VirtualClock, VirtualLoop, now

Meanwhile = Callable[[Engine, MemoryFeed], Coroutine[Any, Any, None]]


class _Events(logging.Handler):
    """Keeps events as dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        details = record.__dict__.get("details", {})
        self.events.append(
            {"event": record.getMessage(), "log_level": record.levelname.lower()} | details
        )


@contextmanager
def captured_events() -> Iterator[list[dict[str, Any]]]:
    """Captures what the engine logs at any level."""
    log, handler = logging.getLogger("bulkeic.engine"), _Events()
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        yield handler.events
    finally:
        log.propagate = True
        log.setLevel(logging.NOTSET)
        log.removeHandler(handler)


def run(
    jobs: Sequence[Job] = (),
    server: Server | None = None,
    *,
    later: Sequence[Job] = (),
    meanwhile: Meanwhile | None = None,
    growing: bool = False,
    rng: random.Random | None = None,
    policy: Policy = Apply(),  # noqa: B008 - frozen
    **limits: Any,
) -> Run:
    """Run jobs in virtual time, and audit the run.

    Args:
        jobs: the feed's jobs at the start.
        server: answers the calls.
        later: jobs that ``meanwhile`` feeds.
        meanwhile: runs concurrently with the engine.
        growing: the engine's argument.
        rng: the engine's argument.
        policy: the engine's argument.
        limits: fields of ``EngineLimits``.
    """
    limits = {"rate": 15.0, "burst": 15.0} | limits
    result = Run([*jobs, *later], server or Server(), EngineLimits(**limits), policy)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner, captured_events() as result.log:
        runner.run(_work(result, jobs, meanwhile, growing=growing, rng=rng))
    audit(result)
    return result


async def _work(
    result: Run,
    jobs: Sequence[Job],
    meanwhile: Meanwhile | None,
    *,
    growing: bool,
    rng: random.Random | None,
) -> None:
    feed = MemoryFeed(jobs)
    engine = result.engine = Engine(
        feed,
        result.server,
        result,
        result.limits,
        result.policy,
        growing=growing,
        clock=VirtualClock(),
        rng=rng or random.Random(7),
    )
    async with anyio.create_task_group() as tasks:
        if meanwhile is not None:
            tasks.start_soon(meanwhile, engine, feed)
        await engine.run()
        result.seconds = now() - START
