"""Workers without work: they wait to be roused, and one of them is roused by the clock."""

import math

import anyio

from bulkeic.engine.ports import Clock, Timer


class Wakeups:
    """The workers that have nothing to do.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._parked: list[anyio.Event] = []
        self._alarm = math.inf
        self._timer: Timer | None = None

    async def wait(self) -> None:
        """Returns when this worker has been roused."""
        event = anyio.Event()
        self._parked.append(event)
        await event.wait()

    def rouse_at(self, due: float) -> None:
        """Sees to it that one is roused at a time, the clock's seconds, or earlier."""
        if due >= self._alarm:
            return
        self.end()
        self._alarm = due
        self._timer = self._clock.call_at(due, self._ring)

    def rouse_one(self) -> None:
        """Rouses the worker that has waited for the shortest time."""
        if self._parked:
            self._parked.pop().set()

    def rouse_all(self) -> None:
        """Rouses every worker."""
        while self._parked:
            self._parked.pop().set()

    def end(self) -> None:
        """Waits for the clock no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._alarm, self._timer = math.inf, None

    def _ring(self) -> None:
        self._alarm, self._timer = math.inf, None
        self.rouse_one()
