"""The time that passes while this process runs.

While a process is suspended (SIGSTOP, a laptop that sleeps), it cannot receive answers, so that
time says nothing about a server. A timer looks at the clock every second. If two looks are further
apart, the process did not run in between.
"""

from collections.abc import Callable

from bulkeic.engine.ports import Clock, Timer

_LOOK_EVERY_S = 1.0
_LONGEST_GAP_S = 3.0


class AwakeClock:
    """A clock that stands still while the process is suspended. It implements ``Clock``.

    Args:
        clock: the time, which passes also then.

    Attributes:
        suspended_s: seconds of all suspensions so far.
        wall: Unix time in seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self.suspended_s = 0.0
        self.wall = clock.wall
        self._clock = clock
        self._now = clock.now
        self._seen_at = 0.0
        self._timer: Timer | None = None

    def start(self) -> None:
        """Start to look for suspensions."""
        self._seen_at = self._clock.now()
        self._timer = self._clock.call_at(self._seen_at + _LOOK_EVERY_S, self._look)

    def stop(self) -> None:
        """Look no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def now(self) -> float:
        """Seconds since an arbitrary moment, without suspensions."""
        now = self._now()
        if self._timer is not None:
            if now - self._seen_at > _LONGEST_GAP_S:
                self.suspended_s += now - self._seen_at - _LOOK_EVERY_S
            self._seen_at = now
        return now - self.suspended_s

    def call_at(self, at: float, callback: Callable[[], None]) -> Timer:
        """Call back at a time (``now``'s seconds), or earlier if the process is suspended."""
        return self._clock.call_at(at + self.suspended_s, callback)

    def _look(self) -> None:
        self.now()
        self._timer = self._clock.call_at(self._seen_at + _LOOK_EVERY_S, self._look)
