"""The supervisor's decisions: when a run stops, when a lane does, and when denied jobs fail."""

import math

import pytest
from msgspec.structs import replace

from bulkeic.core.model import Failure, Fault, Outcome, SourceLine, Status
from bulkeic.engine.lanes.lane_health import LaneHealth
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.supervisor import Release, StopLane, StopRun, Supervisor, ends_lane

from .fake_lambda import CONFLICT, CONNECTION, REFUSED, SERVER, THROTTLED, TIMEOUT

EXPIRED = Failure(Fault.EXPIRED, "ExpiredToken", "log in again", sent=False)
UNTRUSTED = Failure(Fault.UNTRUSTED, "SSLError", "self-signed certificate", sent=False)
NO_CREDENTIALS = Failure(Fault.SERVER, "InternalFailure", "AssumeRole: oops", sent=False)
LIMITS = EngineLimits(give_up_after_s=60, max_denied=3)


def denied(seq: int) -> Outcome:
    return Outcome(
        seq, SourceLine(""), "fn", None, Status.FAILED, error_code="D", error_message="no"
    )


def supervisor(**limits: int) -> Supervisor:
    return Supervisor(replace(LIMITS, **limits), failures=0)


def unanswered_since(since: float) -> LaneHealth:
    health = LaneHealth()
    health.record_unanswered(since)
    return health


@pytest.mark.parametrize(
    ("failure", "since", "is_stopping", "decision"),
    [
        (EXPIRED, 40.0, False, StopLane("no credentials for 60 s: log in again")),
        (EXPIRED, 40.0, True, None),
        (EXPIRED, 40.1, False, None),
        (UNTRUSTED, math.inf, False, StopLane("self-signed certificate")),
        (TIMEOUT, 40.0, False, StopLane(f"no answer for 60 s: {TIMEOUT.message}")),
        (CONNECTION, 0.0, False, StopLane(f"no answer for 60 s: {CONNECTION.message}")),
        (NO_CREDENTIALS, 40.0, False, StopLane("no credentials for 60 s: AssumeRole: oops")),
        (TIMEOUT, 40.0, True, None),
        (TIMEOUT, 40.1, False, None),
        (THROTTLED, math.inf, False, None),
        (replace(EXPIRED, sent=True), math.inf, False, None),
    ],
)
def test_which_failures_stop_their_lane(
    failure: Failure,
    since: float,
    is_stopping: bool,  # noqa: FBT001
    decision: StopLane | None,
) -> None:
    health = unanswered_since(since)
    assert supervisor().lane_failed(health, failure, 100.0, is_stopping=is_stopping) == decision


@pytest.mark.parametrize("failure", [CONFLICT, CONNECTION, REFUSED, SERVER, THROTTLED, TIMEOUT])
def test_no_other_failure_ends_its_lane_at_once(failure: Failure) -> None:
    assert not ends_lane(failure)


def test_a_run_without_answers_stops_after_give_up_after() -> None:
    watch = supervisor()
    assert watch.unanswered(0.0, TIMEOUT, 59.9) is None
    watch.answered(70.0)
    assert watch.unanswered(65.0, TIMEOUT, 75.0) is None
    assert watch.unanswered(120.0, TIMEOUT, 129.9) is None
    assert watch.unanswered(120.0, TIMEOUT, 130.0) == StopRun(
        f"no answer for 60 s: {TIMEOUT.message}"
    )


def test_max_failures_stops_the_run_and_counts_earlier_failures() -> None:
    watch = Supervisor(replace(LIMITS, max_failures=3), failures=1)
    assert watch.job_failed() is None
    assert watch.job_failed() == StopRun("3 failed, the maximum allowed")
    assert watch.failures == 3


def test_held_denials_count_towards_max_failures() -> None:
    watch, health = supervisor(max_failures=2), LaneHealth()
    assert watch.job_denied(health, denied(0), 9) is None
    stop = StopRun("2 failed, the maximum allowed")
    assert watch.job_denied(health, denied(1), 9) == stop
    assert list(watch.release(health)) == [denied(0), denied(1)]
    assert watch.job_failed() is None
    assert watch.job_failed() == stop


def test_max_denied_in_a_row_stops_the_lane() -> None:
    watch, health = supervisor(), LaneHealth()
    assert [watch.job_denied(health, denied(seq), 9) for seq in range(2)] == [None, None]
    reason = "3 jobs in a row were denied: D: no"
    assert watch.job_denied(health, denied(2), 9) == StopLane(reason, is_denied=True)


def test_a_job_that_is_not_denied_releases_the_held_denials() -> None:
    watch, health = supervisor(), LaneHealth()
    watch.job_denied(health, denied(0), 9)
    watch.job_denied(health, denied(1), 9)
    assert list(watch.job_not_denied(health)) == [denied(0), denied(1)]
    assert watch.job_denied(health, denied(2), 9) is None
    assert health.held_denials == [denied(2)]


def test_denials_of_all_jobs_that_a_lane_has_left_are_released() -> None:
    watch, health = supervisor(), LaneHealth()
    assert watch.job_denied(health, denied(0), 2) is None
    assert watch.job_denied(health, denied(1), 2) == Release([denied(0), denied(1)])
    assert health.held_denials == []
