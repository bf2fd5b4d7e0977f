"""Work that is repeated in a thread, until it is done one last time."""

import threading
from collections.abc import Callable
from contextlib import suppress

_LEAST_PAUSE_S = 1.0


class PeriodicThread:
    """Works every few seconds.

    Args:
        name: of the thread.
        work: raises no errors.
        every_s: longest time between two times, seconds.
    """

    def __init__(self, name: str, work: Callable[[], None], every_s: float) -> None:
        self._work = work
        self._every_s = every_s
        self._due = threading.Event()
        self._closing = threading.Event()
        # A thread that hangs does not hold up the end of the process.
        self._thread = threading.Thread(target=self._repeat, name=name, daemon=True)

    def hasten(self) -> None:
        """Starts the thread, or has it work as soon as the shortest pause is over."""
        self._due.set()
        if self._thread.ident is None:
            with suppress(RuntimeError):  # there can be no more threads now
                self._thread.start()

    def close(self, limit_s: float) -> bool:
        """Works one last time, if the thread was started: whether that has ended.

        Args:
            limit_s: longest time to wait for that, seconds.
        """
        if self._thread.ident is not None:
            self._closing.set()
            self._due.set()
            self._thread.join(limit_s)
        return not self._thread.is_alive()

    def _repeat(self) -> None:
        is_last = False
        while not is_last:
            self._due.wait(self._every_s)
            self._due.clear()
            is_last = self._closing.is_set()
            self._work()
            self._closing.wait(_LEAST_PAUSE_S)
