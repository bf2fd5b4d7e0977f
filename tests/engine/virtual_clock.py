"""Virtual time: it passes only when every task waits, and then at once.

An hour's run takes a moment, and a run that waits for something that never comes fails instead of
hanging.
"""

import asyncio
import random
import selectors
from collections.abc import Callable
from typing import Any

EPOCH = 1_700_000_000.0
START = 1000.0


class Jump(selectors.SelectSelector):
    """Nothing but time ever happens, so waiting for it is over at once."""

    now = START

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("every task waits, and for nothing that will ever come")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is the selector's."""

    def __init__(self) -> None:
        self._jump = Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def now() -> float:
    return asyncio.get_running_loop().time()


class VirtualClock:
    """The engine's clock, on the loop's time."""

    def now(self) -> float:
        return now()

    def wall(self) -> float:
        return EPOCH + now()

    def call_at(self, at: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_at(max(now(), at), callback)


class HalfWay(random.Random):
    """Jitter that is always half of what it may be."""

    def random(self) -> float:
        return 0.5
