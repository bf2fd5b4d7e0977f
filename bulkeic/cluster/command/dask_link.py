"""The link to a worker on another machine: a Dask actor, reached through the scheduler.

A network may lose questions and answers, and whether a worker still runs is not known. A question
that fails is asked again with the same bytes, until the worker answers or is given up.
"""

import asyncio
from typing import Any

import anyio

from bulkeic.cluster.command.worker_link import LinkLostError
from bulkeic.cluster.worker.engine_thread import EngineEndedError
from bulkeic.core.errors import printable

_ASK_AGAIN_S = 0.2
_BEGIN_S = 20.0
_END_S = 2.0


class DaskLink:
    """Reaches one worker for one session.

    Args:
        name: of the worker, for people.
        actor: the worker's ``LaneActor``.
        loop: Dask's event loop in this process, which runs in another thread.
        session: number of the session, which grows.

    Attributes:
        name: of the worker, for people.
        is_lost: whether the worker could not be reached any more.
    """

    def __init__(
        self, name: str, actor: Any, loop: asyncio.AbstractEventLoop, session: int
    ) -> None:
        self.name = name
        self.is_lost = False
        self._actor = actor
        self._loop = loop
        self._session = session
        self._has_begun = False
        self._given_up = anyio.Event()

    async def exchange(self, message: bytes) -> bytes:
        """Sends a message and returns the answer. The first message begins a session.

        Raises:
            LinkLostError: the worker cannot be reached any more.
        """
        if self._has_begun:
            return await self._repeat("exchange", message)
        with anyio.move_on_after(_BEGIN_S):
            answer = await self._repeat("begin", message)
            self._has_begun = True
            return answer
        raise self._lost(f"no answer for {_BEGIN_S:g} s", has_ended=False)

    async def kill(self) -> bool:
        """Asks the worker nothing any more. It ends by itself when its lease has ended."""
        self._given_up.set()
        self.is_lost = True
        return False

    async def close(self) -> bool:
        """Ends the worker's engine: whether it has answered that."""
        if self.is_lost:
            return False
        self.is_lost = True
        with anyio.move_on_after(_END_S):
            try:
                await self._call("end")
                self.is_lost = False
            except Exception:  # noqa: BLE001 - whatever happened, its lease ends
                return False
        return not self.is_lost

    async def _repeat(self, method: str, message: bytes) -> bytes:
        while True:
            try:
                answer = await self._call(method, message)
            except EngineEndedError as error:
                raise self._lost(printable(str(error)), has_ended=True) from None
            except OSError:
                if self._given_up.is_set():
                    raise self._lost("it does not answer", has_ended=False) from None
                with anyio.move_on_after(_ASK_AGAIN_S):
                    await self._given_up.wait()
            except RuntimeError:  # Dask's own, whatever has become of the worker
                raise self._lost("the scheduler has lost it", has_ended=False) from None
            except Exception as error:  # noqa: BLE001 - Dask raises what it or the worker has raised
                text = printable(f"{type(error).__name__}: {error}".partition("\n")[0])
                raise self._lost(text, has_ended=False) from None
            else:
                if isinstance(answer, bytes):
                    return answer
                raise self._lost("its answer is not valid", has_ended=False)

    def _lost(self, how: str, *, has_ended: bool) -> LinkLostError:
        self.is_lost = True
        return LinkLostError(how, has_ended=has_ended)

    async def _call(self, method: str, *arguments: bytes) -> Any:
        """Calls a method of the actor on Dask's event loop."""

        async def call() -> Any:
            return await getattr(self._actor, method)(self._session, *arguments)

        future = asyncio.run_coroutine_threadsafe(call(), self._loop)
        return await asyncio.wrap_future(future)
