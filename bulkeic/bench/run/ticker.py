"""Calls back in an event loop, on time.

An event loop's own timers are precise to a millisecond, a twentieth of a call that takes 20 ms. A
thread that waits on a timer of the operating system is at least ten times as precise.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

THREAD_NAME = "bench-ticker"


class Ticker:
    """Calls back in the event loop whenever something is due. A context manager.

    Args:
        on_tick: does what is due; returns when the next tick is due, in seconds of
            ``time.monotonic``, or ``None`` for no more ticks.
    """

    def __init__(self, on_tick: Callable[[], float | None]) -> None:
        self._on_tick = on_tick
        self._due: float | None = None
        self._changed = threading.Event()
        self._is_open = True
        self._thread = threading.Thread(target=self._wait, name=THREAD_NAME, daemon=True)

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._tick()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_open, self._due = False, None
        self._changed.set()
        self._thread.join()

    def _tick(self) -> None:
        if self._is_open:
            self._due = self._on_tick()
            self._changed.set()

    def _wait(self) -> None:
        while True:
            self._changed.wait()
            self._changed.clear()
            due = self._due
            if due is None:
                return
            # The next due time is known only after this tick, so only the end interrupts the wait.
            delay = due - time.monotonic()
            # A delay beyond TIMEOUT_MAX ticks early, and on_tick returns the same due time again.
            if delay > 0 and self._changed.wait(min(delay, threading.TIMEOUT_MAX)):
                return
            self._loop.call_soon_threadsafe(self._tick)
