"""A job that has started, and its outcome."""

import msgspec

from bulkeic.core.change.confirmation import Doubt, doubt_before, first_doubt
from bulkeic.core.change.policy import Policy
from bulkeic.core.change.reconcile import Decision, ReadConfig
from bulkeic.core.change.stale_reads import reread_stale
from bulkeic.core.listing import LISTS
from bulkeic.core.model import (
    Answer,
    Call,
    Failure,
    Fault,
    Job,
    Operation,
    Outcome,
    Settings,
    Status,
    rfc3339,
    shared_api,
)
from bulkeic.core.pacing.retry import RetryLimit, retry_limit
from bulkeic.core.summary import Traffic
from bulkeic.engine.failed_attempt import FailedAttempt

# Someone else may have changed a target that was read more seconds ago than this.
_STALE_S = 5.0
_READS = frozenset({Operation.GET, Operation.GET_FUNCTION}) | LISTS


class ActiveJob(msgspec.Struct, eq=False):
    """The state of a job over all its calls. Times are the clock's seconds.

    Attributes:
        job: the job.
        waiting_since: when it began to wait for a token.
        call: the current or next call; ``None``: the job has not started.
        read: what was read of the target before it is changed.
        read_at: when that read was sent, on a clock that also counts suspensions.
        doubt: a change that may have been made; ``None``: there is none.
        sent_settings: the settings of the last call that changes the target.
        attempts: attempts of all calls of the job.
        call_attempts: attempts of the current call.
        counted_attempts: those that count towards the maximum.
        change_attempts: ``call_attempts`` and ``counted_attempts`` of the change, while the target
            is read again.
        sent_at: when the last attempt was sent.
        really_sent_at: the same on a clock that also counts suspensions.
        previous_sent_at: when the attempt before it was sent; ``sent_at`` for the first.
        call_s: seconds that the last attempt took.
        wait_s: seconds that the job waited for tokens.
        started_at: when the job started.
        started_wall: the same as Unix time.
        is_retry: whether the last attempt repeats a call, or reads the target again.
        is_unresponsive_call: whether its lane had not answered when the last attempt was sent.
        first_failed_at: when the job first failed, for each limit of retries.
    """

    job: Job
    waiting_since: float
    call: Call | None = None
    read: ReadConfig | None = None
    read_at: float = 0.0
    doubt: Doubt | None = None
    sent_settings: Settings | None = None
    attempts: int = 0
    call_attempts: int = 0
    counted_attempts: int = 0
    change_attempts: tuple[int, int] = (0, 0)
    throttles: int = 0
    conflicts: int = 0
    wait_s: float = 0.0
    call_s: float = 0.0
    sent_at: float = 0.0
    really_sent_at: float = 0.0
    previous_sent_at: float = 0.0
    started_at: float = 0.0
    started_wall: float = 0.0
    is_retry: bool = False
    is_unresponsive_call: bool = False
    first_failed_at: dict[RetryLimit, float] | None = None

    @property
    def is_metered(self) -> bool:
        """Whether its call takes a token of the lane's bucket."""
        return self.call is None or self.call.operation.is_metered

    def start(self, call: Call, policy: Policy, now: float, wall: float) -> None:
        """Start the job.

        Args:
            call: its first one.
            policy: of the run.
            now: the time.
            wall: the same as Unix time.
        """
        job, since = self.job, self.waiting_since
        self.call = call
        if call.operation not in _READS:
            self.sent_settings = call.settings
        if job.may_be_sent:
            self.doubt = first_doubt(job, policy)
        self.started_at = min(now, since)
        self.started_wall = wall - (now - self.started_at)

    def set_call(self, call: Call, read: ReadConfig | None) -> None:
        """Set the call after the first one, and what was just read of the target."""
        previous, self.call = self.call, call
        if read is not None:
            self.read, self.read_at = read, self.really_sent_at
        self.doubt = doubt_before(self.doubt, previous, call, read)
        if call.operation in _READS:
            self.call_attempts = self.counted_attempts = 0
        else:
            self.sent_settings = call.settings
            self.call_attempts, self.counted_attempts = self.change_attempts

    def reread_if_stale(self, now: float) -> bool:
        """Read the target again if the last read is too old. Returns whether it is.

        Args:
            now: the time on a clock that also counts suspensions.
        """
        if self.read is None or self.call is None or now - self.read_at < _STALE_S:
            return False
        job, call = reread_stale(self.job, self.call, self.read)
        if call is self.call:
            return False
        self.job, self.call = job, call
        self.change_attempts = (self.call_attempts, self.counted_attempts)
        self.call_attempts = self.counted_attempts = 0
        return True

    def count_attempt(self, traffic: Traffic, *, is_reread: bool) -> None:
        """Count an attempt that starts."""
        self.attempts += 1
        self.call_attempts += 1
        traffic.calls += 1
        confirms = self.doubt is not None and self.doubt.is_being_confirmed
        self.is_retry = is_reread or confirms or self.call_attempts > 1
        if self.is_retry:
            traffic.retries += 1

    def undo_attempt(self, traffic: Traffic) -> None:
        """Count an attempt no longer: its lane waits for credentials, and nothing was sent."""
        self.attempts -= 1
        self.call_attempts -= 1
        self.sent_at = self.previous_sent_at
        traffic.calls -= 1
        traffic.retries -= self.is_retry

    def count_failure(self, failure: Failure, traffic: Traffic) -> str:
        """Count a failed attempt. Returns the name of its log event."""
        if not failure.sent:
            traffic.calls -= 1
            traffic.retries -= self.is_retry
            return "not sent"
        if failure.fault is Fault.THROTTLED:
            self.throttles += 1
            traffic.throttles += 1
            return "throttled"
        if failure.fault is Fault.CONFLICT:
            self.conflicts += 1
            traffic.conflicts += 1
        return "retry"

    def limit_of(self, failure: Failure) -> RetryLimit:
        """What limits the retries of the call, after a failure."""
        assert self.call is not None  # noqa: S101 - it was just sent
        return retry_limit(failure, self.call)

    def failed_attempt(self, failure: Failure, limit: RetryLimit, now: float) -> FailedAttempt:
        """Describe an attempt that failed, for the decision whether to retry it."""
        if self.first_failed_at is None:
            self.first_failed_at = {}
        since = self.first_failed_at.setdefault(limit, now)
        return FailedAttempt(failure, limit, self.call_attempts, self.counted_attempts, now - since)

    def begin_confirmation(self, call: Call, failure: Failure) -> None:
        """Prepare the confirming read, which has attempts and time limits of its own.

        Args:
            call: that ended.
            failure: its last one.
        """
        self.doubt = Doubt(call, failure, is_being_confirmed=True)
        self.first_failed_at = None

    def outcome(self, decision: Decision, status: Status, answer: Answer, now: float) -> Outcome:
        """The job's outcome.

        Args:
            decision: how the job ends.
            status: the decision's status.
            answer: the last answer.
            now: the time.
        """
        job = self.job
        settings = job.settings if self.sent_settings is None else self.sent_settings
        before = job.before if job.may_be_sent else None
        return Outcome(
            job.seq,
            job.source,
            job.function_name,
            job.target,
            status,
            self.attempts,
            self.throttles,
            self.conflicts,
            answer.http_status,
            decision.code,
            decision.message,
            answer.request_id,
            rfc3339(self.started_wall),
            _to_micros(now - self.started_at),
            _to_micros(self.call_s),
            _to_micros(self.wait_s),
            shared_api(settings),
            decision.config,
            before if self.read is None else self.read.as_answered(),
            None if job.owner is None else str(job.owner),
        )


def _to_micros(seconds: float) -> float:
    """Round seconds, at least 0, to microseconds, faster than ``round``."""
    return int(seconds * 1e6 + 0.5) / 1e6
