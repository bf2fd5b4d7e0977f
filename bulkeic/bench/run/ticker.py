"""Beats in an event loop, on time.

An event loop's own timers are due to the millisecond, which is a twentieth of a call that takes
20 ms. A thread that waits for the operating system's is late by less than a tenth of that.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Ticker:
    """Calls back in the event loop whenever something is due. A context manager.

    Args:
        beat: does what is due, and says when the next is, ``time.monotonic``'s seconds; ``None``:
            there is nothing more.
    """

    def __init__(self, beat: Callable[[], float | None]) -> None:
        self._beat = beat
        self._due: float | None = None
        self._changed = threading.Event()
        self._beats = True
        self._thread = threading.Thread(target=self._wait, name="metronome", daemon=True)

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
        self._beats, self._due = False, None
        self._changed.set()
        self._thread.join()

    def _tick(self) -> None:
        if self._beats:
            self._due = self._beat()
            self._changed.set()

    def _wait(self) -> None:
        while True:
            self._changed.wait()
            self._changed.clear()
            due = self._due
            if due is None:
                return
            # Nothing but the end comes in between: the next beat is known only after this one.
            delay = due - time.monotonic()
            # Whoever is woken after a wait of years, too early, is told the same again.
            if delay > 0 and self._changed.wait(min(delay, threading.TIMEOUT_MAX)):
                return
            self._loop.call_soon_threadsafe(self._tick)
