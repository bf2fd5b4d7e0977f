"""A transport without a proxy: HTTP/1.1 on connections of its own.

An answer belongs to the request that was written last, so a connection in doubt is closed:

- A connection that has unread bytes, or that the server has closed, is not used.
- A connection that got more than one whole answer is not used again.
- A connection whose answer the caller does not trust is not used again.
- A connection whose exchange failed, timed out or was cancelled is not used again.
"""

import asyncio

from bulkeic.aws.http.deadlines import Deadlines
from bulkeic.aws.http.http_exchange import ExchangeTiming, IsTrusted, RawResponse
from bulkeic.aws.http.origin_connection import OriginConnection
from bulkeic.aws.http.origin_pool import OriginPool
from bulkeic.aws.http.transport_errors import ConnectTimeout


class DirectTransport:
    """Sends requests to one origin; see ``Transport``.

    Args:
        pool: the connections of the origin.
        timeout_s: seconds for one exchange, connecting included.
    """

    def __init__(self, pool: OriginPool[OriginConnection], timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._deadlines = Deadlines(timeout_s, self._loop)

    async def exchange(
        self,
        method: str,
        path: str,
        headers: str,
        body: bytes,
        *,
        timing: ExchangeTiming | None = None,
        is_trusted: IsTrusted | None = None,
    ) -> RawResponse:
        """See ``Transport``."""
        request = f"{method} {path} HTTP/1.1\r\n{headers}\r\n".encode() + body
        now = self._loop.time()
        connection = self._pool.take(now)
        if connection is None or timing is not None or not connection.is_quiet():
            return await self._acquire_and_exchange(request, connection, timing, is_trusted)
        connection.used_at = now
        self._deadlines.add(connection, now)
        try:
            response = await connection.send(request)
            self._release(connection, response, is_trusted)
        except BaseException:
            connection.close()
            raise
        finally:
            self._deadlines.remove(connection)
        return response

    async def _acquire_and_exchange(
        self,
        request: bytes,
        taken: OriginConnection | None,
        timing: ExchangeTiming | None,
        is_trusted: IsTrusted | None,
    ) -> RawResponse:
        """Does the same on a connection that it must make, wait for or check first."""
        connection = taken
        is_sent = False
        try:
            async with asyncio.timeout(self._timeout_s):
                connection = await self._pool.acquire(taken)
                if timing is not None:
                    await timing.before_send()
                    connection = await self._pool.acquire(connection)
                connection.used_at = self._loop.time()
                is_sent = True
                response = await connection.send(request)
            if timing is not None:
                timing.response_received()
            self._release(connection, response, is_trusted)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if not is_sent and isinstance(error, TimeoutError):
                raise ConnectTimeout from None
            raise
        return response

    def _release(
        self, connection: OriginConnection, response: RawResponse, is_trusted: IsTrusted | None
    ) -> None:
        """Keeps a connection for the next request, unless it is in doubt."""
        if (is_trusted is None or is_trusted(response)) and connection.is_reusable:
            self._pool.put(connection)
        else:
            connection.close()
