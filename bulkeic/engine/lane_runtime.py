"""One lane at work: its next jobs, its tokens, its calls in flight.

- Every call takes a token of the lane's bucket.
- One job of a function at a time: two calls at once would make a conflict of one's own doing.
- The first call of a lane goes alone. Its answer opens the lane: tokens are gained from then on, so
  that the server, which counts from the call's arrival, never has fewer than the lane believes.
- A lane has no more calls in flight than its rate needs at the latency it sees (Little's law), and
  one alone while it does not answer. All lanes that do not answer share a part of the run's
  concurrency, so that they cannot hold it.
- Without credentials nothing is sent: the token goes back, and the pace stays as it is.
"""

import heapq
import math
from collections import deque
from collections.abc import Sequence

from bulkeic.core.model import UNANSWERED, Answer, Failure, Fault, Job, Lane
from bulkeic.core.pacing.adaptive_rate import AdaptiveRate
from bulkeic.core.pacing.aimd import AimdRate
from bulkeic.core.pacing.forecast import USUAL_CALL_S, LaneLeft
from bulkeic.core.pacing.retry import LONGEST_RETRY_AFTER_S, is_retryable
from bulkeic.core.pacing.token_bucket import TokenBucket
from bulkeic.engine.active_job import ActiveJob
from bulkeic.engine.limits import AUTO, EngineLimits
from bulkeic.engine.ports import Feed, LanePace
from bulkeic.engine.unresponsive_lanes import UnresponsiveLanes

_NARROWEST = 4
_HEADROOM = 2.0
_SMOOTHING = 0.1
_UNSETTLED = 2
_BREATH_S = 0.2
_MOST_WAITING = 1000


class Meter:
    """What a lane may still send: its pace and its bucket. It may outlive the lane's work.

    Args:
        limits: of the run.
        now: the clock's seconds.
        pace: the lane's own; ``None``: that of the limits.
    """

    __slots__ = ("bucket", "narrow", "pace")

    def __init__(self, limits: EngineLimits, now: float, pace: LanePace | None = None) -> None:
        rate = limits.rate
        usual = AdaptiveRate(limits.headroom, now) if rate == AUTO else AimdRate(rate)
        self.pace: LanePace = pace or usual
        self.narrow = limits.narrow
        at_first = self.pace.rate(now)
        unlimited = math.isinf(at_first)
        self.bucket = None if unlimited else TokenBucket(at_first, limits.bucket_size, now)


