"""Retries: which failures are retried, when, and what they slow down."""

import math
from itertools import pairwise

import msgspec
import pytest

from bulkeic.core.model import Failure, Fault, Settings, Status
from bulkeic.core.pacing.retry import LONGEST_WAIT_S
from tests.core.example_configs import QUEUE

from .engine_runs import run
from .example_jobs import fleet, ideal, job, lane
from .fake_lambda import (
    CONFLICT,
    CONNECTION,
    LATENCY_S,
    REFUSED,
    RETRYABLE,
    SERVER,
    THROTTLED,
    TIMEOUT,
    Server,
    script,
)
from .virtual_clock import START, HalfJitter

COUNTED = (SERVER, TIMEOUT, CONNECTION)


@pytest.mark.parametrize("failure", COUNTED, ids=lambda failure: str(failure.fault))
def test_a_retryable_failure_is_retried_up_to_max_attempts(failure: Failure) -> None:
    # Its lane answers all the time, so the failure is the job's own.
    others = [job(seq) for seq in range(1, 1500)]
    server = Server(fault=lambda call: failure if call.job.seq == 0 and call.changes else None)
    done = run([job(0), *others], server, max_attempts=4)
    assert done.engine.stopped is None
    assert done.of(0).status is Status.FAILED
    # A timeout before the lane's first answer may not count. A read confirms that it failed.
    assert done.of(0).attempts in ({5, 6} if failure.http_status is None else {5})
    assert done.of(0).error_code == failure.code
    assert done.statuses()[Status.UPDATED] == 1499


@pytest.mark.parametrize("failure", [THROTTLED, CONFLICT], ids=["throttled", "conflict"])
def test_a_busy_account_consumes_no_attempts(failure: Failure) -> None:
    done = run([job(0)], Server(fault=script(*[failure] * 30)), max_attempts=1)
    outcome = done.of(0)
    assert (outcome.status, outcome.attempts) == (Status.UPDATED, 31)
    assert outcome.throttles + outcome.conflicts == 30


@pytest.mark.parametrize("failure", [THROTTLED, CONFLICT], ids=["throttled", "conflict"])
def test_the_throttle_budget_ends_a_job_of_a_busy_account(failure: Failure) -> None:
    done = run([job(0)], Server(fault=lambda _: failure), max_attempts=1, throttle_budget_s=300.0)
    assert (done.of(0).status, done.of(0).error_code) == (Status.FAILED, failure.code)
    assert 300 <= done.seconds <= 300 + LONGEST_WAIT_S + 1


def test_only_other_failures_count_as_attempts() -> None:
    faults = [THROTTLED, SERVER, CONFLICT, SERVER, THROTTLED]
    assert run([job(0)], Server(fault=script(*faults)), max_attempts=3).statuses() == {
        Status.UPDATED: 1
    }
    server = Server(fault=lambda call: script(*faults)(call) if call.changes else None)
    done = run([job(0)], server, max_attempts=2)
    assert (done.of(0).status, done.of(0).error_code) == (Status.FAILED, "ServiceException")
    assert [call.changes for call in server.calls] == [True] * 4 + [False]


IAM = Failure(Fault.REFUSED, "InvalidParameterValueException", "no permissions", 400, "r-400")
WITH_QUEUE = Settings(on_success="", on_failure=QUEUE)


@pytest.mark.parametrize(
    ("settings", "refused_s", "wait_s", "status"),
    [
        (WITH_QUEUE, 60, 120, Status.UPDATED),
        (WITH_QUEUE, 60, 20, Status.FAILED),
        (WITH_QUEUE, 1, 0, Status.FAILED),
        (Settings(1, on_success="", on_failure=""), 1, 120, Status.FAILED),
        (Settings(1), 1, 120, Status.FAILED),
    ],
)
def test_a_refused_destination_is_retried_while_iam_is_waited_for(
    settings: Settings, refused_s: float, wait_s: float, status: Status
) -> None:
    server = Server(fault=lambda call: IAM if call.sent < START + refused_s else None)
    sent = msgspec.structs.replace(job(0), settings=settings)
    done = run([sent], server, max_attempts=1, wait_for_iam_s=wait_s)
    assert done.of(0).status is status
    assert (len(server.calls) > 1) is (settings is WITH_QUEUE and wait_s > 0)


