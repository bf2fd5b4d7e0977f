"""Calls without credentials: nothing is sent, so nothing is counted and no token is taken."""

import math
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Failure, Fault, Job, Status

from .engine_runs import run
from .example_jobs import fleet, fleets, ideal, job, lane
from .fake_lambda import LATENCY_S, RETRYABLE, THROTTLED, TIMEOUT, Sent, Server, script
from .virtual_clock import START, HalfJitter

REFUSED = Failure(Fault.REFUSED, "AccessDenied", "no such role", 403, "r-sts", sent=False)
STS_ERROR = Failure(Fault.SERVER, "InternalFailure", "AssumeRole: oops", 500, "r-sts", sent=False)
EXPIRED = Failure(Fault.EXPIRED, "ExpiredToken", "log in again", sent=False)
NO_CREDENTIALS = Failure(Fault.CREDENTIALS, "CredentialProcessError", "log in again", sent=False)


def test_thousands_of_jobs_without_credentials_fail_at_once() -> None:
    done = run(fleet(1, 2000), Server(fault=lambda _: REFUSED))
    assert done.statuses() == {Status.FAILED: 2000}
    assert done.seconds < 0.1
    assert done.engine.traffic.calls == 0
    assert done.of(7).error_code == "AccessDenied"


def test_a_lane_without_credentials_delays_no_other_lane() -> None:
    done = run(fleet(3, 60), Server(fault=lambda call: REFUSED if call.lane == lane(1) else None))
    assert done.engine.traffic.calls == 120
    for number in (0, 2):
        assert done.ended[lane(number)] == pytest.approx(ideal(60, 15, 15, LATENCY_S), abs=0.01)


def test_a_call_that_is_not_sent_takes_no_token() -> None:
    jobs = fleet(1, 30)
    server = Server(0.1, fault=lambda call: REFUSED if call.job.seq % 2 else None)
    done = run(jobs, server, rate=1, burst=1)
    sent = [call.sent for call in server.calls if call.was_sent]
    assert len(sent) == 15
    assert done.seconds <= ideal(15, 1, 1, 0.1) + 1.01


def test_a_credentials_error_pauses_the_whole_lane_and_no_other() -> None:
    server = Server(
        fault=lambda call: script(STS_ERROR)(call) if call.job.seq == 0 else None,
    )
    done = run(fleet(2, 60), server, rng=HalfJitter())
    sent = [call.sent for call in server.of(lane(0)) if call.was_sent]
    assert min(sent) == pytest.approx(START + 0.25)
    assert done.ended[lane(0)] == pytest.approx(ideal(60, 15, 15, LATENCY_S) + 0.25, abs=0.01)
    assert done.ended[lane(1)] == pytest.approx(ideal(60, 15, 15, LATENCY_S), abs=0.01)


def test_a_throttle_of_sts_slows_no_lane_down() -> None:
    unsent = msgspec.structs.replace(THROTTLED, sent=False)
    server = Server(fault=lambda call: script(unsent)(call) if call.job.seq == 0 else None)
    done = run(fleet(1, 300), server, rng=HalfJitter())
    assert done.engine.traffic.throttles == 0
    assert done.seconds == pytest.approx(ideal(300, 15, 15, LATENCY_S) + 0.25, abs=0.01)


@pytest.mark.parametrize("max_attempts", [1, 8])
@pytest.mark.parametrize("failure", [EXPIRED, NO_CREDENTIALS], ids=lambda each: str(each.fault))
def test_credentials_that_cannot_be_had_stop_their_lane_after_give_up_after(
    failure: Failure, max_attempts: int
) -> None:
    def fault(call: Sent) -> Failure | None:
        return failure if call.lane == lane(1) and call.sent > START + 1 else None

    done = run(fleet(3, 60), Server(fault=fault), max_attempts=max_attempts, give_up_after_s=30)
    assert done.engine.stopped is None
    assert done.engine.stopped_lanes() == {lane(1): "no credentials for 30 s: log in again"}
    assert set(done.statuses()) == {Status.UPDATED}
    of_lane = sum(outcome.region == lane(1).region for outcome in done.outcomes)
    assert 15 <= of_lane < 60
    assert done.dropped == 60 - of_lane
    assert done.seconds == pytest.approx(31, abs=0.2)


