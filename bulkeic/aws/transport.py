"""Sends requests that are already bytes over the SDK's connection pool.

aiohttp makes, keeps and closes the connections: DNS, TLS, keep-alive, limits. Its request and
response objects are skipped: they cost more than the rest of a call, and everything that they
compute is known. Where a proxy is used, aiohttp does everything.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import aiohttp
import msgspec
from yarl import URL

from bulkeic.aws.connection_pool import HttpRoute

_INFORMATIONAL = range(100, 200)


class RawResponse(msgspec.Struct, frozen=True):
    """An HTTP response, not decoded.

    Attributes:
        headers: their names match in any case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class ExchangeTiming(Protocol):
    """Times one exchange on the wire, without the work before and after it."""

    async def before_send(self) -> None:
        """Returns when the request must be written; its connection is open."""

    def response_received(self) -> None:
        """Records that the whole response was received."""


class Transport(Protocol):
    """Sends requests to one origin."""

    async def exchange(
        self,
        method: str,
        path: str,
        headers: str,
        body: bytes,
        timing: ExchangeTiming | None = None,
    ) -> RawResponse:
        """Sends a request and returns its whole response.

        Args:
            method: the HTTP method.
            path: path and query, encoded.
            headers: one a line, each line ended by CRLF, with ``Host`` and, where there is a body,
                ``Content-Length``.
            body: the body as it is sent.
            timing: times this exchange; ``None``: it is not timed.

        Raises:
            aiohttp.ClientError, HttpProcessingError, OSError, TimeoutError: no response was
                received.
        """


def make_transport(origin: str, route: HttpRoute, timeout_s: float) -> Transport:
    """Makes the transport to an origin.

    Args:
        origin: scheme, host and port.
        route: the session and proxy that the SDK would use.
        timeout_s: seconds for one exchange, connecting included.

    Raises:
        ValueError: the scheme is neither ``http`` nor ``https``.
    """
    if not origin.startswith(("http://", "https://")):
        raise ValueError(f"{origin} is not an endpoint URL; expected http:// or https://")
    if route.proxy is not None:
        return _ProxiedTransport(origin, route, timeout_s)
    return _DirectTransport(origin, route.session, timeout_s)


class _DirectTransport:
    def __init__(self, origin: str, session: aiohttp.ClientSession, timeout_s: float) -> None:
        assert session.connector is not None  # noqa: S101 - an open session has one
        self._connector = session.connector
        self._timeout_s = timeout_s
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        # The connector reads the address from a request. This one is never sent.
        self._address = aiohttp.ClientRequest(
            "POST", URL(origin, encoded=True), loop=asyncio.get_running_loop()
        )

    async def exchange(
        self,
        method: str,
        path: str,
        headers: str,
        body: bytes,
        timing: ExchangeTiming | None = None,
    ) -> RawResponse:
        """See ``Transport``."""
        request = f"{method} {path} HTTP/1.1\r\n{headers}\r\n".encode() + body
        connection = None
        try:
            async with asyncio.timeout(self._timeout_s):
                connection = await self._connector.connect(self._address, [], self._timeout)
                response = await _send(connection, request, timing)
        except BaseException as error:
            if connection is not None:
                connection.close()
            elif isinstance(error, TimeoutError):
                raise aiohttp.ConnectionTimeoutError from None
            raise
        connection.release()
        return response


async def _send(
    connection: aiohttp.connector.Connection, request: bytes, timing: ExchangeTiming | None
) -> RawResponse:
    protocol, stream = connection.protocol, connection.transport
    if protocol is None or stream is None:
        raise aiohttp.ServerDisconnectedError
    protocol.set_response_params(read_until_eof=True, auto_decompress=False)
    if timing is not None:
        await timing.before_send()
    stream.write(request)
    message, payload = await protocol.read()
    while message.code in _INFORMATIONAL:
        message, payload = await protocol.read()
    content = await payload.read()
    if timing is not None:
        timing.response_received()
    return RawResponse(message.code, message.headers, content)


class _ProxiedTransport:
    def __init__(self, origin: str, route: HttpRoute, timeout_s: float) -> None:
        self._origin = origin
        self._route = route
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def exchange(
        self,
        method: str,
        path: str,
        headers: str,
        body: bytes,
        timing: ExchangeTiming | None = None,
    ) -> RawResponse:
        """See ``Transport``."""
        if timing is not None:
            await timing.before_send()
        pairs = (line.partition(": ")[::2] for line in headers.split("\r\n") if line)
        async with self._route.session.request(
            method,
            URL(f"{self._origin}{path}", encoded=True),
            data=body or None,  # aiohttp would send Content-Length: 0 with an empty body
            headers=dict(pairs),
            proxy=self._route.proxy,
            proxy_headers=self._route.proxy_headers,
            timeout=self._timeout,
            allow_redirects=False,
        ) as response:
            content = await response.read()
            if timing is not None:
                timing.response_received()
            return RawResponse(response.status, response.headers, content)
