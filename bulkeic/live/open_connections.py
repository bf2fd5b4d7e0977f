"""The open connections of a live server, within bounds: how many, and for how long."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from aiohttp import web

_CHECKS = 10
"""How often connections are checked while a request takes the time that it may take."""


class ServerLimits(NamedTuple):
    """What clients may use.

    Attributes:
        connections: open ones at the same time, not counting those that are about to be refused.
        request_s: seconds from the connection to the end of its answer.
        table_s: the same for the table of targets.
        write_s: seconds in which a client of events must have read what was sent.
    """

    connections: int = 64
    request_s: float = 10.0
    table_s: float = 120.0
    write_s: float = 10.0

    @property
    def backlog(self) -> int:
        """How many connections may wait. As many are accepted at a time before any is refused."""
        return max(4, self.connections // 4)


DEFAULT_LIMITS = ServerLimits()


class _Refused(asyncio.Protocol):
    """A connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Closes it at once."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a TCP server
        transport.abort()


class OpenConnections:
    """Every connection of one server. A connection has one request, which has little time.

    Args:
        limits: of them.

    Attributes:
        streams: those that get events, for as long as they read them.
    """

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
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
            if len(server.connections) >= self._limits.connections:
                return _Refused()
            connection = server()
            self._deadlines[connection] = _now() + self._limits.request_s
            return connection

        return make

    def allow_table(self, connection: Any) -> None:
        """Gives a connection the time for the table of targets."""
        self._deadlines[connection] = _now() + self._limits.table_s

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
            self._deadlines[connection] = _now() + self._limits.request_s
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
            await asyncio.sleep(self._limits.request_s / _CHECKS)
            now = _now()
            for connection, deadline in tuple(self._deadlines.items()):
                if now >= deadline:
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
