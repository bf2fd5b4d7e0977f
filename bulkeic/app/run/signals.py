"""SIGINT, SIGTERM and SIGHUP during a run: counted, never raised."""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

import anyio

from bulkeic.output.console import Console


def ending_signals() -> list[signal.Signals]:
    """The signals that end a command; SIGHUP unless ``nohup`` ignores it."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM] + ([] if ignored else [signal.SIGHUP])


class SignalWatch:
    """Counts signals, so that none raises an exception. A context manager.

    Attributes:
        count: of the signals so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived = anyio.Event()

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._add) for number in ending_signals()}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    async def wait_for_more(self, known: int) -> None:
        """Waits until more than ``known`` signals have arrived."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                # Replaced before the count is read: a signal right after that sets the new event.
                self._arrived = anyio.Event()
                if self.count > known:
                    return
                await self._arrived.wait()
        finally:
            self._loop = None

    async def handle(
        self, stop: Callable[[], None], quit_now: Callable[[], None], console: Console
    ) -> None:
        """Stops the work at the first signal, and quits at the second.

        Args:
            stop: lets the calls in flight finish.
            quit_now: cancels them.
            console: prints what a second signal does.
        """
        await self.wait_for_more(known=0)
        stop()
        console.print("stopping: calls in flight finish; press Ctrl-C again to quit at once")
        await self.wait_for_more(known=1)
        quit_now()

    def _add(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._arrived.set)
