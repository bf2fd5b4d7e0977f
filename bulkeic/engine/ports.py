"""What the engine needs from outside, as Protocols; and the clock that it runs by."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bulkeic.core.model import Answer, Call, Job, Lane, Outcome
from bulkeic.core.reconcile import BeforeImage


class Caller(Protocol):
    """Makes a call for a job. Whatever happens to it comes back as data."""

    async def call(self, job: Job, call: Call) -> Answer:
        """One attempt. It ends within the caller's own time-out."""


class Sink(Protocol):
    """Takes outcomes as they come."""

    def put(self, outcome: Outcome) -> None:
        """Takes one outcome; does not block."""

    def keep(self, job: Job, seen: BeforeImage, then: Callable[[], None]) -> None:
        """Takes what a target had, and calls back when it is kept, durably; does not block."""

    def drop(self, jobs: int) -> None:
        """Takes note of jobs that get no outcome: their lane has stopped."""


class Feed(Protocol):
    """Where the jobs come from, lane by lane."""

    def lanes(self) -> Mapping[Lane, int]:
        """The lanes that have jobs, each with their number."""

    def take(self, lane: Lane) -> Sequence[Job]:
        """The lane's next jobs, a handful in order; none when there are no more for now."""


class Timer(Protocol):
    """A call that is still to come."""

    def cancel(self) -> None:
        """It will not come."""


class LanePace(Protocol):
    """How a lane's rate answers to what becomes of its calls. Time is the clock's seconds."""

    def rate(self, now: float) -> float:
        """Calls a second that are right at this moment."""

    def passed(self, now: float) -> None:
        """Takes note of a call that was let through, whatever else became of it."""

    def throttled(self, sent_at: float, now: float) -> bool:
        """Takes note of a throttle: whether the rate was changed for it."""


class Clock(Protocol):
    """Time, as the engine sees it."""

    def now(self) -> float:
        """Seconds, from any moment on; never goes back."""

    def wall(self) -> float:
        """Unix time in seconds."""

    def call_at(self, at: float, callback: Callable[[], None]) -> Timer:
        """Calls back at a time, in the event loop."""


class SystemClock:
    """The real time."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def wall(self) -> float:
        """Unix time in seconds."""
        return time.time()

    def call_at(self, at: float, callback: Callable[[], None]) -> Timer:
        """Calls back at a time, in the event loop."""
        return asyncio.get_running_loop().call_later(max(0.0, at - self.now()), callback)
