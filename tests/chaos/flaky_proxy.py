"""A gate in front of a server: shut, it resets what is connected, and whoever knocks."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

NEVER = -1
T = TypeVar("T")


class Gate:
    """Relays connections to a server, until it is shut.

    Attributes:
        url: where it listens.
    """

    def __init__(self, url: str) -> None:
        self._server = urlsplit(url)
        self._open: set[asyncio.StreamWriter] = set()
        self._knocks = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._listening = self._run(self._listen())
        self.url = f"http://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"

    def shut(self, knocks: int) -> None:
        """Resets every connection; opens again after so many new ones, or ``NEVER``."""
        self._run(self._shut(knocks))

    def open(self) -> None:
        """Lets everybody pass again."""
        self._knocks = 0

    def close(self) -> None:
        self.shut(NEVER)
        self._listening.close()
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._pass, "127.0.0.1", 0)

    async def _shut(self, knocks: int) -> None:
        self._knocks = knocks
        for writer in self._open:
            writer.transport.abort()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._knocks:
            self._knocks -= self._knocks > 0
            writer.transport.abort()
            return
        host, port = self._server.hostname, self._server.port
        inner_reader, inner_writer = await asyncio.open_connection(host, port)
        both = {writer, inner_writer}
        self._open |= both
        await asyncio.gather(_relay(reader, inner_writer), _relay(inner_reader, writer))
        self._open -= both


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    if reader.exception() is None:
        writer.close()
    else:
        writer.transport.abort()


@contextmanager
def gate(url: str) -> Iterator[Gate]:
    """A gate in front of a server."""
    made = Gate(url)
    try:
        yield made
    finally:
        made.close()
