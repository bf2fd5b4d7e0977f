"""Virtual time: it passes only while every task waits, and then at once.

A run of an hour takes a moment. A run that waits for an event that never comes fails instead of
hanging.
"""

import asyncio
import random
import selectors
from collections.abc import Callable
from typing import Any

EPOCH = 1_700_000_000.0
START = 1000.0


class VirtualSelector(selectors.SelectSelector):
    """A selector without files: it only advances the time."""

    now = START

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("every task waits for an event that never comes")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is the selector's."""

    def __init__(self) -> None:
        self._virtual_selector = VirtualSelector()
        super().__init__(self._virtual_selector)

    def time(self) -> float:
        return self._virtual_selector.now


def now() -> float:
    return asyncio.get_running_loop().time()


class VirtualClock:
    """The engine's clock, in the loop's time."""

    def now(self) -> float:
        return now()

    def wall(self) -> float:
        return EPOCH + now()

    def call_at(self, at: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_at(max(now(), at), callback)


class HalfJitter(random.Random):
    """Jitter that is always half of its maximum."""

    def random(self) -> float:
        return 0.5
