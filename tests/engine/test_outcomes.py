"""Every job has one outcome."""

import asyncio
import math
import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Failure, Fault, Job, Lane
from bulkeic.engine.engine import Engine
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.memory_feed import MemoryFeed

from .call_audit import Run
from .engine_runs import run
from .example_jobs import fleet, fleets, job, lane
from .fake_lambda import LATENCY_S, REFUSED, RETRYABLE, Sent, Server
from .virtual_clock import VirtualClock, VirtualLoop


@settings(max_examples=200, deadline=None)
@given(
    jobs=fleets(),
    seed=st.integers(0, 2**32),
    failure_rate=st.floats(0, 0.7),
    rate=st.sampled_from([0.3, 2.0, 15.0, 1000.0, math.inf]),
    burst=st.sampled_from([1.0, 2.5, 15.0]),
    latency=st.floats(0.001, 3),
    concurrency=st.integers(1, 12),
    max_attempts=st.integers(1, 6),
)
def test_every_job_has_one_outcome(
    *,
    jobs: list[Job],
    seed: int,
    failure_rate: float,
    rate: float,
    burst: float,
    latency: float,
    concurrency: int,
    max_attempts: int,
) -> None:
    rng = random.Random(seed)
    asks_to_wait = Failure(Fault.THROTTLED, "Throttling", "", 400, None, retry_after_s=7.0)
    faults = [*RETRYABLE, REFUSED, asks_to_wait]
    server = Server(
        lambda: rng.uniform(0.5, 1.5) * latency,
        fault=lambda _: rng.choice(faults) if rng.random() < failure_rate else None,
    )
    done = run(
        jobs,
        server,
        rate=rate,
        burst=burst,
        concurrency=concurrency,
        max_attempts=max_attempts,
        give_up_after_s=math.inf,
    )
    assert done.engine.stopped is None


def test_an_empty_feed_ends_at_once() -> None:
    done = run()
    assert (done.seconds, done.outcomes) == (0.0, [])


def test_one_job_is_one_call() -> None:
    done = run([job(0)])
    assert done.seconds == pytest.approx(LATENCY_S)
    assert done.of(0).duration_s == pytest.approx(LATENCY_S)
    assert done.of(0).wait_s == 0


def test_concurrency_of_one_makes_one_call_at_a_time() -> None:
    done = run(fleet(3, 10), rate=1000, burst=1000, concurrency=1)
    assert done.server.most_in_flight == 1
    assert done.seconds == pytest.approx(30 * LATENCY_S, abs=0.01)


def test_concurrency_is_fully_used_and_never_exceeded() -> None:
    done = run(fleet(10, 20), Server(1.0), rate=math.inf, concurrency=16)
    assert done.server.most_in_flight == 16


def test_an_error_of_the_caller_ends_the_run() -> None:
    def broken(call: Sent) -> Failure | None:
        if call.job.seq == 7:
            raise ZeroDivisionError
        return None

    with pytest.raises(ExceptionGroup) as caught:
        run(fleet(2, 10), Server(fault=broken))
    assert caught.group_contains(ZeroDivisionError)


def test_an_error_of_the_feed_ends_the_run() -> None:
    class Broken(MemoryFeed):
        def take(self, lane: Lane) -> Sequence[Job]:
            raise ZeroDivisionError(lane)

    async def main() -> None:
        server = Server()
        sink = Run([], server, EngineLimits())
        await Engine(Broken([job(0)]), server, sink, EngineLimits(), clock=VirtualClock()).run()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner, pytest.raises(ZeroDivisionError):
        runner.run(main())


def test_an_unreadable_feed_stops_a_run_of_one_worker() -> None:
    class Gone(MemoryFeed):
        def take(self, lane: Lane) -> Sequence[Job]:
            if server.calls:
                raise RunFileError("gone")
            return super().take(lane)

        def lanes(self) -> Mapping[Lane, int]:
            return {lane(0): 2}

    async def main() -> str | None:
        engine = Engine(
            Gone([job(0)]), server, Run([], server, limits), limits, clock=VirtualClock()
        )
        await engine.run()
        return engine.stopped

    limits = EngineLimits(concurrency=1)
    server = Server()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(main()) == "gone"
