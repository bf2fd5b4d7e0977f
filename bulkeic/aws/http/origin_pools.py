"""The connections of all origins that share settings: a limit, and a TLS context."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from bulkeic.aws.http.origin_pool import C, ConnectionLimit, OriginPool


class OriginPools:
    """The pools of all origins that share settings.

    Args:
        limit: connections at most, of all origins.
        make_tls: makes the TLS context; called once, and only if an origin needs it.

    Attributes:
        tls: returns the TLS context.
    """

    def __init__(self, limit: int, make_tls: Callable[[], ssl.SSLContext]) -> None:
        self.tls = cache(make_tls)
        self._limit = ConnectionLimit(limit)
        self._pools: dict[str, OriginPool[Any]] = {}

    def pool(self, name: str, connect: Callable[[], Awaitable[C]]) -> OriginPool[C]:
        """Returns the pool of an origin.

        Args:
            name: the origin.
            connect: makes a connection; that of an origin's first caller is used.
        """
        pool = self._pools.get(name)
        if pool is None:
            pool = OriginPool(connect, self._limit, asyncio.get_running_loop())
            self._pools[name] = pool
        return pool

    async def close(self) -> None:
        """Closes all connections, and returns once their sockets are closed."""
        for pool in self._pools.values():
            await pool.close()
