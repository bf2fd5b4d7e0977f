"""Requests that are ready as bytes, over the SDK's connection pool.

aiohttp makes, keeps and closes the connections: DNS, TLS, keep-alive, limits. Its request and
response objects are left out, since they cost more than the rest of a call, and all that they would
work out is known. Where a proxy is in between, aiohttp does everything.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import aiohttp
import msgspec
from yarl import URL

from bulkeic.aws.connection_pool import Connections

_INFORMATIONAL = range(100, 200)


class RawResponse(msgspec.Struct, frozen=True):
    """An answer as it came.

    Attributes:
        headers: whatever the case of their names.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Timing(Protocol):
    """Times one exchange on the wire, without the work before and after it."""

    async def ready(self) -> None:
        """Returns when the request, for which there is a connection, is to be written."""

    def came(self) -> None:
        """Takes note that the whole answer is there."""


class Transport(Protocol):
    """Sends requests to one origin."""

    async def exchange(
        self, method: str, target: str, headers: str, body: bytes, timing: Timing | None = None
    ) -> RawResponse:
        """Sends a request and waits for all of its answer.

        Args:
            method: of HTTP.
            target: path and query, encoded.
            headers: one a line, each line ended by CRLF, with ``Host`` and, where there is a body,
                ``Content-Length``.
            body: as sent.
            timing: of this exchange; ``None``: it is not timed.

        Raises:
            aiohttp.ClientError, HttpProcessingError, OSError, TimeoutError: there is no answer.
        """


def transport_to(origin: str, connections: Connections, timeout_s: float) -> Transport:
    """The wire to an origin.

    Args:
        origin: scheme, host and port.
        connections: that the SDK would use.
        timeout_s: seconds for one exchange, connecting included.

    Raises:
        ValueError: the scheme is none of HTTP's.
    """
    if not origin.startswith(("http://", "https://")):
        raise ValueError(f"{origin} is no endpoint; allowed: http:// and https://")
    if connections.proxy is not None:
        return _ProxiedTransport(origin, connections, timeout_s)
    return _DirectTransport(origin, connections.session, timeout_s)


class _DirectTransport:
    def __init__(self, origin: str, session: aiohttp.ClientSession, timeout_s: float) -> None:
        assert session.connector is not None  # noqa: S101 - an open session has one
        self._connector = session.connector
        self._timeout_s = timeout_s
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        # Tells the connector where to connect to, and is never sent.
        self._place = aiohttp.ClientRequest(
            "POST", URL(origin, encoded=True), loop=asyncio.get_running_loop()
        )

    async def exchange(
        self, method: str, target: str, headers: str, body: bytes, timing: Timing | None = None
    ) -> RawResponse:
        """See ``Transport``."""
        request = f"{method} {target} HTTP/1.1\r\n{headers}\r\n".encode() + body
        connection = None
        try:
            async with asyncio.timeout(self._timeout_s):
                connection = await self._connector.connect(self._place, [], self._timeout)
                reply = await _send(connection, request, timing)
        except BaseException as error:
            if connection is not None:
                connection.close()
            elif isinstance(error, TimeoutError):
                raise aiohttp.ConnectionTimeoutError from None
            raise
        connection.release()
        return reply


async def _send(
    connection: aiohttp.connector.Connection, request: bytes, timing: Timing | None
) -> RawResponse:
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None:
        raise aiohttp.ServerDisconnectedError
    protocol.set_response_params(read_until_eof=True, auto_decompress=False)
    if timing is not None:
        await timing.ready()
    transport.write(request)
    message, payload = await protocol.read()
    while message.code in _INFORMATIONAL:
        message, payload = await protocol.read()
    content = await payload.read()
    if timing is not None:
        timing.came()
    return RawResponse(message.code, message.headers, content)


class _ProxiedTransport:
    def __init__(self, origin: str, connections: Connections, timeout_s: float) -> None:
        self._origin = origin
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def exchange(
        self, method: str, target: str, headers: str, body: bytes, timing: Timing | None = None
    ) -> RawResponse:
        """See ``Transport``."""
        if timing is not None:
            await timing.ready()
        pairs = (line.partition(": ")[::2] for line in headers.split("\r\n") if line)
        async with self._connections.session.request(
            method,
            URL(f"{self._origin}{target}", encoded=True),
            data=body or None,  # aiohttp tells the length even of an empty one
            headers=dict(pairs),
            proxy=self._connections.proxy,
            proxy_headers=self._connections.proxy_headers,
            timeout=self._timeout,
            allow_redirects=False,
        ) as response:
            content = await response.read()
            if timing is not None:
                timing.came()
            return RawResponse(response.status, response.headers, content)
