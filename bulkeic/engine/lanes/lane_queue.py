"""The jobs of one lane that wait for a call.

====================  ===========================================
a job waits for       it is in
====================  ===========================================
a token               ``_ready``, the next one last
a job of its function ``_blocked``
a retry or next call  ``_waiting``, with the time it waits for
its before-image      no list; ``storing`` counts these jobs
====================  ===========================================

Only one job of a function runs at a time: two calls at once would cause a conflict.
"""

import heapq
import math
from collections import deque

from bulkeic.core.model import Lane
from bulkeic.engine.active_job import ActiveJob
from bulkeic.engine.ports import Feed

_MAX_WAITING = 1000


class LaneQueue:
    """The queue of one lane. Times are the clock's seconds.

    Args:
        lane: account and Region.
        feed: provides its jobs.
        now: the time.

    Attributes:
        storing: jobs that wait until their before-image is stored.
    """

    __slots__ = (
        "_blocked", "_blocked_count", "_busy", "_feed", "_first_since", "_is_feed_empty", "_lane",
        "_ready", "_waiting", "storing",
    )  # fmt: skip

    def __init__(self, lane: Lane, feed: Feed, now: float) -> None:
        self.storing = 0
        self._lane = lane
        self._feed = feed
        self._is_feed_empty = False
        self._ready: list[ActiveJob] = []
        self._waiting: list[tuple[float, int, ActiveJob]] = []
        self._busy: set[str] = set()
        self._blocked: dict[str, deque[ActiveJob]] = {}
        self._blocked_count = 0
        self._first_since = now

    def next_due(self, now: float) -> float:
        """When the next job can run; ``inf``: not before something happens."""
        first_due = self._waiting[0][0] if self._waiting else math.inf
        return now if first_due <= now or self._has_ready(now) else first_due

    def pop(self, now: float) -> ActiveJob:
        """Take the next job. Call this only if ``next_due`` is ``now`` at most."""
        if self._waiting and self._waiting[0][0] <= now:
            due, _, active = heapq.heappop(self._waiting)
            active.waiting_since = max(due, active.waiting_since)
        else:
            active = self._ready.pop()
            active.waiting_since = max(active.waiting_since, self._first_since)
            self._busy.add(active.job.target.function)
        self._first_since = now
        return active

    def wait_until(self, active: ActiveJob, due: float) -> None:
        """Queue a job for its next call. Its function stays busy."""
        heapq.heappush(self._waiting, (due, active.job.seq, active))

    def finish(self, active: ActiveJob, now: float) -> None:
        """Free a job's function for the next job that waits for it."""
        function = active.job.target.function
        self._busy.discard(function)
        blocked = self._blocked.get(function)
        if blocked:
            following = blocked.popleft()
            following.waiting_since = now
            self._ready.append(following)
            self._blocked_count -= 1
            if not blocked:
                del self._blocked[function]

    def discard_unstarted(self) -> None:
        """Discard the jobs that have not started."""
        self._ready.clear()
        self._blocked.clear()
        self._blocked_count = 0

    def feed_has_jobs(self) -> None:
        """Ask the feed again: it has more jobs."""
        self._is_feed_empty = False

    def _has_ready(self, now: float) -> bool:
        """Whether a job can start whose function is free. Asks the feed for more if necessary."""
        ready = self._ready
        while True:
            while ready and ready[-1].job.target.function in self._busy:
                active = ready.pop()
                self._blocked.setdefault(active.job.target.function, deque()).append(active)
                self._blocked_count += 1
            if ready:
                return True
            held = max(self._blocked_count, len(self._waiting), self.storing)
            if self._is_feed_empty or held >= _MAX_WAITING:
                return False
            jobs = self._feed.take(self._lane)
            if not jobs:
                self._is_feed_empty = True
                return False
            ready.extend(ActiveJob(job, now) for job in reversed(jobs))
