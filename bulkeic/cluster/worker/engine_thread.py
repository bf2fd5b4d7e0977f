"""The engine of a worker in a thread with an event loop of its own."""

import asyncio
import threading
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from functools import partial
from typing import Any

import anyio

from bulkeic.app.access.runtime import first_cause, run_async
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.aws.identity.access import Access
from bulkeic.cluster.messages import Ask, Begin, Tell
from bulkeic.cluster.worker.lane_host import LaneHost, LeaseLostError


class EngineEndedError(Exception):
    """The engine of a worker has ended: it makes no calls any more. The text says why."""


class EngineThread:
    """Hosts the engine for one command, until it is ended or loses its lease.

    The thread is a daemon: a worker process that ends does not wait for it.

    Args:
        begin: the command's first message.
        access: the worker's own access to AWS.
    """

    def __init__(self, begin: Begin, access: Access) -> None:
        self._ready: Future[LaneHost] = Future()
        self._ended: Future[str] = Future()
        self._reason = "the command has ended its work"
        self._loop: asyncio.AbstractEventLoop | None = None
        work = threading.Thread(
            target=self._run, args=(begin, access), name="bulkeic engine", daemon=True
        )
        work.start()
        _wait_for_one(self._ready, self._ended)

    def exchange(self, ask: Ask) -> Tell:
        """Takes what the command has sent, and returns what was done.

        Raises:
            EngineEndedError: the engine has ended.
        """
        if self._ended.done() or self._loop is None:
            raise EngineEndedError(self._ended.result())
        work = self._ready.result().exchange(ask)
        try:
            answer = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # the loop is closed
            work.close()
            raise EngineEndedError(self._ended.result()) from None
        _wait_for_one(answer, self._ended)
        if answer.done():
            try:
                return answer.result()
            except (LeaseLostError, CancelledError):
                pass
        how = self._ended.result()
        work.close()  # the loop may have ended before it started
        raise EngineEndedError(how)

    def cancel(self, reason: str) -> None:
        """Starts to end the engine, and does not wait for it.

        Args:
            reason: for the command, if it asks again.
        """
        if self._loop is not None and not self._ended.done():
            self._reason = reason
            try:
                self._loop.call_soon_threadsafe(self._scope.cancel)
            except RuntimeError:  # the loop is closed
                return

    def end(self, reason: str) -> None:
        """Ends the engine: when this returns, it makes no calls any more."""
        self.cancel(reason)
        self._ended.result()

    def _run(self, begin: Begin, access: Access) -> None:
        how = ""
        try:
            run_async(partial(self._serve, begin, access))
            how = self._reason
        except BaseExceptionGroup as group:
            how = _how_it_ended(first_cause(group))
        except BaseException as error:  # noqa: BLE001 - the command gets to know it
            how = _how_it_ended(error)
        finally:
            self._ended.set_result(how)

    async def _serve(self, begin: Begin, access: Access) -> None:
        with anyio.CancelScope() as self._scope:
            self._loop = asyncio.get_running_loop()
            async with LaneHost(begin, access) as host:
                self._ready.set_result(host)
                await anyio.sleep_forever()


def _wait_for_one(*futures: Future[Any]) -> None:
    wait(futures, return_when=FIRST_COMPLETED)


def _how_it_ended(error: BaseException) -> str:
    if isinstance(error, LeaseLostError):
        return "it did not hear the command for the whole lease"
    return sanitize(f"internal error: {error!r}")
