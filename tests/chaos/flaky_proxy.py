"""A proxy in front of a server that can cut the network: it resets and refuses connections."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

FOREVER = -1
T = TypeVar("T")


class FlakyProxy:
    """Relays connections to a server, unless it is blocked.

    Attributes:
        url: where it listens.
    """

    def __init__(self, url: str) -> None:
        self._server = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._refusals = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._listener = self._call(self._listen())
        self.url = f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    def block(self, refusals: int) -> None:
        """Resets every connection and refuses this many new ones, or all of them (``FOREVER``)."""
        self._call(self._block(refusals))

    def unblock(self) -> None:
        """Accepts connections again."""
        self._refusals = 0

    def close(self) -> None:
        self.block(FOREVER)
        self._listener.close()
        self._call(self._wait_for_relays())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._relay_both_ways, "127.0.0.1", 0)

    async def _block(self, refusals: int) -> None:
        self._refusals = refusals
        for writer in self._writers:
            writer.transport.abort()

    async def _wait_for_relays(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    async def _relay_both_ways(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._refusals:
            self._refusals -= self._refusals > 0
            writer.transport.abort()
            return
        host, port = self._server.hostname, self._server.port
        server_reader, server_writer = await asyncio.open_connection(host, port)
        both = {writer, server_writer}
        self._writers |= both
        await asyncio.gather(_relay(reader, server_writer), _relay(server_reader, writer))
        self._writers -= both


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
def flaky_proxy(url: str) -> Iterator[FlakyProxy]:
    """Runs a proxy in front of a server."""
    proxy = FlakyProxy(url)
    try:
        yield proxy
    finally:
        proxy.close()
