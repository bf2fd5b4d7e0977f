"""A loopback server that sends scripted bytes, and the transport to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp

from bulkeic.aws.http.aiohttp_transport import AiohttpTransport, new_session
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.aws.http.origin_pools import OriginPools
from bulkeic.aws.http.transport import HttpRoute, Transport, make_transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STALE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale"
Script = Callable[["Connection"], Coroutine[Any, Any, None]]


class Connection:
    """The server's side of one connection.

    Attributes:
        number: of the connection, from 0.
    """

    def __init__(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.number = number
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes:
        """Reads a request without a body."""
        return await self._reader.readuntil(b"\r\n\r\n")

    async def body(self, size: int) -> bytes:
        """Reads the body of a request."""
        return await self._reader.readexactly(size)

    async def received(self) -> bytes:
        """Reads any bytes; none: the client has ended."""
        return await self._reader.read(65536)

    async def send(self, data: bytes) -> None:
        """Sends bytes; they have left this process when it returns."""
        self._writer.write(data)
        await self._writer.drain()

    async def serve(self, answer: bytes = OK) -> None:
        """Answers every request alike."""
        while True:
            await self.request()
            await self.send(answer)


class ScriptedServer:
    """Plays a script on each connection.

    Attributes:
        connections: those that were opened.
    """

    def __init__(self, script: Script) -> None:
        self.url = ""
        self.connections = 0
        self._script = script
        self._tasks: set[asyncio.Task[None]] = set()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self.connections, reader, writer)
        self.connections += 1
        self._tasks.add(asyncio.create_task(self._play(connection, writer)))

    async def _play(self, connection: Connection, writer: asyncio.StreamWriter) -> None:
        try:
            await self._script(connection)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    @asynccontextmanager
    async def listen(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["ScriptedServer"]:
        """Serves as long as a ``with`` block lives."""
        listening = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=tls)
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            listening.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks)
            await asyncio.sleep(0)


@asynccontextmanager
async def direct(
    url: str, timeout_s: float = 10.0, *, limit: int = 100, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Transport]:
    """The transport under test."""
    pools = OriginPools(limit, lambda: tls or ssl.create_default_context())
    try:
        yield make_transport(url, HttpRoute(pools), timeout_s)
    finally:
        await pools.close()


@asynccontextmanager
async def over_aiohttp(
    url: str, timeout_s: float = 10.0, *, limit: int = 100, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Transport]:
    """The reference, over the public API of aiohttp."""

    connector = aiohttp.TCPConnector(ssl=tls or True, limit=limit, force_close=True)
    async with new_session(connector) as session:

        async def open_session() -> aiohttp.ClientSession:
            return session

        yield AiohttpTransport(url, open_session, timeout_s)


Kind = Callable[..., AbstractAsyncContextManager[Transport]]
KINDS: dict[str, Kind] = {"direct": direct, "aiohttp": over_aiohttp}


@asynccontextmanager
async def open_transport(
    script: Script, timeout_s: float = 10.0, kind: Kind = direct
) -> AsyncIterator[tuple[Transport, ScriptedServer]]:
    """A transport, and the server that it calls."""
    async with (
        ScriptedServer(script).listen() as server,
        kind(server.url, timeout_s) as transport,
    ):
        yield transport, server


async def get(
    transport: Transport, is_trusted: Callable[[RawResponse], bool] | None = None
) -> bytes:
    """The body of an answer."""
    response = await transport.exchange("GET", "/", "Host: h\r\n", b"", is_trusted=is_trusted)
    return response.body
