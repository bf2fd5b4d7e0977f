"""A lane in which every job is denied stops; a job that is denied by itself fails."""

import asyncio
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Failure, Fault, Job, Status
from bulkeic.engine.engine import Engine
from bulkeic.engine.memory_feed import MemoryFeed

from .call_audit import Run
from .engine_runs import run
from .example_jobs import fleet, fleets, ideal, job, lane
from .fake_lambda import LATENCY_S, REFUSED, THROTTLED, Server

DENIED = Failure(Fault.DENIED, "AccessDeniedException", "not authorized", 403, "r-403")
UNSIGNED = msgspec.structs.replace(DENIED, code="AccessDenied", sent=False)
UNTRUSTED = Failure(Fault.UNTRUSTED, "SSLError", "self-signed certificate", sent=False)
WHY = "20 jobs in a row were denied: AccessDeniedException: not authorized"


def failed(done: Run, number: int = 0) -> list[int]:
    """The jobs of a lane that failed, in the order in which that was told."""
    region = lane(number).region
    return [
        outcome.seq
        for outcome in done.outcomes
        if outcome.status is Status.FAILED and outcome.region == region
    ]


def test_a_denied_lane_stops_with_its_jobs_pending_and_the_others_go_on() -> None:
    server = Server(fault=lambda call: DENIED if call.lane == lane(0) else None)
    done = run(fleet(3, 60), server)
    assert done.engine.stopped is None
    assert done.engine.stopped_lanes() == {lane(0): WHY}
    assert done.statuses() == {Status.UPDATED: 120}
    assert done.dropped == 60
    assert 20 <= len(server.of(lane(0))) < 60
    assert done.seconds == pytest.approx(ideal(60, 15, 15, LATENCY_S), abs=0.01)


def test_a_lane_whose_role_cannot_be_assumed_stops_at_once() -> None:
    done = run(fleet(2, 60), Server(fault=lambda c: UNSIGNED if c.lane == lane(1) else None))
    assert list(done.engine.stopped_lanes()) == [lane(1)]
    assert done.statuses() == {Status.UPDATED: 60}
    assert done.engine.traffic.calls == 60


def test_a_permission_that_is_lost_in_mid_run_stops_the_lane() -> None:
    server = Server(fault=lambda call: DENIED if call.job.seq >= 100 else None)
    done = run(fleet(1, 200), server)
    assert done.engine.stopped_lanes() == {lane(0): WHY}
    assert done.statuses() == {Status.UPDATED: 100}
    assert done.dropped == 100


def test_fewer_than_that_in_a_row_fail_one_by_one() -> None:
    denied = {*range(10, 29), *range(30, 49), 55}
    server = Server(fault=lambda call: DENIED if call.job.seq in denied else None)
    done = run(fleet(1, 60), server, rate=1, burst=1)
    assert done.engine.stopped_lanes() == {}
    assert failed(done) == sorted(denied)
    assert {done.of(seq).error_code for seq in denied} == {"AccessDeniedException"}


@pytest.mark.parametrize("jobs", [1, 19])
def test_a_small_lane_that_is_denied_to_its_end_has_failed(jobs: int) -> None:
    done = run(fleet(1, jobs), Server(fault=lambda _: DENIED))
    assert done.engine.stopped_lanes() == {}
    assert failed(done) == list(range(jobs))


@pytest.mark.parametrize(("most", "calls"), [(0, 100), (3, 18)])
def test_how_many_in_a_row_can_be_said(most: int, calls: int) -> None:
    server = Server(fault=lambda _: DENIED)
    done = run(fleet(1, 100), server, max_denied=most)
    assert len(server.calls) <= calls
    assert done.statuses() == ({Status.FAILED: 100} if most == 0 else {})


def test_another_refusal_is_no_denial() -> None:
    done = run(fleet(1, 60), Server(fault=lambda _: REFUSED))
    assert done.statuses() == {Status.FAILED: 60}


def test_what_was_kept_back_is_told_when_the_run_is_stopped() -> None:
    async def stop(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(5)
        engine.stop("interrupted")

    server = Server(fault=lambda call: DENIED if call.job.seq >= 20 else None)
    done = run(fleet(1, 60), server, rate=5, burst=1, meanwhile=stop)
    assert done.engine.stopped_lanes() == {}
    assert failed(done) == list(range(20, len(server.calls)))


def test_denials_count_as_failures_as_they_come() -> None:
    server = Server(fault=lambda _: DENIED)
    done = run(fleet(1, 60), server, rate=1, burst=1, max_failures=5)
    assert done.engine.stopped == "5 failed, the maximum allowed"
    assert done.engine.failures == len(server.calls) == 5
    assert failed(done) == list(range(5))


def test_denials_that_end_a_run_have_failed_however_many_are_in_flight() -> None:
    server = Server(1, fault=lambda call: DENIED if call.job.seq else None)
    done = run(fleet(1, 200), server, rate=100, burst=100, max_failures=5)
    assert done.engine.stopped == "5 failed, the maximum allowed"
    assert done.engine.stopped_lanes() == {}
    assert len(failed(done)) == len(server.calls) - 1 > 20


def test_who_feeds_one_job_after_another_is_told_of_each() -> None:
    """The library's user may wait for an outcome before there is another job."""
    told: list[int] = []

    async def feed_one_by_one(engine: Engine, feed: MemoryFeed) -> None:
        for each in later:
            feed.add(each)
            engine.jobs_arrived(lane(0), 1)
            await asyncio.sleep(1)
            told.append(engine.failures)
        engine.close_feed()

    later = [job(seq) for seq in range(25)]
    server = Server(fault=lambda _: DENIED)
    done = run(later=later, server=server, meanwhile=feed_one_by_one, growing=True)
    assert told == [*range(1, 20), *[19] * 6]
    assert failed(done) == list(range(19))
    assert done.engine.stopped_lanes() == {lane(0): WHY}


def test_a_server_that_is_not_trusted_stops_its_lane_at_once() -> None:
    done = run(fleet(2, 60), Server(fault=lambda c: UNTRUSTED if c.lane == lane(0) else None))
    assert done.engine.stopped_lanes() == {lane(0): "self-signed certificate"}
    assert (done.statuses(), done.dropped) == ({Status.UPDATED: 60}, 60)
    assert done.engine.traffic.calls == 60
    assert done.seconds == pytest.approx(ideal(60, 15, 15, LATENCY_S), abs=0.01)


@settings(max_examples=100, deadline=None)
@given(jobs=fleets(), seed=st.integers(0, 2**32), most=st.integers(0, 4))
def test_every_job_has_its_outcome_or_its_lane_has_stopped(
    jobs: list[Job], seed: int, most: int
) -> None:
    dice = random.Random(seed)
    faults = [DENIED, DENIED, UNSIGNED, THROTTLED, REFUSED, None, None]
    done = run(jobs, Server(fault=lambda _: dice.choice(faults)), max_denied=most, rate=100)
    if most == 0:
        assert len(done.outcomes) == len(jobs)
