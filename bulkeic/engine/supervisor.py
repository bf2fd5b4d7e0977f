"""Decides when a run or a lane stops. The engine carries the decisions out.

====================================================  =========
event                                                 decision
====================================================  =========
``max_failures`` jobs have failed                     StopRun
no lane answers for ``give_up_after_s``               StopRun
a lane's server is not trusted                        StopLane
a lane has no answer, or no credentials, for          StopLane
``give_up_after_s``
a lane denied ``max_denied`` jobs in a row            StopLane
a lane denied all jobs that it has left, but fewer    Release
====================================================  =========

The outcomes of denied jobs are held back until it is clear whether single jobs are denied or the
whole lane. Denied jobs fail. The jobs of a denied lane stay pending.
"""

import math
from collections.abc import Sequence

import msgspec

from bulkeic.core.model import Answer, Failure, Fault, Outcome
from bulkeic.engine.lanes.lane_health import LaneHealth
from bulkeic.engine.lanes.unresponsive_lanes import UnresponsiveLanes
from bulkeic.engine.limits import EngineLimits


class StopRun(msgspec.Struct, frozen=True):
    """Start no more calls."""

    reason: str


class StopLane(msgspec.Struct, frozen=True):
    """Start no more calls of a lane. Its jobs stay pending."""

    reason: str
    is_denied: bool = False


class Release(msgspec.Struct, frozen=True):
    """Publish outcomes that were held back."""

    outcomes: Sequence[Outcome]


class Supervisor:
    """Watches a run. Times are the clock's seconds.

    Args:
        limits: of the run.
        failures: jobs that failed in earlier engines of the run.

    Attributes:
        failures: jobs that failed so far.
        held: denied jobs whose outcomes are held back.
        unresponsive: the calls that all unresponsive lanes share.
        give_up_after_s: seconds without answers or credentials after which a lane stops.
    """

    def __init__(self, limits: EngineLimits, failures: int) -> None:
        self.failures = failures
        self.give_up_after_s = limits.give_up_after_s
        self.unresponsive = UnresponsiveLanes(limits.concurrency)
        self._limits = limits
        self.held = 0
        self._answered_at = -math.inf
        self._unanswered_since = math.inf

    def answered(self, now: float) -> None:
        """Record an answer of any lane."""
        self._answered_at = now
        self._unanswered_since = math.inf

    def unanswered(self, sent_at: float, failure: Failure, now: float) -> StopRun | None:
        """Record a call of a lane that does not answer."""
        since = max(sent_at, self._answered_at)
        self._unanswered_since = min(self._unanswered_since, since)
        limit = self._limits.give_up_after_s
        if now - self._unanswered_since < limit:
            return None
        return StopRun(f"no answer for {limit:g} s: {failure.message or failure.code}")

    def lane_failed(
        self, health: LaneHealth, failure: Failure, now: float, *, is_stopping: bool
    ) -> StopLane | None:
        """Whether a failed call ends its lane.

        Args:
            health: of the lane, with this failure recorded.
            failure: the answer.
            now: the time.
            is_stopping: whether the run stops anyway; then missing answers stop no lane.
        """
        limit = self._limits.give_up_after_s
        if ends_lane(failure):
            return StopLane(failure.message)
        if is_stopping or now < health.unanswered_since + limit:
            return None
        missing = "answer" if failure.sent else "credentials"
        return StopLane(f"no {missing} for {limit:g} s: {failure.message or failure.code}")

    def job_failed(self) -> StopRun | None:
        """Count a job that failed."""
        self.failures += 1
        return self._max_failures_reached()

    def job_denied(
        self, health: LaneHealth, outcome: Outcome, jobs_left: int
    ) -> StopRun | StopLane | Release | None:
        """Hold a denied job's outcome back.

        Args:
            health: of its lane.
            outcome: of the job.
            jobs_left: the lane's jobs without an outcome, the denied ones included.
        """
        self.held += 1
        health.held_denials.append(outcome)
        health.denied_in_a_row += 1
        stop = self._max_failures_reached()
        if stop is not None:
            return stop  # denied jobs count as failures, and fail when the run ends
        if health.denied_in_a_row == self._limits.max_denied:
            cause = f"{outcome.error_code}: {outcome.error_message}"
            reason = f"{self._limits.max_denied} jobs in a row were denied: {cause}"
            return StopLane(reason, is_denied=True)
        if len(health.held_denials) == jobs_left:
            return Release(self.release(health))
        return None

    def job_not_denied(self, health: LaneHealth) -> Sequence[Outcome]:
        """Record a job that was not denied. Returns the outcomes that were held back."""
        health.denied_in_a_row = 0
        return self.release(health)

    def release(self, health: LaneHealth) -> Sequence[Outcome]:
        """Return the lane's outcomes that are held back, and hold them no longer."""
        outcomes, health.held_denials = health.held_denials, []
        self.held -= len(outcomes)
        return outcomes

    def _max_failures_reached(self) -> StopRun | None:
        failures, most = self.failures + self.held, self._limits.max_failures
        if most is None or failures < most:
            return None
        return StopRun(f"{failures:,} failed, the maximum allowed")


def is_denied(answer: Answer) -> bool:
    """Whether a call was denied for lack of a permission."""
    return isinstance(answer, Failure) and answer.fault is Fault.DENIED


def ends_lane(failure: Failure) -> bool:
    """Whether a failure ends its lane at once, because no retry can succeed."""
    return failure.fault is Fault.UNTRUSTED
