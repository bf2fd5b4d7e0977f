"""Sends requests that are already bytes to one origin: the interface, and which transport is used.

``DirectTransport`` makes its own connections. A proxy needs ``AiohttpTransport``.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec

from bulkeic.aws.http.connector import Connector
from bulkeic.aws.http.direct_transport import DirectTransport
from bulkeic.aws.http.http_exchange import ExchangeTiming, IsTrusted, RawResponse
from bulkeic.aws.http.origin_pools import OriginPools


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
        is_trusted: IsTrusted | None = None,
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
            ConnectError, ConnectTimeout: nothing was sent.
            NoAnswerError, InvalidAnswerError, OSError, TimeoutError: no response was received.
            AnswerTooLargeError, ContentEncodingError: a response that is not read.
        """


class ProxyRoute(msgspec.Struct, frozen=True):
    """A proxy.

    Attributes:
        url: of the proxy.
        headers: for the proxy.
        open_session: returns an ``aiohttp.ClientSession`` for it.
    """

    url: str
    headers: dict[str, str]
    open_session: Callable[[], Awaitable[Any]]


class HttpRoute(msgspec.Struct, frozen=True):
    """How requests to one origin are sent.

    Attributes:
        pools: the connections of all origins with the same settings.
        proxy: ``None``: there is none.
    """

    pools: OriginPools
    proxy: ProxyRoute | None = None


def make_transport(origin: str, route: HttpRoute, timeout_s: float) -> Transport:
    """Makes the transport to an origin.

    Args:
        origin: scheme, host and port.
        route: how the SDK would send requests to it.
        timeout_s: seconds for one exchange, connecting included.

    Raises:
        ValueError: the scheme is neither ``http`` nor ``https``, or the port is not a number.
    """
    if not origin.startswith(("http://", "https://")):
        raise ValueError(f"{origin} is not an endpoint URL; expected http:// or https://")
    if route.proxy is None:
        connector = Connector(origin, route.pools.tls)
        return DirectTransport(route.pools.pool(origin, connector.connect), timeout_s)
    from bulkeic.aws.http.aiohttp_transport import AiohttpTransport  # noqa: PLC0415 - few have a proxy

    proxy = route.proxy
    return AiohttpTransport(origin, proxy.open_session, timeout_s, proxy.url, proxy.headers)
