"""Idle tasks of an engine. They wait to be woken; only one timer runs for all of them."""

import math

import anyio

from bulkeic.engine.ports import Clock, Timer


class Wakeups:
    """The tasks that are idle.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._idle: list[anyio.Event] = []
        self._timer_due = math.inf
        self._timer: Timer | None = None

    @property
    def has_idle(self) -> bool:
        """Whether a task waits."""
        return bool(self._idle)

    async def wait(self) -> None:
        """Wait until this task is woken."""
        event = anyio.Event()
        self._idle.append(event)
        await event.wait()

    def wake_at(self, due: float) -> None:
        """Wake one task at a time (the clock's seconds), or earlier."""
        if due >= self._timer_due:
            return
        self.cancel_timer()
        self._timer_due = due
        self._timer = self._clock.call_at(due, self._on_timer)

    def wake_one(self) -> None:
        """Wake the task that became idle last."""
        if self._idle:
            self._idle.pop().set()

    def wake_all(self) -> None:
        """Wake every task."""
        while self._idle:
            self._idle.pop().set()

    def cancel_timer(self) -> None:
        """Cancel the timer, if it runs."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due, self._timer = math.inf, None

    def _on_timer(self) -> None:
        self._timer_due, self._timer = math.inf, None
        self.wake_one()