class LaneRuntime:
    """The state of one lane.

    Args:
        lane: account and Region.
        feed: where its jobs come from.
        meter: its pace and its bucket.
        silence: what it shares with other lanes while it does not answer.
        concurrency: calls in flight at most, over all lanes.
        now: the clock's seconds.

    Attributes:
        left: jobs without an outcome.
        in_flight: calls.
        held: jobs that wait until what their targets had is kept.
        due: when the scheduler knows the next call to be due.
        dark_since: since when no call has been answered; ``inf``: the last one was.
        answered_at: when one was answered last.
        stopped: why no more calls start; ``None``: they do.
    """

    __slots__ = (
        "_behind", "_bucket", "_busy", "_dry", "_feed", "_head_since", "_is_narrow", "_latency_s",
        "_measured", "_narrowed_at", "_opened", "_pace", "_parked", "_paused_until", "_ready",
        "_silence", "_silent", "_waiting", "_widest", "_window", "answered_at", "dark_since", "due",
        "held", "in_flight", "lane", "left", "stopped",
    )  # fmt: skip

    def __init__(
        self,
        lane: Lane,
        feed: Feed,
        meter: Meter,
        silence: UnresponsiveLanes,
        *,
        concurrency: int,
        now: float,
    ) -> None:
        self.lane = lane
        self.left = 0
        self.in_flight = 0
        self.held = 0
        self.due = math.inf
        self.dark_since = math.inf
        self.answered_at = -math.inf
        self.stopped: str | None = None
        self._feed = feed
        self._silence = silence
        self._bucket = meter.bucket
        self._pace = meter.pace
        self._is_narrow = meter.narrow
        self._ready: deque[ActiveJob] = deque()
        self._parked: list[tuple[float, int, ActiveJob]] = []
        self._busy: set[str] = set()
        self._behind: dict[str, deque[ActiveJob]] = {}
        self._waiting = 0
        self._opened = False
        self._silent = False
        self._dry = False
        self._paused_until = -math.inf
        self._window = float(concurrency)
        self._widest = float(concurrency)
        self._narrowed_at = -math.inf
        self._latency_s = 0.0
        self._measured = 0
        self._head_since = now

    @property
    def rate_limited(self) -> bool:
        """Whether the lane has a rate of its own."""
        return self._bucket is not None

    def find_due(self, now: float) -> float:
        """When the next call may start; ``inf``: not before something happens."""
        if self.in_flight >= self._width(now) or self.stopped is not None:
            return math.inf
        at = self._paused_until
        if not (self._parked and self._parked[0][0] <= now) and not self._has_ready(now):
            if not self._parked:
                return math.inf
            at = max(at, self._parked[0][0])
        if self._bucket is not None:
            at = max(at, now + self._delay(now))
        if self._silent and at <= now and not self._silence.has_place(self):
            return math.inf
        return max(at, now)

    def take(self, now: float) -> ActiveJob:
        """The next work, with its token taken; only when ``find_due`` says that it is time."""
        if self._parked and self._parked[0][0] <= now:
            due, _, work = heapq.heappop(self._parked)
            work.since = max(due, work.since)
        else:
            work = self._ready.popleft()
            work.since = max(work.since, self._head_since)
            self._busy.add(work.job.target.function)
        self._head_since = now
        if self._bucket is not None:
            self._bucket.reserve(now)
        self.in_flight += 1
        work.in_silence = self._silent or not self._opened
        if work.in_silence:
            self._silence.take()
        work.wait_s += max(0.0, now - work.since)
        return work

    def take_again(self, work: ActiveJob, now: float) -> None:
        """Goes on with a job by a call that needs no token of the lane's."""
        self.in_flight += 1
        work.since = now
        work.in_silence = False

    def answered(self, work: ActiveJob, answer: Answer, now: float) -> bool:
        """Takes note of a call's end.

        Returns:
            Whether the lane was slowed down for it.
        """
        self.in_flight -= 1
        failure = answer if isinstance(answer, Failure) else None
        if failure is not None and not failure.sent:
            if self._bucket is not None and work.is_metered:
                self._bucket.refund()
            since = min(self.dark_since, work.sent_at)
            self.dark_since = since if is_retryable(failure.fault) else math.inf
            return False
        if not self._opened:
            self._opened = True
            if self._bucket is not None:
                self._bucket.restart(now)
        self._silent = failure is not None and failure.fault in UNANSWERED
        if self._silent:
            self.dark_since = min(self.dark_since, work.sent_at)
            return False
        self.dark_since = math.inf
        self.answered_at = now
        self._learn_latency(work.call_s)
        if failure is not None and failure.fault is Fault.THROTTLED:
            return self._throttled(work.sent_at, now, failure.retry_after_s)
        self._pace.passed(now)
        if self._window < self._widest:
            self._window = min(self._widest, self._window + 1 / self._window)
        return False

    def _learn_latency(self, call_s: float) -> None:
        # A lane's first call may have waited for credentials: the second one takes its place.
        self._measured += 1
        weight = _SMOOTHING if self._measured > _UNSETTLED else 1.0
        self._latency_s += weight * (call_s - self._latency_s)

    def park(self, work: ActiveJob, until: float) -> None:
        """Keeps a job for its next call; its function stays taken."""
        heapq.heappush(self._parked, (until, work.job.seq, work))

    def pause(self, until: float) -> None:
        """Starts no call before a time: what keeps this one from going keeps all others, too."""
        self._paused_until = max(self._paused_until, until)

    def finish(self, work: ActiveJob, now: float) -> None:
        """Gives the job's function free, for the next job that waits for it."""
        function = work.job.target.function
        self._busy.discard(function)
        behind = self._behind.get(function)
        if behind:
            following = behind.popleft()
            following.since = now
            self._ready.appendleft(following)
            self._waiting -= 1
            if not behind:
                del self._behind[function]

    def forget(self) -> None:
        """Forgets the jobs that have not begun."""
        self._ready.clear()
        self._behind.clear()
        self._waiting = 0

    def refilled(self) -> None:
        """Takes note that the feed has jobs again."""
        self._dry = False

    def rate(self, now: float) -> float:
        """Calls a second at this moment."""
        return self._pace.rate(now)

    def what_is_left(self, now: float, calls_each: int) -> LaneLeft:
        """What a forecast needs to know.

        Args:
            now: the clock's seconds.
            calls_each: that a job takes.
        """
        tokens = 0.0 if self._bucket is None else self._bucket.tokens(now)
        tokens += self.in_flight
        return LaneLeft(self.lane, self.left, self.rate(now), tokens, calls_each)

    @property
    def latency_s(self) -> float:
        """Seconds that a call takes, smoothed."""
        return self._latency_s or USUAL_CALL_S

    def _throttled(self, sent_at: float, now: float, retry_after_s: float | None) -> bool:
        if retry_after_s:
            self.pause(now + min(retry_after_s, LONGEST_RETRY_AFTER_S))
        if self._bucket is None:
            return self._narrow(sent_at, now)
        self._bucket.drain(now)
        return self._pace.throttled(sent_at, now)

    def _narrow(self, sent_at: float, now: float) -> bool:
        """Slows a lane down that has no rate: half the calls at once, after a breath."""
        if sent_at <= self._narrowed_at:
            return False
        self._narrowed_at = now
        self._window = max(1.0, self._window / 2)
        self.pause(now + _BREATH_S)
        return True

    def _delay(self, now: float) -> float:
        bucket = self._bucket
        assert bucket is not None  # noqa: S101 - callers have looked
        rate = self._pace.rate(now)
        if rate != bucket.rate:
            bucket.set_rate(rate, now)
        return bucket.delay(now)

    def _width(self, now: float) -> float:
        """Calls that may be in flight at once."""
        if not self._opened or self._silent:
            return 1
        if self._bucket is None or not self._is_narrow:
            return self._window
        needed = math.ceil(self._pace.rate(now) * self._latency_s * _HEADROOM)
        return max(_NARROWEST, needed)

    def _has_ready(self, now: float) -> bool:
        """Whether a job can start whose function is free; asks the feed for more if need be."""
        ready = self._ready
        while True:
            while ready and ready[0].job.target.function in self._busy:
                work = ready.popleft()
                self._behind.setdefault(work.job.target.function, deque()).append(work)
                self._waiting += 1
            if ready:
                return True
            if self._dry or max(self._waiting, len(self._parked), self.held) >= _MOST_WAITING:
                return False
            jobs = self._feed.take(self.lane)
            if not jobs:
                self._dry = True
                return False
            self._add(jobs, now)

    def _add(self, jobs: Sequence[Job], now: float) -> None:
        for job in jobs:
            self._ready.append(ActiveJob(job, self, now))
