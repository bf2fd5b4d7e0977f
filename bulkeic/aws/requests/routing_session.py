"""The HTTP sessions of the SDK's clients: their settings become routes of our transports.

Each client of aiobotocore would have connections and a TLS context of its own. Making a TLS context
takes longer than making the rest of a client.
"""

import ssl
from functools import partial
from typing import Any

import aiohttp
from aiobotocore.httpsession import AIOHTTPSession
from botocore.awsrequest import AWSPreparedRequest

from bulkeic.aws.http.aiohttp_transport import new_session
from bulkeic.aws.http.origin_pools import OriginPools
from bulkeic.aws.http.transport import HttpRoute, ProxyRoute


class UnsentRequest(Exception):  # noqa: N818 - not an error: it returns a request from the SDK
    """Raised instead of sending a request that the SDK's client has signed.

    Attributes:
        request: the signed request.
        route: how it would be sent.
    """

    def __init__(self, request: AWSPreparedRequest, route: HttpRoute) -> None:
        super().__init__()
        self.request = request
        self.route = route


class RoutingSession(AIOHTTPSession):  # type: ignore[misc]  # the SDK has no types
    """A session of the SDK whose settings become routes of our transports.

    Attributes:
        pools: the connections with its settings.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "connector_args": {"force_close": True}})
        self.pools = OriginPools(self._max_pool_connections, self._tls_context)
        self._proxied: dict[str, aiohttp.ClientSession] = {}

    def route(self, url: str) -> HttpRoute:
        """Returns how requests to a URL are sent."""
        proxy = self._proxy_config.proxy_url_for(url)
        if proxy is None:
            return HttpRoute(self.pools)
        headers = dict(self._proxy_config.proxy_headers_for(url))
        return HttpRoute(self.pools, ProxyRoute(proxy, headers, partial(self._open_session, proxy)))

    def _tls_context(self) -> ssl.SSLContext:
        context: ssl.SSLContext
        context, _ = self._build_ssl_contexts(None)
        return context

    async def _open_session(self, proxy: str) -> aiohttp.ClientSession:
        """Returns the session for a proxy."""
        async with self._sessions_lock:
            session = self._proxied.get(proxy)
            if session is None:
                session = self._proxied[proxy] = new_session(await self._create_connector(proxy))
        return session

    async def close(self) -> None:
        """Closes all connections."""
        await self.pools.close()
        for session in self._proxied.values():
            await session.close()

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class SampleSessions:
    """The sessions of clients that make sample requests: their calls raise ``UnsentRequest``.

    The routes of clients with equal settings share their connections. Settings may differ: a proxy
    can be configured for some Regions only. The connections stay open when clients are closed,
    until ``close``.

    Attributes:
        session_class: pass it to the SDK as ``http_session_cls``.
    """

    def __init__(self) -> None:
        sessions: dict[str, RoutingSession] = {}
        self._sessions = sessions

        class SharedSession(RoutingSession):
            def __init__(self, **settings: Any) -> None:
                super().__init__(**settings)
                self._shared = sessions.setdefault(repr(settings), self)

            async def __aexit__(self, *_: object) -> None:
                pass

            async def send(self, request: AWSPreparedRequest) -> Any:
                raise UnsentRequest(request, self._shared.route(request.url))

        self.session_class: type[AIOHTTPSession] = SharedSession

    async def close(self) -> None:
        """Closes all connections."""
        for session in self._sessions.values():
            await session.close()