def test_credentials_that_cannot_be_had_leave_all_jobs_pending() -> None:
    server = Server(fault=lambda _: NO_CREDENTIALS)
    done = run(fleet(4, 60), server)
    assert set(done.engine.stopped_lanes()) == {lane(number) for number in range(4)}
    assert (done.outcomes, done.dropped) == ([], 240)
    assert done.engine.traffic.calls == 0
    assert done.seconds == pytest.approx(120)
    assert len(server.of(lane(0))) <= 30


@pytest.mark.parametrize("max_attempts", [1, 8])
def test_a_hold_counts_no_attempt_and_delays_no_other_lane(max_attempts: int) -> None:
    def fault(call: Sent) -> Failure | None:
        return NO_CREDENTIALS if call.lane == lane(0) and call.sent < START + 60 else None

    done = run(fleet(2, 60), Server(fault=fault), max_attempts=max_attempts)
    assert done.statuses() == {Status.UPDATED: 120}
    assert {outcome.attempts for outcome in done.outcomes} == {1}
    assert done.engine.traffic.retries == 0
    assert done.ended[lane(1)] == pytest.approx(ideal(60, 15, 15, LATENCY_S), abs=0.01)


def test_a_lane_is_held_until_its_credentials_are_fetched_again() -> None:
    failure = msgspec.structs.replace(NO_CREDENTIALS, retry_after_s=7.0)
    server = Server(fault=lambda call: failure if call.sent < START + 7 else None)
    done = run(fleet(1, 5), server)
    assert [call.sent for call in server.calls][:2] == [START, START + 7]
    assert done.statuses() == {Status.UPDATED: 5}


def test_a_held_lane_makes_one_call_at_a_time() -> None:
    held = range(20, 40)
    server = Server(
        fault=lambda call: script(NO_CREDENTIALS)(call) if call.job.seq in held else None
    )
    done = run(fleet(1, 60), server)
    assert done.statuses() == {Status.UPDATED: 60}
    again = sorted(call.sent for call in server.calls if call.attempt == 2)
    assert again[1] - again[0] >= LATENCY_S


def test_only_the_first_held_lane_is_a_warning() -> None:
    done = run(fleet(30, 2), Server(fault=script(NO_CREDENTIALS)))
    held = [line for line in done.log if line["event"] == "waiting for credentials"]
    assert len(held) >= 30
    assert [line["log_level"] for line in held].count("warning") == 1


def test_a_call_with_expired_credentials_is_retried() -> None:
    sent = msgspec.structs.replace(EXPIRED, sent=True, http_status=403)
    done = run([job(0)], Server(fault=script(sent)))
    assert done.statuses() == {Status.UPDATED: 1}
    assert done.engine.stopped_lanes() == {}


def test_a_lane_without_credentials_for_too_long_stops_with_its_jobs_pending() -> None:
    server = Server(fault=lambda call: STS_ERROR if call.lane == lane(0) else None)
    done = run([*fleet(1, 500), *[job(500 + seq, 1) for seq in range(60)]], server)
    assert done.engine.stopped_lanes() == {lane(0): "no credentials for 120 s: AssumeRole: oops"}
    assert done.statuses()[Status.UPDATED] == 60
    assert done.statuses()[Status.FAILED] == 0
    assert done.dropped == 500
    assert done.seconds <= 120 + 20


@settings(max_examples=100, deadline=None)
@given(
    jobs=fleets(),
    seed=st.integers(0, 2**32),
    rate=st.sampled_from([2.0, 15.0, math.inf, "auto"]),
    concurrency=st.integers(1, 12),
    max_attempts=st.integers(1, 4),
)
def test_unsent_calls_leave_every_job_with_an_outcome_or_in_a_stopped_lane(
    *, jobs: list[Job], seed: int, rate: float, concurrency: int, max_attempts: int
) -> None:
    rng = random.Random(seed)
    unsent = [msgspec.structs.replace(failure, sent=False) for failure in RETRYABLE]
    faults: list[Failure | None] = [*unsent, REFUSED, TIMEOUT, THROTTLED, *[None] * 20]
    if seed % 2:
        faults.append(EXPIRED)
    run(
        jobs,
        Server(fault=lambda _: rng.choice(faults)),
        rate=rate,
        burst=5.0,
        concurrency=concurrency,
        max_attempts=max_attempts,
        give_up_after_s=math.inf,
    )
