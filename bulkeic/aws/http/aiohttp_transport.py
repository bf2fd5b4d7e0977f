"""A transport over aiohttp's public API: for proxies, and as the reference for the other in tests.

A caller of aiohttp cannot see what a connection receives after an answer. So every connection is in
doubt after its first answer, and each exchange has a connection of its own.

Two more things differ from ``DirectTransport``: the number of informational answers has no limit
but the time-out, and ``before_send`` is called before the connection is made.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace

import aiohttp
from yarl import URL

from bulkeic.aws.http.answer_body import BODIES, AnswerTooLargeError, check_body_size, decoded_body
from bulkeic.aws.http.answer_parser import MAX_HEADER_BYTES
from bulkeic.aws.http.http_exchange import ExchangeTiming, IsTrusted, RawResponse
from bulkeic.aws.http.transport_errors import (
    ConnectTimeout,
    InvalidAnswerError,
    NoAnswerError,
    ProxyError,
    connect_error,
)

# The first row that matches holds. The text of the exception is kept where there is none here: it
# does not quote the answer.
_ERRORS: tuple[tuple[type[Exception], type[Exception], str | None], ...] = (
    (aiohttp.ConnectionTimeoutError, ConnectTimeout, None),
    (aiohttp.ServerDisconnectedError, NoAnswerError, "the connection ended without an answer"),
    (aiohttp.ClientPayloadError, NoAnswerError, "the answer ended too early, or is not valid HTTP"),
    (aiohttp.ClientResponseError, InvalidAnswerError, "the answer is not valid HTTP"),
    (aiohttp.ClientOSError, OSError, None),
    (aiohttp.ClientError, NoAnswerError, None),
)
# aiohttp would add these.
_AUTO_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")

OpenSession = Callable[[], Awaitable[aiohttp.ClientSession]]


def new_session(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    """Makes a session for ``AiohttpTransport``.

    Args:
        connector: must not use a connection again (``force_close``).
    """
    traces = aiohttp.TraceConfig()
    traces.on_request_headers_sent.append(_note_sent)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trace_configs=[traces],
    )


class AiohttpTransport:
    """Sends requests to one origin; see ``Transport``.

    Args:
        origin: scheme, host and port.
        open_session: returns a session of ``new_session``.
        timeout_s: seconds for one exchange, connecting included.
        proxy: URL of a proxy; ``None``: there is none.
        proxy_headers: headers for the proxy.
    """

    def __init__(
        self,
        origin: str,
        open_session: OpenSession,
        timeout_s: float,
        proxy: str | None = None,
        proxy_headers: Mapping[str, str] | None = None,
    ) -> None:
        self._origin = origin
        self._open_session = open_session
        self._timeout_s = timeout_s
        self._proxy = proxy
        self._proxy_headers = proxy_headers

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
        sending = _Sending()
        try:
            async with asyncio.timeout(self._timeout_s):
                if timing is not None:
                    await timing.before_send()
                response = await self._exchange(method, path, headers, body, sending)
        except _NoAnswer as failed:
            raise failed.error from None
        except aiohttp.ClientError as error:
            raise _translated(error) from None
        except TimeoutError:
            if not sending.is_sent:
                raise ConnectTimeout from None
            raise
        if timing is not None:
            timing.response_received()
        if is_trusted is not None:
            is_trusted(response)  # the connection is closed anyway
        return response

    async def _exchange(
        self, method: str, path: str, headers: str, body: bytes, sending: "_Sending"
    ) -> RawResponse:
        session = await self._open_session()
        async with session.request(
            method,
            URL(f"{self._origin}{path}", encoded=True),
            headers=[_header(line) for line in headers.splitlines()],
            data=body or None,
            allow_redirects=False,
            skip_auto_headers=_AUTO_HEADERS,
            timeout=aiohttp.ClientTimeout(total=None),
            proxy=self._proxy,
            proxy_headers=self._proxy_headers,
            middlewares=(_send_once,),
            trace_request_ctx=sending,
        ) as response:
            size = sum(len(name) + len(value) for name, value in response.raw_headers)
            if size > MAX_HEADER_BYTES:
                raise AnswerTooLargeError(f"more than {MAX_HEADER_BYTES} bytes of headers")
            content = await _read(response.content)
        content = decoded_body(content, response.headers.get("Content-Encoding"))
        return RawResponse(response.status, response.headers, content)


class _NoAnswer(Exception):  # noqa: N818 - it carries an error
    """Carries an error through aiohttp, which would take an ``OSError`` for its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class _Sending:
    """Whether a request was sent."""

    is_sent = False


async def _note_sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.is_sent = True


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Raises what would make aiohttp send a request again: retries belong to the caller."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _NoAnswer(_translated(error)) from None


async def _read(payload: aiohttp.StreamReader) -> bytes:
    """Returns a whole body.

    Raises:
        AnswerTooLargeError: it exceeds a limit.
    """
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := await payload.readany():
            size += len(piece)
            BODIES.reserve(len(piece))
            check_body_size(size)
            pieces.append(piece)
    finally:
        BODIES.release(size)
    return b"".join(pieces)


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value


def _translated(error: Exception) -> Exception:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ProxyError(f"HTTP {error.status} of the proxy")  # its text quotes the proxy
    if isinstance(error, aiohttp.ClientConnectorError):
        failed = connect_error(error.host, error.port, _cause(error))
        is_proxy = isinstance(error, aiohttp.ClientProxyConnectionError)
        return ProxyError(str(failed)) if is_proxy else failed
    kind, text = next((kind, text) for raised, kind, text in _ERRORS if isinstance(error, raised))
    return kind(text or str(error))


def _cause(error: aiohttp.ClientConnectorError) -> Exception:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    return error.os_error
