"""No worker sleeps while a call is due: it is woken at once, or by the timer."""

# ruff: noqa: SLF001, PLR0917 - the inside of the engine is looked at, in many drawn cases

import asyncio
import math
import random
from collections.abc import Iterator
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.change.policy import Apply
from bulkeic.core.model import Failure, Job
from bulkeic.core.pacing.in_flight_window import SMALLEST
from bulkeic.engine.engine import Engine
from bulkeic.engine.memory_feed import MemoryFeed

from .engine_runs import run
from .example_jobs import fleets
from .fake_lambda import RETRYABLE, Sent, Server
from .virtual_clock import VirtualLoop

# The rate of a throttled lane grows with time, so a call may be due a little before its timer.
TOLERANCE_S = 0.3


def late_calls(engine: Engine, now: float) -> Iterator[str]:
    """Calls that could start while workers are idle, and that no timer starts in time."""
    dispatcher = engine._dispatcher
    if not (dispatcher._has_work() and dispatcher._wakeups.has_idle):
        return
    for lane in engine._lanes:
        # Not while others wait for an answer: how many may be in flight grows with the rate.
        if lane.stopped is None and lane.in_flight < (SMALLEST if lane.health.is_answering else 1):
            is_held_back = lane.lane in engine._supervisor.unresponsive._waiting
            due = math.inf if is_held_back else max(now, lane.find_due(now))
            if due + TOLERANCE_S < dispatcher._wakeups._timer_due:
                yield f"{now}: {lane.lane} is due at {due}"


@settings(max_examples=150, deadline=None)
@given(
    jobs=fleets(),
    pauses=st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.5, 5.0]), min_size=41, max_size=41),
    at_first=st.integers(0, 40),
    concurrency=st.integers(1, 12),
    faulty=st.sampled_from([0.0, 0.1, 0.5]),
    rate=st.sampled_from([2.0, 15.0, 100.0, math.inf, "auto"]),
    seed=st.integers(0, 10**6),
    reads=st.booleans(),
)
def test_time_does_not_pass_while_a_call_is_due(
    jobs: list[Job],
    pauses: list[float],
    at_first: int,
    concurrency: int,
    faulty: float,
    rate: float | Literal["auto"],
    seed: int,
    reads: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    first, later, late = jobs[:at_first], jobs[at_first:], list[str]()
    chance = random.Random(seed)

    async def feed_on(engine: Engine, feed: MemoryFeed) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        select = loop._virtual_selector.select

        def look(timeout: float | None = None) -> list[Any]:
            if timeout is None or timeout > 0:
                late.extend(late_calls(engine, loop.time()))
            return select(timeout)

        loop._virtual_selector.select = look  # type: ignore[method-assign]
        for one, pause in zip(later, pauses, strict=False):
            await asyncio.sleep(pause)
            feed.add(one)
            engine.jobs_arrived(one.target.lane, 1)
        await asyncio.sleep(pauses[-1])
        engine.close_feed()

    def fault(_: Sent) -> Failure | None:
        return chance.choice(RETRYABLE) if chance.random() < faulty else None

    run(
        first,
        Server(lambda: chance.uniform(0.01, 0.2), fault=fault),
        later=later,
        meanwhile=feed_on,
        growing=True,
        concurrency=concurrency,
        rate=rate,
        burst=None,
        policy=Apply(before_image=reads),
    )
    assert not late
