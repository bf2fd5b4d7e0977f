"""Listening, and closing what was opened."""

import asyncio
import ssl
from typing import Any
from weakref import WeakSet

from bulkeic.sandbox.server.http_connection import HttpConnection
from bulkeic.sandbox.server.request_handler import RequestHandler
from bulkeic.sandbox.shared_state import SharedState

_SWEEP_S = 1.0
_HANDSHAKE_S = 5.0


class Listener:
    """A listening server and its connections. Use `Server.start`.

    Attributes:
        host: the address that it listens on.
        port: the port that it listens on.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._connections: set[HttpConnection] = set()
        self._handshaking: WeakSet[HttpConnection] = WeakSet()
        self._listener: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._closing = False
        self.host, self.port = "", 0

    @classmethod
    async def start(cls, world: SharedState) -> "Listener":
        """Listen as the world's options say.

        Raises:
            OSError: the address cannot be had, or the certificate not be used.
        """
        loop = asyncio.get_running_loop()
        server = cls(loop)
        service = RequestHandler(world)
        server._listener = await loop.create_server(
            lambda: server._connect(
                HttpConnection(service, world, server._connections, loop),
                secured=world.options.tls_cert is not None,
            ),
            world.options.host,
            world.options.port,
            backlog=1024,
            **_tls(world),
        )
        # The first of several: port 0 is another port on each address of a name.
        server.host, server.port = server._listener.sockets[0].getsockname()[:2]
        server._sweep()
        return server

    async def close(self) -> None:
        """Stop listening, cut all connections, and wait until they are gone."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._listener is not None:
            self._listener.close()
        self._closing = True
        for connection in (*self._connections, *self._handshaking):
            connection.abort()
        # Once round the loop first: what was accepted just now is not yet among the connections.
        await asyncio.sleep(0)
        while self._connections:
            await next(iter(self._connections)).lost
        if self._listener is not None:
            await self._listener.wait_closed()

    def _connect(self, connection: HttpConnection, *, secured: bool) -> HttpConnection:
        # A handshake that fails ends without a word to the connection: it must not be waited for.
        (self._handshaking if secured else self._connections).add(connection)
        if self._closing:
            connection.abort()
        return connection

    def _sweep(self) -> None:
        """Close connections whose clients had their time: one timer for all of them."""
        now = self._loop.time()
        for connection in list(self._connections):
            connection.expire(now)
        self._sweeper = self._loop.call_later(_SWEEP_S, self._sweep)


def _tls(world: SharedState) -> dict[str, Any]:
    certificate = world.options.tls_cert
    if certificate is None:
        return {}
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, world.options.tls_key)
    return {"ssl": context, "ssl_handshake_timeout": _HANDSHAKE_S}
