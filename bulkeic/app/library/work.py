"""Work that a library call has started: awaited, watched, stopped.

The steps of a command that read and write files run in a thread of their own, one after the other.
All calls to AWS run on the loop of the program that called, while that thread waits.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import suppress
from types import TracebackType
from typing import Generic, Self, TypeVar

import anyio
import anyio.to_thread

from bulkeic.app.access.runtime import use_host_loop
from bulkeic.app.library.silent_host import SilentHost
from bulkeic.app.library.work_progress import ProgressFeed, WorkProgress
from bulkeic.core.errors import BulkeicError

T = TypeVar("T")
_STOPPED = "stopped by the program"
_CANCELLED = "cancelled by the program"


class Work(Generic[T]):
    """Work on a run, which starts when it is awaited, or entered with ``async with``.

    ``await work`` gives its result. ``async with work`` lets a program work with it:
    iterate over ``work`` for the progress, or stop it. The block ends when the work has ended. An
    error or a cancellation in the block stops the work first: calls in flight finish and are
    recorded, so that the run can be resumed.

    Args:
        command: does the work in a thread of anyio.

    Raises:
        BulkeicError: why nothing was sent; ``await`` raises it, and the end of the block.
    """

    def __init__(self, command: Callable[[SilentHost], T]) -> None:
        self._command = command
        self._news = asyncio.Event()
        self._feed = ProgressFeed(self._news.set)
        self._task: asyncio.Task[T] | None = None

    @property
    def result(self) -> T:
        """The result.

        Raises:
            BulkeicError: why nothing was sent.
            RuntimeError: the work has not ended.
        """
        if self._task is None or not self._task.done():
            raise RuntimeError("the work has not ended; await it first")
        return self._task.result()

    def stop(self, reason: str = _STOPPED) -> None:
        """Starts no more calls. Calls in flight finish, and the run can be resumed.

        Call it on the loop of the work.

        Args:
            reason: for people; ``stopped`` of the result has it.
        """
        self._feed.stop(reason)

    async def __aenter__(self) -> Self:
        if self._task is not None:
            raise RuntimeError("the work was started before; call the function again")
        self._task = asyncio.create_task(self._work())
        self._task.add_done_callback(lambda _: self._news.set())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._task is not None  # noqa: S101 - it was entered
        if error is None:
            await self._wait(self._task)
            self._task.result()
            return
        self.stop(_CANCELLED if isinstance(error, asyncio.CancelledError) else _STOPPED)
        await _end(self._task)

    def __await__(self) -> Generator[None, None, T]:
        return self._finish().__await__()

    async def __aiter__(self) -> AsyncIterator[WorkProgress]:
        """The progress as it comes, until the work has ended. An error is not raised here."""
        if self._task is None:
            raise RuntimeError("the work has not started; use async with")
        self._feed.readers += 1  # one that was left may end only after the next has begun
        try:
            while True:
                self._news.clear()
                is_done = self._task.done()
                while (progress := self._feed.take()) is not None:
                    yield progress
                if is_done:
                    return
                await self._news.wait()
        finally:
            self._feed.readers -= 1

    async def _finish(self) -> T:
        async with self:
            pass
        return self.result

    async def _work(self) -> T:
        own_thread = anyio.CapacityLimiter(1)  # those of the program stay free
        return await anyio.to_thread.run_sync(self._run, limiter=own_thread)

    def _run(self) -> T:
        use_host_loop(lambda: self._feed.reason)
        host = SilentHost(self._feed)
        try:
            return self._command(host)
        except BulkeicError as error:
            for line in host.console.lines:
                error.add_note(line)
            raise

    async def _wait(self, task: asyncio.Task[T]) -> None:
        """Waits for the end; a cancellation stops the work first."""
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            self.stop(_CANCELLED)
            await _end(task)
            raise


async def _end(task: asyncio.Task[T]) -> None:
    """Waits for the end, even if the caller is cancelled; an error is not raised."""
    with anyio.CancelScope(shield=True):
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # else asyncio would print it


async def in_thread(function: Callable[[], T]) -> T:
    """What a function returns that runs in a thread.

    A cancellation is raised when the function has ended: until then, it uses the run file.
    """
    task = asyncio.ensure_future(anyio.to_thread.run_sync(function))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _end(task)
        raise
