"""SIGINT, SIGTERM and SIGHUP while a run is at work: counted, never raised."""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

import anyio

from bulkeic.output.console import Console


def ending_signals() -> list[signal.Signals]:
    """The signals that end a command in good order; SIGHUP only if ``nohup`` left it on."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM] + ([] if ignored else [signal.SIGHUP])


class SignalWatch:
    """Counts signals from entry to exit, so that none arrives where nobody expects it."""

    def __init__(self) -> None:
        self.count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._came = anyio.Event()

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in ending_signals()}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    async def next(self, known: int) -> None:
        """Returns when more signals than those known have come."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                # Before the count is looked at: a signal just after it sets this one.
                self._came = anyio.Event()
                if self.count > known:
                    return
                await self._came.wait()
        finally:
            self._loop = None

    async def obey(
        self, stop: Callable[[], None], leave: Callable[[], None], screen: Console
    ) -> None:
        """The first signal stops the work in good order, the second one ends it at once."""
        await self.next(known=0)
        stop()
        screen.say("stopping: calls in flight finish; Ctrl-C again leaves at once")
        await self.next(known=1)
        leave()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._came.set)
