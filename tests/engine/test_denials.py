"""A lane that denies every job stops; a single denied job fails."""

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
REASON = "20 jobs in a row were denied: AccessDeniedException: not authorized"


def failed(done: Run, number: int = 0) -> list[int]:
    """The jobs of a lane that failed, in the order of their outcomes."""
    region = lane(number).region
    return [
        outcome.seq
        for outcome in done.outcomes
        if outcome.status is Status.FAILED and outcome.region == region
    ]


def test_a_denied_lane_stops_with_its_jobs_pending_and_other_lanes_continue() -> None:
    server = Server(fault=lambda call: DENIED if call.lane == lane(0) else None)
    done = run(fleet(3, 60), server)
    assert done.engine.stopped is None
    assert done.engine.stopped_lanes() == {lane(0): REASON}
    assert done.statuses() == {Status.UPDATED: 120}
    assert done.dropped == 60
    assert 20 <= len(server.of(lane(0))) < 60
    assert done.seconds == pytest.approx(ideal(60, 15, 15, LATENCY_S), abs=0.01)


def test_a_lane_whose_role_cannot_be_assumed_stops_at_once() -> None:
    done = run(fleet(2, 60), Server(fault=lambda c: UNSIGNED if c.lane == lane(1) else None))
    assert list(done.engine.stopped_lanes()) == [lane(1)]
    assert done.statuses() == {Status.UPDATED: 60}
    assert done.engine.traffic.calls == 60


def test_a_permission_lost_during_the_run_stops_the_lane() -> None:
    server = Server(fault=lambda call: DENIED if call.job.seq >= 100 else None)
    done = run(fleet(1, 200), server)
    assert done.engine.stopped_lanes() == {lane(0): REASON}
    assert done.statuses() == {Status.UPDATED: 100}
    assert done.dropped == 100


def test_fewer_denials_in_a_row_fail_their_jobs_only() -> None:
    denied = {*range(10, 29), *range(30, 49), 55}
    server = Server(fault=lambda call: DENIED if call.job.seq in denied else None)
    done = run(fleet(1, 60), server, rate=1, burst=1)
    assert done.engine.stopped_lanes() == {}
    assert failed(done) == sorted(denied)
    assert {done.of(seq).error_code for seq in denied} == {"AccessDeniedException"}


@pytest.mark.parametrize("jobs", [1, 19])
def test_a_small_lane_whose_jobs_are_all_denied_fails(jobs: int) -> None:
    done = run(fleet(1, jobs), Server(fault=lambda _: DENIED))
    assert done.engine.stopped_lanes() == {}
    assert failed(done) == list(range(jobs))


@pytest.mark.parametrize(("most", "calls"), [(0, 100), (3, 18)])
def test_max_denied_sets_the_number_of_denials_in_a_row(most: int, calls: int) -> None:
    server = Server(fault=lambda _: DENIED)
    done = run(fleet(1, 100), server, max_denied=most)
    assert len(server.calls) <= calls
    assert done.statuses() == ({Status.FAILED: 100} if most == 0 else {})


def test_other_refusals_are_not_denials() -> None:
    done = run(fleet(1, 60), Server(fault=lambda _: REFUSED))
    assert done.statuses() == {Status.FAILED: 60}


def test_held_denials_fail_when_the_run_stops() -> None:
    async def stop(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(5)
        engine.stop("interrupted")

    server = Server(fault=lambda call: DENIED if call.job.seq >= 20 else None)
    done = run(fleet(1, 60), server, rate=5, burst=1, meanwhile=stop)
    assert done.engine.stopped_lanes() == {}
    assert failed(done) == list(range(20, len(server.calls)))


def test_held_denials_count_towards_max_failures() -> None:
    server = Server(fault=lambda _: DENIED)
    done = run(fleet(1, 60), server, rate=1, burst=1, max_failures=5)
    assert done.engine.stopped == "5 failed, the maximum allowed"
    assert done.engine.failures == len(server.calls) == 5
    assert failed(done) == list(range(5))


def test_denials_that_reach_max_failures_fail_and_do_not_stop_the_lane() -> None:
    server = Server(1, fault=lambda call: DENIED if call.job.seq else None)
    done = run(fleet(1, 200), server, rate=100, burst=100, max_failures=5)
    assert done.engine.stopped == "5 failed, the maximum allowed"
    assert done.engine.stopped_lanes() == {}
    assert len(failed(done)) == len(server.calls) - 1 > 20


def test_jobs_fed_one_at_a_time_get_their_outcomes_at_once() -> None:
    """A user of the library may wait for an outcome before feeding the next job."""
    failures: list[int] = []

    async def feed_one_by_one(engine: Engine, feed: MemoryFeed) -> None:
        for each in later:
            feed.add(each)
            engine.jobs_arrived(lane(0), 1)
            await asyncio.sleep(1)
            failures.append(engine.failures)
        engine.close_feed()

    later = [job(seq) for seq in range(25)]
    server = Server(fault=lambda _: DENIED)
    done = run(later=later, server=server, meanwhile=feed_one_by_one, growing=True)
    assert failures == [*range(1, 20), *[19] * 6]
    assert failed(done) == list(range(19))
    assert done.engine.stopped_lanes() == {lane(0): REASON}


def test_an_untrusted_server_stops_its_lane_at_once() -> None:
    done = run(fleet(2, 60), Server(fault=lambda c: UNTRUSTED if c.lane == lane(0) else None))
    assert done.engine.stopped_lanes() == {lane(0): "self-signed certificate"}
    assert (done.statuses(), done.dropped) == ({Status.UPDATED: 60}, 60)
    assert done.engine.traffic.calls == 60
    assert done.seconds == pytest.approx(ideal(60, 15, 15, LATENCY_S), abs=0.01)


@settings(max_examples=100, deadline=None)
@given(jobs=fleets(), seed=st.integers(0, 2**32), most=st.integers(0, 4))
def test_denials_leave_every_job_with_an_outcome_or_in_a_stopped_lane(
    jobs: list[Job], seed: int, most: int
) -> None:
    rng = random.Random(seed)
    faults = [DENIED, DENIED, UNSIGNED, THROTTLED, REFUSED, None, None]
    done = run(jobs, Server(fault=lambda _: rng.choice(faults)), max_denied=most, rate=100)
    if most == 0:
        assert len(done.outcomes) == len(jobs)
