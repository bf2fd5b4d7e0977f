"""Sends requests that are already bytes over the SDK's connection pool.

aiohttp makes, keeps and closes the connections: DNS, TLS, proxies, keep-alive. Its request and
response objects are skipped: they cost more than the rest of a call, and everything that they
compute is known.

An answer belongs to the request that was written last, so a connection in doubt is closed:

- A connection that holds bytes which nobody has read, or whose server has closed it, is not used.
- A connection that got more than one whole answer is not used again.
- A connection whose answer the caller does not trust is not used again.
"""

import asyncio
import select
from collections.abc import Callable, Mapping
from typing import Protocol
from weakref import WeakSet

import aiohttp
import msgspec
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from bulkeic.aws.answer_body import AnswerTooLargeError, BodyReader, decoded_body
from bulkeic.aws.connection_pool import HttpRoute

# Of all origins: their bodies share the memory of one process.
_BODIES = BodyReader()

MAX_HEADER_BYTES = 64 * 1024
"""Bytes of all headers of an answer."""
MAX_INFORMATIONAL = 16
"""Informational responses (100 to 199) before an answer."""

_INFORMATIONAL = range(100, 200)
# The event loop needs a few turns to read what the kernel has received.
_LOOP_TURNS = 10


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
        *,
        timing: ExchangeTiming | None = None,
        is_trusted: Callable[[RawResponse], bool] | None = None,
    ) -> RawResponse:
        """Sends a request and returns its whole response, decompressed.

        Args:
            method: the HTTP method.
            path: path and query, encoded.
            headers: one a line, each line ended by CRLF, with ``Host`` and, where there is a body,
                ``Content-Length``.
            body: the body as it is sent.
            timing: times this exchange; ``None``: it is not timed.
            is_trusted: whether the response can belong to the request; if not, the connection is
                closed. ``None``: any can.

        Raises:
            aiohttp.ClientError, HttpProcessingError, OSError, TimeoutError: no response was
                received.
            AnswerTooLargeError, ContentEncodingError: a response that is not read.
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
    return _PooledTransport(origin, route, timeout_s)


class _PooledTransport:
    def __init__(self, origin: str, route: HttpRoute, timeout_s: float) -> None:
        assert route.session.connector is not None  # noqa: S101 - an open session has one
        self._connector = route.session.connector
        self._timeout_s = timeout_s
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        # The connector reads the address from a request. This one is never sent.
        self._address = aiohttp.ClientRequest(
            "POST",
            URL(origin, encoded=True),
            loop=asyncio.get_running_loop(),
            proxy=None if route.proxy is None else URL(route.proxy),
            proxy_headers=route.proxy_headers,
        )
        # To a proxy, https is a tunnel; http is a request with a whole URL.
        is_forwarded = route.proxy is not None and origin.startswith("http://")
        self._path_prefix = origin if is_forwarded else ""
        self._used: WeakSet[ResponseHandler] = WeakSet()

    async def exchange(
        self,
        method: str,
        path: str,
        headers: str,
        body: bytes,
        *,
        timing: ExchangeTiming | None = None,
        is_trusted: Callable[[RawResponse], bool] | None = None,
    ) -> RawResponse:
        """See ``Transport``."""
        connection = None
        try:
            async with asyncio.timeout(self._timeout_s):
                connection = await self._connect()
                if timing is not None:
                    await timing.before_send()
                    if not await _is_quiet(connection):
                        connection.close()
                        connection = None
                        connection = await self._connect()
                head = f"{method} {self._path_prefix}{path} HTTP/1.1\r\n{headers}"
                request = f"{head}{self._proxy_headers()}\r\n".encode() + body
                response = await _send(connection, request, timing)
            self._release(connection, is_trusted=is_trusted is None or is_trusted(response))
        except BaseException as error:
            if connection is not None:
                connection.close()
            elif isinstance(error, TimeoutError):
                raise aiohttp.ConnectionTimeoutError from None
            raise
        return response

    async def _connect(self) -> aiohttp.connector.Connection:
        """Returns a connection that got nothing since its last answer."""
        while True:
            connection = await self._connector.connect(self._address, [], self._timeout)
            try:
                is_quiet = await _is_quiet(connection)
            except BaseException:
                connection.close()
                raise
            if is_quiet:
                return connection
            was_used = connection.protocol in self._used
            connection.close()
            if not was_used:
                # The server answers before it is asked; the next connection would be the same.
                raise aiohttp.ServerDisconnectedError

    def _proxy_headers(self) -> str:
        """The login for a proxy that gets a whole URL; aiohttp has put it there."""
        login = self._address.headers.get("Proxy-Authorization") if self._path_prefix else None
        return "" if login is None else f"Proxy-Authorization: {login}\r\n"

    def _release(self, connection: aiohttp.connector.Connection, *, is_trusted: bool) -> None:
        protocol = connection.protocol
        if protocol is None or not is_trusted or _has_partial_answer(protocol):
            connection.close()
            return
        # Without a parser, bytes that nobody waits for are kept as they are, up to a limit.
        protocol._parser = None  # noqa: SLF001 - the version is bounded, and a test covers it
        self._used.add(protocol)
        connection.release()


def _has_partial_answer(protocol: ResponseHandler) -> bool:
    """Returns whether a connection got the begin of another answer with the last one."""
    parser = protocol._parser  # noqa: SLF001 - the version is bounded, and a test covers it
    try:
        return parser is not None and parser.feed_eof() is not None
    except Exception:  # noqa: BLE001 - the parser raises anything
        return True


async def _is_quiet(connection: aiohttp.connector.Connection) -> bool:
    """Returns whether a connection is open and has got nothing that nobody has read."""
    for _ in range(_LOOP_TURNS):
        protocol, stream = connection.protocol, connection.transport
        if protocol is None or stream is None:
            return False
        if protocol.should_close or not protocol.is_connected():
            return False
        if not _has_unread_bytes(stream):
            return True
        await asyncio.sleep(0)
    return False


def _has_unread_bytes(stream: asyncio.BaseTransport) -> bool:
    """Returns whether the kernel holds bytes of a connection, or its end."""
    number = stream.get_extra_info("socket").fileno()
    if number < 0:  # it is closed
        return True
    poller = select.poll()
    poller.register(number, select.POLLIN)
    return bool(poller.poll(0))


async def _send(
    connection: aiohttp.connector.Connection, request: bytes, timing: ExchangeTiming | None
) -> RawResponse:
    protocol, stream = connection.protocol, connection.transport
    if protocol is None or stream is None:
        raise aiohttp.ServerDisconnectedError
    protocol.set_response_params(read_until_eof=True, auto_decompress=False)
    stream.write(request)
    message, payload = await protocol.read()
    informational = 0
    while message.code in _INFORMATIONAL:
        informational += 1
        if informational > MAX_INFORMATIONAL:
            raise AnswerTooLargeError(f"more than {MAX_INFORMATIONAL} informational responses")
        message, payload = await protocol.read()
    if sum(len(name) + len(value) for name, value in message.raw_headers) > MAX_HEADER_BYTES:
        raise AnswerTooLargeError(f"more than {MAX_HEADER_BYTES} bytes of headers")
    content = await _BODIES.read(payload)
    if timing is not None:
        timing.response_received()
    content = decoded_body(content, message.headers.get("Content-Encoding"))
    return RawResponse(message.code, message.headers, content)
