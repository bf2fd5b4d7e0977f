"""A job under way, and the outcome that it comes to."""

from typing import TYPE_CHECKING

from bulkeic.core.model import Answer, Call, Job, Operation, Outcome, Settings, Status, rfc3339
from bulkeic.core.policy import Policy
from bulkeic.core.reconcile import Decision, ReadConfig, reread_stale

if TYPE_CHECKING:
    from bulkeic.engine.lane import LaneWork

# Seconds. Somebody else may well have changed a target that was read longer ago.
_STALE_S = 5.0
_WITHOUT_SETTINGS = (Operation.GET, Operation.GET_FUNCTION)


class ActiveJob:
    """A job under way: what has been tried so far. Times are the clock's seconds.

    Attributes:
        call: that is made, or is to be made next.
        read: what was read of the target before it is changed.
        read_at: when it was asked for.
        sent: the settings of the last call that changes the target.
        tries: of this call.
        attempts: of all calls of the job.
        counted: tries of this call that count towards the most that are allowed.
        spent: ``tries`` and ``counted`` of the change, while the target is read again.
        since: when the job began to wait for its token.
        sent_at: when the last call was sent.
        tried_at: when the call before that was sent; the same for the first.
        in_silence: whether it was sent while its lane did not answer, or had not yet.
    """

    __slots__ = (
        "attempts", "call", "call_s", "conflicts", "counted", "in_silence", "job", "lane", "read",
        "read_at", "sent", "sent_at", "since", "spent", "started_at", "started_wall", "throttles",
        "tried_at", "tries", "wait_s",
    )  # fmt: skip

    def __init__(self, job: Job, lane: "LaneWork", since: float) -> None:
        self.job = job
        self.lane = lane
        self.call: Call | None = None
        self.read: ReadConfig | None = None
        self.read_at = 0.0
        self.sent: Settings | None = None
        self.tries = 0
        self.attempts = 0
        self.counted = 0
        self.spent = (0, 0)
        self.throttles = 0
        self.conflicts = 0
        self.wait_s = 0.0
        self.call_s = 0.0
        self.since = since
        self.sent_at = 0.0
        self.tried_at = 0.0
        self.started_at = 0.0
        self.started_wall = 0.0
        self.in_silence = False

    def go_on(self, call: Call, read: ReadConfig | None) -> None:
        """Takes note of the next call, and of what was read just now."""
        self.call = call
        if read is not None:
            self.read, self.read_at = read, self.sent_at
        if call.operation in _WITHOUT_SETTINGS:
            self.tries = self.counted = 0
        else:
            self.sent = call.settings
            self.tries, self.counted = self.spent

    def refresh(self, rules: Policy, now: float) -> bool:
        """Whether the target is to be read again, since what was read is too old to rely on."""
        if self.read is None or self.call is None or now - self.read_at < _STALE_S:
            return False
        job, call = reread_stale(self.job, rules, self.call, self.read)
        if call is self.call:
            return False
        self.job, self.call = job, call
        self.spent = (self.tries, self.counted)
        self.tries = self.counted = 0
        return True

    @property
    def is_metered(self) -> bool:
        """Whether its call takes a token of the lane's bucket."""
        return self.call is None or self.call.operation.is_metered

    def outcome(self, verdict: Decision, status: Status, answer: Answer, now: float) -> Outcome:
        """What became of the job.

        Args:
            verdict: the end of it.
            status: the verdict's.
            answer: the last one.
            now: the clock's seconds.
        """
        job = self.job
        settings = job.settings if self.sent is None else self.sent
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
            verdict.code,
            verdict.message,
            answer.request_id,
            rfc3339(self.started_wall),
            round(now - self.started_at, 6),
            round(self.call_s, 6),
            round(self.wait_s, 6),
            settings.to_api(),
            verdict.config,
            before if self.read is None else self.read.as_answered(),
        )