@pytest.mark.parametrize("failure", RETRYABLE, ids=lambda failure: str(failure.fault))
def test_a_job_whose_last_attempt_succeeds_is_updated(failure: Failure) -> None:
    done = run([job(0)], Server(fault=script(failure, failure, failure)), max_attempts=4)
    assert (done.of(0).status, done.of(0).attempts) == (Status.UPDATED, 4)


def test_a_refusal_is_not_retried() -> None:
    done = run(fleet(1, 5), Server(fault=lambda _: REFUSED))
    assert [outcome.attempts for outcome in done.outcomes] == [1] * 5
    assert done.statuses() == {Status.FAILED: 5}


def test_the_wait_before_a_retry_doubles_up_to_its_bound() -> None:
    server = Server(fault=script(*[SERVER] * 7))
    run([job(0)], server, rng=HalfJitter())
    waits = [after.sent - before.ended for before, after in pairwise(server.calls)]
    assert waits == pytest.approx([0.25, 0.5, 1, 2, 4, 8, 10])


def test_retry_after_is_the_shortest_wait() -> None:
    asked = Failure(Fault.SERVER, "ServiceException", "", 503, None, retry_after_s=9.0)
    server = Server(fault=script(asked))
    run([job(0)], server)
    first, second = server.calls
    assert second.sent - first.ended == pytest.approx(9)


def test_retry_after_pauses_its_own_lane_and_no_other() -> None:
    asked = Failure(Fault.THROTTLED, "Throttling", "", 429, None, retry_after_s=30.0)
    server = Server(fault=lambda call: asked if call.job.seq == 20 and call.attempt == 1 else None)
    done = run(fleet(3, 60), server)
    (refused,) = (call for call in server.calls if call.answer is asked)
    sent = [call.sent for call in server.of(lane(0))]
    assert not [at for at in sent if refused.ended < at < refused.ended + 30]
    assert max(sent) > refused.ended + 30
    for number in (1, 2):
        assert done.ended[lane(number)] == pytest.approx(ideal(60, 15, 15, LATENCY_S), abs=0.01)


def test_retry_after_cannot_pause_a_lane_forever() -> None:
    asked = Failure(Fault.THROTTLED, "Throttling", "", 429, None, retry_after_s=86400.0)
    done = run(fleet(1, 5), Server(fault=lambda call: asked if call.job.seq == 0 else None))
    assert done.seconds < 3600


def test_repeated_throttles_slow_their_own_lane_and_no_other() -> None:
    jobs = fleet(3, 100)
    plain = run(jobs).server
    server = Server(
        fault=lambda call: THROTTLED if call.job.seq in (30, 40) and call.attempt == 1 else None
    )
    run(jobs, server)
    _, refused = (call for call in server.calls if call.answer == THROTTLED)

    def soon(server: Server) -> int:
        return sum(refused.ended < call.sent <= refused.ended + 4 for call in server.of(lane(0)))

    assert soon(server) < 0.9 * soon(plain)
    for number in (1, 2):
        assert [call.sent for call in server.of(lane(number))] == [
            call.sent for call in plain.of(lane(number))
        ]


@pytest.mark.parametrize(("rate", "quota"), [(12.0, 8.0), (math.inf, 100.0)])
def test_a_lane_finds_the_rate_of_a_stricter_server(rate: float, quota: float) -> None:
    server = Server(quota=(quota, quota))
    done = run(fleet(2, 300), server, rate=rate, burst=12, concurrency=24)
    assert server.throttles() > 0
    assert done.statuses() == {Status.UPDATED: 600}
    assert done.seconds < 2.5 * 300 / quota + 20
