"""Time-outs of many exchanges with one timer.

All have the same length, so they end in the order in which they began: only the oldest needs a
timer.
"""

import asyncio
from typing import Protocol


class Expiring(Protocol):
    """An exchange that has a deadline."""

    def fail(self, error: Exception) -> None:
        """Ends it with an error."""


class Deadlines:
    """Ends each exchange that takes too long with ``TimeoutError``.

    Args:
        timeout_s: seconds for each.
        loop: the event loop.
    """

    __slots__ = ("_ends", "_loop", "_timeout_s", "_timer")

    def __init__(self, timeout_s: float, loop: asyncio.AbstractEventLoop) -> None:
        self._timeout_s = timeout_s
        self._loop = loop
        self._ends: dict[Expiring, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, exchange: Expiring, now: float) -> None:
        """Starts the time-out of an exchange.

        Args:
            exchange: not in here yet.
            now: the event loop's time, never earlier than in the call before.
        """
        self._ends[exchange] = end = now + self._timeout_s
        if self._timer is None:
            self._timer = self._loop.call_at(end, self._expire)

    def remove(self, exchange: Expiring) -> None:
        """Stops the time-out of an exchange."""
        del self._ends[exchange]

    def _expire(self) -> None:
        self._timer = None
        now = self._loop.time()
        expired = []
        for exchange, end in self._ends.items():
            if end > now:
                self._timer = self._loop.call_at(end, self._expire)
                break
            expired.append(exchange)
        for exchange in expired:
            exchange.fail(TimeoutError())
