"""One lane while it runs: its queue, its health, its rate limiter and its in-flight window.

- Every call takes a token of the lane's bucket.
- The first call of a lane runs alone. The lane gains tokens from its answer on. The server counts
  from the call's arrival, so it never has fewer tokens than the lane assumes.
- The in-flight window bounds the calls in flight. While a lane does not answer, it has one call in
  flight.
- A call that cannot be sent for lack of credentials returns its token and leaves the pace as it is.
- A lane that waits for credentials makes one call at a time, as one that does not answer.
"""

import math

from bulkeic.core.model import UNANSWERED, Answer, Failure, Fault, Lane
from bulkeic.core.pacing.forecast import LaneBacklog
from bulkeic.core.pacing.in_flight_window import SMALLEST, InFlightWindow, calls_needed
from bulkeic.core.pacing.retry import LONGEST_RETRY_AFTER_S, is_hold
from bulkeic.core.pacing.stray_throttles import PAUSE_S
from bulkeic.engine.active_job import ActiveJob
from bulkeic.engine.lanes.lane_health import LaneHealth
from bulkeic.engine.lanes.lane_queue import LaneQueue
from bulkeic.engine.lanes.rate_limiter import RateLimiter
from bulkeic.engine.lanes.unresponsive_lanes import UnresponsiveLanes
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.ports import Feed

_PAUSE_WHEN_NARROWED_S = 0.2
_NEVER = math.inf


class LaneRuntime:
    """One lane of a run. Times are the clock's seconds.

    Args:
        lane: account and Region.
        feed: provides its jobs.
        limiter: its rate limiter.
        unresponsive: the calls that all unresponsive lanes share.
        limits: of the run.
        now: the time.

    Attributes:
        left: jobs without an outcome.
        in_flight: calls.
        due: when its next call is due, as the schedule knows it.
        stopped: why it starts no more calls; ``None``: it does.
    """

    __slots__ = (
        "_limiter", "_limits_in_flight", "_paused_until", "_unresponsive", "_window", "due",
        "health", "in_flight", "lane", "left", "queue", "stopped",
    )  # fmt: skip

    def __init__(
        self,
        lane: Lane,
        feed: Feed,
        limiter: RateLimiter,
        unresponsive: UnresponsiveLanes,
        limits: EngineLimits,
        *,
        now: float,
    ) -> None:
        self.lane = lane
        self.left = 0
        self.in_flight = 0
        self.due = math.inf
        self.stopped: str | None = None
        self.queue = LaneQueue(lane, feed, now)
        self.health = LaneHealth()
        self._limiter = limiter
        self._window = InFlightWindow(limits.concurrency)
        self._limits_in_flight = limits.limit_in_flight and limiter.is_limited
        self._unresponsive = unresponsive
        self._paused_until = -math.inf

    def find_due(self, now: float) -> float:
        """When the next call may start; ``inf``: not before something happens."""
        if self.stopped is not None:
            return _NEVER
        if self.in_flight and self.in_flight >= self._max_in_flight(now):
            return _NEVER
        due = self.queue.next_due(now)
        if due == _NEVER:
            return due
        delay = self._limiter.delay(now)
        if delay:
            due = max(due, now + delay)
        due = max(due, self._paused_until)
        health = self.health
        if health.is_answering or due > now or not (health.was_called or health.holds):
            return due
        return due if self._unresponsive.admits(self.lane) else math.inf

    def start_next(self, now: float) -> ActiveJob:
        """Take the next job and a token. Call this only if ``find_due`` is ``now`` at most."""
        active = self.queue.pop(now)
        self._limiter.take_token(now)
        self.in_flight += 1
        active.is_unresponsive_call = not self.health.is_answering
        if active.is_unresponsive_call:
            self._unresponsive.start_call()
        if now > active.waiting_since:
            active.wait_s += now - active.waiting_since
        return active

    def start_unmetered(self, active: ActiveJob, now: float) -> None:
        """Start a job's next call, which needs no token."""
        self.in_flight += 1
        active.waiting_since = now
        active.is_unresponsive_call = False

    def end_call(self, active: ActiveJob, answer: Answer, now: float) -> bool:
        """Record the end of a call.

        Returns:
            Whether the lane slows down because of it.
        """
        self.in_flight -= 1
        failure = answer if isinstance(answer, Failure) else None
        if failure is not None and not failure.sent:
            if active.is_metered:
                self._limiter.return_token()
            if not is_hold(failure):
                self.health.record_unsent()
            return False
        if not self.health.was_called:
            self._limiter.restart(now)
        if failure is not None and failure.fault in UNANSWERED:
            self.health.record_unanswered(active.sent_at)
            return False
        self.health.record_answer(now, active.call_s)
        if failure is not None and failure.fault is Fault.THROTTLED:
            return self._throttled(active.sent_at, now, failure.retry_after_s)
        self._limiter.strategy.passed(now)
        if not self._limits_in_flight:
            self._window.widen()
        return False

    def hold(self, active: ActiveJob, delay_s: float, give_up_at_s: float, now: float) -> None:
        """Wait for credentials.

        Args:
            active: the job whose call needs them; it is the first one afterwards.
            delay_s: seconds to wait.
            give_up_at_s: seconds without credentials after which the lane is looked at again.
            now: the time.
        """
        self.queue.wait_until(active, now)
        if now >= self._paused_until:  # otherwise another job's call has met the same hold
            self.health.record_hold(active.sent_at)
        give_up_at = self.health.unanswered_since + give_up_at_s
        self.pause(min(now + delay_s, give_up_at) if give_up_at > now else now + delay_s)

    def start_empty(self, now: float) -> None:
        """Start with an empty bucket: another process may have used what the lane had."""
        self._limiter.drain(now)

    def pause(self, until: float) -> None:
        """Start no call before a time."""
        self._paused_until = max(self._paused_until, until)

    def rate(self, now: float) -> float | None:
        """Calls a second at this moment; ``None``: the lane has no rate."""
        return self._limiter.strategy.rate(now) if self._limiter.is_limited else None

    def backlog(self, now: float, calls_per_job: int) -> LaneBacklog:
        """The work that remains, for a forecast."""
        tokens = self._limiter.tokens(now) + self.in_flight
        return LaneBacklog(
            self.lane, self.left, self._limiter.strategy.rate(now), tokens, calls_per_job
        )

    def _max_in_flight(self, now: float) -> float:
        if not self.health.is_answering:
            return 1
        if not self._limits_in_flight:
            return self._window.size
        if self.in_flight < SMALLEST:
            return SMALLEST  # without a look at the rate
        return calls_needed(self._limiter.strategy.rate(now), self.health.latency_s)

    def _throttled(self, sent_at: float, now: float, retry_after_s: float | None) -> bool:
        if retry_after_s:
            self.pause(now + min(retry_after_s, LONGEST_RETRY_AFTER_S))
        if self._limiter.tolerates_throttle(sent_at, now):
            self.pause(now + PAUSE_S)
            return False
        if self._limiter.is_limited:
            return self._limiter.throttled(sent_at, now)
        narrowed = self._window.narrow(sent_at, now)
        if narrowed:
            self.pause(now + _PAUSE_WHEN_NARROWED_S)
        return narrowed
