"""A run stops on request, or because nothing answers."""

import asyncio
import math

import pytest

from bulkeic.core.model import Failure, Status
from bulkeic.engine.engine import Engine
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.memory_feed import MemoryFeed

from .call_audit import Run
from .engine_runs import run
from .example_jobs import fleet, ideal, job, lane
from .fake_lambda import CONFLICT, CONNECTION, LATENCY_S, TIMEOUT, TIMEOUT_S, Server
from .virtual_clock import START, VirtualClock, VirtualLoop


@pytest.mark.parametrize("rate", [15.0, math.inf])
def test_after_a_stop_no_call_starts_and_those_in_flight_finish(rate: float) -> None:
    in_flight: list[int] = []

    async def stop(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(2.01)
        in_flight.extend(call.job.seq for call in server.in_flight)
        engine.stop("enough")
        engine.stop("a second reason")

    server = Server(0.5, fault=lambda call: CONFLICT if call.job.seq % 10 == 3 else None)
    done = run(fleet(3, 1000), server, meanwhile=stop, rate=rate, concurrency=20)
    assert done.engine.stopped == "enough"
    assert max(call.sent for call in server.calls) <= START + 2.01
    assert done.seconds <= 2.01 + 0.5
    have = {outcome.seq for outcome in done.outcomes}
    assert in_flight
    assert {seq for seq in in_flight if seq % 10 != 3} <= have
    waiting = {call.job.seq for call in server.calls if call.job.seq % 10 == 3}
    assert waiting
    assert not waiting & have
    assert have == {call.job.seq for call in server.calls} - waiting


def test_a_run_stopped_before_it_starts_makes_no_call() -> None:
    async def main() -> Engine:
        server = Server()
        engine = Engine(
            MemoryFeed(fleet(2, 5)),
            server,
            Run([], server, EngineLimits()),
            EngineLimits(),
            clock=VirtualClock(),
        )
        engine.stop("no")
        await engine.run()
        assert not server.calls
        return engine

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(main()).stopped == "no"


@pytest.mark.parametrize("failure", [TIMEOUT, CONNECTION], ids=lambda failure: str(failure.fault))
def test_a_run_without_any_answer_stops_and_fails_no_job(failure: Failure) -> None:
    done = run(fleet(3, 50), Server(fault=lambda _: failure), max_attempts=2, give_up_after_s=60)
    reason = failure.message or failure.code
    assert done.engine.stopped == f"no answer for 60 s: {reason}"
    assert done.outcomes == []
    assert 60 <= done.seconds <= 60 + 20 + TIMEOUT_S


def test_a_run_whose_answers_end_midway_stops_and_fails_no_job() -> None:
    server = Server(fault=lambda call: TIMEOUT if call.sent > START + 5 else None)
    done = run(fleet(3, 500), server, max_attempts=2, give_up_after_s=60)
    assert done.engine.stopped is not None
    assert set(done.statuses()) == {Status.UPDATED}
    assert 65 <= done.seconds <= 65 + 20 + TIMEOUT_S


@pytest.mark.parametrize("failure", [TIMEOUT, CONNECTION], ids=lambda failure: str(failure.fault))
def test_no_job_fails_when_all_endpoints_are_down_for_a_while(failure: Failure) -> None:
    server = Server(fault=lambda call: failure if 2 < call.sent - START < 22 else None)
    done = run(fleet(4, 150), server, max_attempts=3)
    assert done.engine.stopped is None
    assert done.statuses() == {Status.UPDATED: 600}
    assert done.seconds <= ideal(150, 15, 15, LATENCY_S) + 20 + 20 + TIMEOUT_S


def test_a_time_without_jobs_does_not_count_as_unanswered() -> None:
    async def feed_late(engine: Engine, feed: MemoryFeed) -> None:
        await asyncio.sleep(300)
        feed.add(job(2))
        engine.jobs_arrived(lane(0), 1)
        engine.close_feed()

    # Job 1 is answered while job 0 hangs, so job 0 fails. Then there are no jobs for a while.
    server = Server(fault=lambda call: TIMEOUT if call.attempt == 1 and call.job.seq != 1 else None)
    first = [job(0), job(1, 1)]
    done = run(first, server, later=[job(2)], meanwhile=feed_late, growing=True, max_attempts=1)
    assert done.engine.stopped is None
