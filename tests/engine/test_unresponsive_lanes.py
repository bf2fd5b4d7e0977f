"""A lane that does not answer stops by itself; other lanes do not wait for it."""

import asyncio

import pytest

from bulkeic.core.model import Failure, Status
from bulkeic.engine.engine import Engine
from bulkeic.engine.memory_feed import MemoryFeed

from .engine_runs import run
from .example_jobs import fleet, ideal, job, lane
from .fake_lambda import CONNECTION, LATENCY_S, TIMEOUT, TIMEOUT_S, Sent, Server
from .virtual_clock import START


@pytest.mark.parametrize(
    ("failure", "max_attempts"),
    [(TIMEOUT, 1), (TIMEOUT, 2), (TIMEOUT, 8), (CONNECTION, 2), (CONNECTION, 8)],
    ids=lambda value: str(getattr(value, "fault", value)),
)
def test_a_lane_that_never_answers_stops_with_its_jobs_pending(
    failure: Failure, max_attempts: int
) -> None:
    # The other lane answers all the time, and has work for longer.
    jobs = [*fleet(1, 400), *[job(400 + seq, 1) for seq in range(3000)]]
    server = Server(fault=lambda call: failure if call.lane == lane(0) else None)
    done = run(jobs, server, give_up_after_s=60, max_attempts=max_attempts, rate=15, burst=1)
    assert done.engine.stopped is None
    reason = f"no answer for 60 s: {failure.message or failure.code}"
    assert done.engine.stopped_lanes() == {lane(0): reason}
    assert done.statuses()[Status.UPDATED] == 3000
    last = max(call.ended for call in server.of(lane(0)))
    assert 60 <= last - START <= 60 + 20 + TIMEOUT_S
    assert done.seconds == pytest.approx(ideal(3000, 15, 1, LATENCY_S), abs=0.1)
    assert (done.statuses(), done.dropped) == ({Status.UPDATED: 3000}, 400)


@pytest.mark.parametrize("failure", [TIMEOUT, CONNECTION], ids=lambda failure: failure.fault)
@pytest.mark.parametrize("whole", [False, True])
def test_no_job_fails_when_an_endpoint_is_down_for_20_s(failure: Failure, *, whole: bool) -> None:
    def fault(call: Sent) -> Failure | None:
        is_down = START + 5 <= call.sent < START + 25
        return failure if is_down and (whole or call.lane == lane(0)) else None

    done = run(fleet(3, 400), Server(fault=fault), max_attempts=2)
    assert done.statuses() == {Status.UPDATED: 1200}
    assert done.seconds <= 25 + TIMEOUT_S + 20 + ideal(400, 15, 15, LATENCY_S)


def test_a_single_unanswered_job_fails_after_max_attempts() -> None:
    server = Server(fault=lambda call: TIMEOUT if call.job.seq == 7 and call.changes else None)
    done = run(fleet(1, 2000), server, max_attempts=3)
    assert done.statuses() == {Status.UPDATED: 1999, Status.FAILED: 1}
    assert [call.changes for call in server.attempts(7)] == [True, True, True, False]


def test_a_lane_that_answers_sometimes_does_not_stop() -> None:
    jobs = [*fleet(1, 20), *[job(20 + seq, 1) for seq in range(6000)]]
    server = Server(
        fault=lambda call: TIMEOUT if call.lane == lane(0) and call.attempt == 1 else None
    )
    done = run(jobs, server, give_up_after_s=60, max_attempts=2)
    assert done.engine.stopped_lanes() == {}
    assert done.statuses() == {Status.UPDATED: 6020}


@pytest.mark.parametrize("order", ["hanging first", "hanging last", "alternating"])
@pytest.mark.parametrize(("each", "timeouts"), [(20, 1.5), (30, 1.7)])
def test_many_hanging_lanes_delay_the_others_by_less_than_two_timeouts(
    order: str, each: int, timeouts: float
) -> None:
    hanging = {
        "hanging first": set(range(100)),
        "hanging last": set(range(100, 200)),
        "alternating": set(range(0, 200, 2)),
    }[order]
    unresponsive = {lane(number) for number in hanging}
    without = run(fleet(100, each), concurrency=64).seconds
    server = Server(fault=lambda call: TIMEOUT if call.lane in unresponsive else None)
    done = run(fleet(200, each), server, concurrency=64)
    slowest = max(done.ended[lane(number)] for number in set(range(200)) - hanging)
    assert slowest <= without + timeouts * TIMEOUT_S
    assert done.statuses() == {Status.UPDATED: 100 * each}


@pytest.mark.parametrize("file_order", ["first", "last"])
def test_few_hanging_lanes_delay_no_other_lane(file_order: str) -> None:
    hanging = range(15) if file_order == "first" else range(25, 40)
    unresponsive = {lane(number) for number in hanging}
    server = Server(fault=lambda call: TIMEOUT if call.lane in unresponsive else None)
    done = run(fleet(40, 60), server, concurrency=128)
    for number in set(range(40)) - set(hanging):
        assert done.ended[lane(number)] <= ideal(60, 15, 15, LATENCY_S) + 0.1


def test_jobs_that_arrive_for_a_stopped_lane_are_dropped() -> None:
    async def feed_late(engine: Engine, feed: MemoryFeed) -> None:
        await asyncio.sleep(150)
        assert list(engine.stopped_lanes()) == [lane(0)]
        feed.add(later[0])
        engine.jobs_arrived(lane(0), 1)
        engine.close_feed()

    first = [*fleet(1, 50), *[job(50 + seq, 1) for seq in range(3000)]]
    later = [job(9999)]
    server = Server(fault=lambda call: TIMEOUT if call.lane == lane(0) else None)
    done = run(first, server, later=later, meanwhile=feed_late, growing=True, give_up_after_s=60)
    assert done.engine.stopped is None
    assert done.dropped + done.statuses()[Status.FAILED] == 51
    assert not server.attempts(9999)
