"""Listens for connections, and closes them."""

import asyncio
import ssl
from typing import Any
from weakref import WeakSet

from bulkeic.sandbox.server.http_connection import HttpConnection
from bulkeic.sandbox.server.request_handler import RequestHandler
from bulkeic.sandbox.shared_state import SharedState

_EXPIRY_INTERVAL_S = 1.0
_HANDSHAKE_TIMEOUT_S = 5.0


class Listener:
    """A listening server and its connections. Call `Listener.start`, not the constructor.

    Attributes:
        host: the address that it listens on.
        port: the port that it listens on.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._connections: set[HttpConnection] = set()
        self._handshaking: WeakSet[HttpConnection] = WeakSet()
        self._server: asyncio.Server | None = None
        self._expiry_timer: asyncio.TimerHandle | None = None
        self._is_closing = False
        self.host, self.port = "", 0

    @classmethod
    async def start(cls, state: SharedState) -> "Listener":
        """Listen as the options say.

        Raises:
            OSError: the address is not available, or the certificate cannot be used.
        """
        loop = asyncio.get_running_loop()
        listener = cls(loop)
        handler = RequestHandler(state)
        listener._server = await loop.create_server(
            lambda: listener._register(
                HttpConnection(handler, state, listener._connections, loop),
                has_handshake=state.options.tls_cert is not None,
            ),
            state.options.host,
            state.options.port,
            backlog=1024,
            **_tls_arguments(state),
        )
        # The first socket: for port 0, each address of a host name has a port of its own.
        listener.host, listener.port = listener._server.sockets[0].getsockname()[:2]
        listener._expire_connections()
        return listener

    async def close(self) -> None:
        """Stop listening, cut all connections, and wait until they are gone."""
        if self._expiry_timer is not None:
            self._expiry_timer.cancel()
        if self._server is not None:
            self._server.close()
        self._is_closing = True
        for connection in (*self._connections, *self._handshaking):
            connection.abort()
        # Yield to the loop once: a connection that was just accepted is not registered yet.
        await asyncio.sleep(0)
        while self._connections:
            await next(iter(self._connections)).lost
        if self._server is not None:
            await self._server.wait_closed()

    def _register(self, connection: HttpConnection, *, has_handshake: bool) -> HttpConnection:
        # asyncio does not report a failed handshake to a connection: `close` must not wait for it.
        (self._handshaking if has_handshake else self._connections).add(connection)
        if self._is_closing:
            connection.abort()
        return connection

    def _expire_connections(self) -> None:
        """Close connections that are idle too long, with one timer for all of them."""
        now = self._loop.time()
        for connection in list(self._connections):
            connection.expire(now)
        self._expiry_timer = self._loop.call_later(_EXPIRY_INTERVAL_S, self._expire_connections)


def _tls_arguments(state: SharedState) -> dict[str, Any]:
    certificate = state.options.tls_cert
    if certificate is None:
        return {}
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, state.options.tls_key)
    return {"ssl": context, "ssl_handshake_timeout": _HANDSHAKE_TIMEOUT_S}
