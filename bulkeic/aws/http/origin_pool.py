"""The connections of one origin, and the limit that the pools of many origins share.

The exchange that has waited the longest gets the next connection. If that must be one to another
origin, an idle connection is closed first. So origins that are no longer called block no others.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from bulkeic.aws.http.transport_errors import NoAnswerError

KEEP_ALIVE_S = 12.0
"""A connection is used again within this many seconds of its last request, as in the SDK."""


class PooledConnection(Protocol):
    """A connection that may be used again.

    Attributes:
        is_open: whether it can still be used.
        used_at: the event loop's time of its last request.
        lost: done once its socket is closed.
        on_close: called once, when it is closed.
    """

    is_open: bool
    used_at: float
    lost: asyncio.Future[None]
    on_close: Callable[[], None] | None

    def is_quiet(self) -> bool:
        """Returns whether it is open and has received no unexpected bytes."""

    async def settle(self) -> bool:
        """Returns whether it is quiet once the event loop has read what was received."""

    def close(self) -> None:
        """Closes it without waiting for anything."""


C = TypeVar("C", bound=PooledConnection)


class _Waiter(msgspec.Struct):
    """Waits for an idle connection of its pool, or for a place to make one (``None``)."""

    pool: "OriginPool[Any]"
    future: asyncio.Future[Any]


class ConnectionLimit:
    """How many connections the pools that share it may have.

    Args:
        limit: connections, those included that are being made.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._waiters: deque[_Waiter] = deque()
        self._pools: list[OriginPool[Any]] = []

    def add(self, pool: "OriginPool[Any]") -> None:
        """Adds a pool, whose idle connections can be closed for another."""
        self._pools.append(pool)

    async def take(self, pool: "OriginPool[C]") -> C | None:
        """Waits for a connection of a pool, or for a place to make one.

        An idle connection of another pool is closed for it.

        Returns:
            An idle connection; ``None``: make one, and call ``free`` once it is closed.
        """
        if self._taken < self._limit or self._close_oldest():
            self._taken += 1
            return None
        waiter = _Waiter(pool, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            found: C | None = await waiter.future
        except BaseException:
            if waiter.future.done() and not waiter.future.cancelled():
                self._give_back(waiter)
            raise
        return found

    def give(self, connection: C, pool: "OriginPool[C]") -> bool:
        """Passes an idle connection on; returns ``False`` if no exchange waits for one."""
        waiter = self._first_waiter()
        if waiter is None:
            return False
        if waiter.pool is pool:
            self._waiters.popleft()
            waiter.future.set_result(connection)
        else:
            connection.close()  # frees its place, which the waiter gets
        return True

    def free(self) -> None:
        """Frees a place."""
        self._taken -= 1
        waiter = self._first_waiter()
        if waiter is not None:
            self._waiters.popleft()
            self._taken += 1
            waiter.future.set_result(None)

    def _first_waiter(self) -> _Waiter | None:
        while self._waiters and self._waiters[0].future.done():
            self._waiters.popleft()  # it was cancelled
        return self._waiters[0] if self._waiters else None

    def _give_back(self, waiter: _Waiter) -> None:
        connection = waiter.future.result()
        if connection is None:
            self.free()
        else:
            waiter.pool.put(connection)

    def _close_oldest(self) -> bool:
        """Closes the idle connection whose use is longest ago; returns whether there is one."""
        idle = [pool.oldest for pool in self._pools if pool.oldest is not None]
        if not idle:
            return False
        min(idle, key=lambda connection: connection.used_at).close()
        return True


class OriginPool(Generic[C]):
    """The connections of one origin.

    Args:
        connect: makes a connection.
        limit: shared with other pools.
        loop: the event loop.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[C]],
        limit: ConnectionLimit,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._connect = connect
        self._limit = limit
        self._loop = loop
        self._idle: deque[C] = deque()
        self._connections: set[C] = set()
        limit.add(self)

    @property
    def oldest(self) -> C | None:
        """The idle connection whose last request is longest ago."""
        return self._idle[0] if self._idle else None

    def take(self, now: float) -> C | None:
        """Takes the idle connection whose use is longest ago, without checking what it received.

        Unexpected bytes may come late: the longer a connection rests, the more of them are noticed.

        Args:
            now: the event loop's time.
        """
        while self._idle:
            connection = self._idle.popleft()
            if connection.used_at > now - KEEP_ALIVE_S:
                return connection
            connection.close()
        return None

    async def acquire(self, taken: C | None = None) -> C:
        """Returns an open connection that has received nothing since its last answer.

        Args:
            taken: one to try first.

        Raises:
            ConnectError: no connection was made.
            NoAnswerError: the server sends bytes before it is asked.
        """
        while True:
            connection = taken or self.take(self._loop.time()) or await self._limit.take(self)
            if connection is None:
                return await self._new()
            taken = None
            if await self._is_usable(connection):
                return connection

    def put(self, connection: C) -> None:
        """Keeps a connection for the next request, unless it is closed."""
        if connection.is_open and not self._limit.give(connection, self):
            self._idle.append(connection)

    async def close(self) -> None:
        """Closes all connections, and returns once their sockets are closed."""
        connections = list(self._connections)
        for connection in connections:
            connection.close()
        for connection in connections:
            await connection.lost

    async def _new(self) -> C:
        try:
            connection = await self._connect()
        except BaseException:
            self._limit.free()
            raise
        self._connections.add(connection)
        connection.lost.add_done_callback(lambda _: self._connections.discard(connection))
        connection.on_close = partial(self._closed, connection)
        if not connection.is_open:
            self._closed(connection)
        # What the server has sent by now may not have been received yet.
        if not await self._is_usable(connection, is_new=True):
            raise NoAnswerError("the server sent bytes before it was asked, or closed at once")
        return connection

    async def _is_usable(self, connection: C, *, is_new: bool = False) -> bool:
        """Returns whether a connection is quiet; closes it if not."""
        try:
            is_quiet = (not is_new and connection.is_quiet()) or await connection.settle()
        except BaseException:
            connection.close()
            raise
        if not is_quiet:
            connection.close()
        return is_quiet

    def _closed(self, connection: C) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        self._limit.free()
