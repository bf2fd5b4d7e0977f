"""The open connections of a live server, within bounds: how many, and for how long."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aiohttp import web

MOST_CONNECTIONS = 128
_REQUEST_S = 10.0
_LONG_REQUEST_S = 120.0
_CHECK_EVERY_S = 1.0


class _Refused(asyncio.Protocol):
    """A connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Closes it at once."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a TCP server
        transport.abort()


class OpenConnections:
    """Every connection of one server. A connection has one request, which has little time.

    Attributes:
        streams: those that get events, for as long as they read them.
    """

    def __init__(self) -> None:
        self.streams: set[Any] = set()
        self._deadlines: dict[Any, float] = {}
        self._has_no_streams = asyncio.Event()
        self._has_no_streams.set()

    def factory(self, server: web.Server) -> Callable[[], asyncio.Protocol]:
        """What makes the protocol of each connection.

        Args:
            server: that answers the requests.
        """

        def make() -> asyncio.Protocol:
            if len(server.connections) >= MOST_CONNECTIONS:
                return _Refused()
            connection = server()
            self._deadlines[connection] = _now() + _REQUEST_S
            return connection

        return make

    def allow_long_request(self, connection: Any) -> None:
        """Gives a connection more time."""
        self._deadlines[connection] = _now() + _LONG_REQUEST_S

    @contextmanager
    def stream(self, connection: Any) -> Iterator[None]:
        """A connection that gets events: it has no deadline."""
        self._deadlines.pop(connection, None)
        self.streams.add(connection)
        self._has_no_streams.clear()
        try:
            yield
        finally:
            self.streams.discard(connection)
            self._deadlines[connection] = _now() + _REQUEST_S
            if not self.streams:
                self._has_no_streams.set()

    async def until_streams_end(self, timeout_s: float) -> None:
        """Waits until all streams have got their last event, at most for a time in seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._has_no_streams.wait()

    async def close_late_ones(self) -> None:
        """Closes connections whose time is over. Runs until it is canceled."""
        while True:
            await asyncio.sleep(_CHECK_EVERY_S)
            now = _now()
            for connection, deadline in tuple(self._deadlines.items()):
                is_closed = connection.transport is None
                if now >= deadline or (is_closed and now >= deadline - _REQUEST_S + 1):
                    del self._deadlines[connection]
                    _abort(connection)

    def close_all(self) -> None:
        """Closes every connection."""
        for connection in (*self._deadlines, *self.streams):
            _abort(connection)


def _abort(connection: Any) -> None:
    if connection.transport is not None:
        connection.transport.abort()


def _now() -> float:
    return asyncio.get_running_loop().time()
