"""The engine's dependencies as Protocols, and the system clock."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import Answer, Call, Job, Lane, Outcome

MayStart = Callable[[], bool]
"""Whether calls may start now. If it was false, ``Engine.wake`` must follow when it is true."""


class Caller(Protocol):
    """Makes calls. It returns failures as data."""

    async def call(self, job: Job, call: Call) -> Answer:
        """Make one attempt. It ends within the caller's own timeout."""


class Sink(Protocol):
    """Receives the results. Its methods do not block."""

    def put(self, outcome: Outcome) -> None:
        """Receive an outcome."""

    def store_before_image(
        self, job: Job, seen: BeforeImage, on_stored: Callable[[], None]
    ) -> None:
        """Store a target's before-image, durably. Then call ``on_stored``."""

    def drop(self, jobs: int) -> None:
        """Count jobs that get no outcome, because their lane has stopped."""


class Feed(Protocol):
    """Provides the jobs, lane by lane."""

    def lanes(self) -> Mapping[Lane, int]:
        """The lanes that have jobs, each with its number of jobs."""

    def take(self, lane: Lane) -> Sequence[Job]:
        """Take the lane's next jobs, in order; empty: it has none now."""


class Timer(Protocol):
    """A scheduled callback."""

    def cancel(self) -> None:
        """Cancel the callback."""


class Clock(Protocol):
    """The time, as the engine sees it."""

    def now(self) -> float:
        """Seconds since an arbitrary moment. It never goes back."""

    def wall(self) -> float:
        """Unix time in seconds."""

    def call_at(self, at: float, callback: Callable[[], None]) -> Timer:
        """Call back at a time (``now``'s seconds), in the event loop."""


class SystemClock:
    """The real time. It implements ``Clock``."""

    now = staticmethod(time.monotonic)
    wall = staticmethod(time.time)

    def call_at(self, at: float, callback: Callable[[], None]) -> Timer:
        """Call back at a time, in the event loop."""
        return asyncio.get_running_loop().call_later(max(0.0, at - self.now()), callback)
