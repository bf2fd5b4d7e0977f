"""One connection pool for all accounts and Regions.

Each client of aiobotocore would have a pool and a TLS context of its own. Making a TLS context
takes longer than making the rest of a client.
"""

from contextlib import AsyncExitStack
from typing import Any, Self

import aiohttp
import msgspec
from aiobotocore.httpsession import AIOHTTPSession
from botocore.awsrequest import AWSPreparedRequest


class HttpRoute(msgspec.Struct, frozen=True):
    """The HTTP session and the proxy that requests to one origin use.

    Attributes:
        session: aiohttp's session, with the SDK's TLS and proxy settings.
        proxy: URL of a proxy, or ``None``.
        proxy_headers: headers for the proxy.
    """

    session: aiohttp.ClientSession
    proxy: str | None
    proxy_headers: dict[str, str]


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


class ConnectionPool:
    """The HTTP sessions of the SDK's clients that are made with ``session_class``.

    The calls of such a client raise ``UnsentRequest``. Clients with equal settings share one
    session. Settings may differ: a proxy can be configured for some Regions only. The sessions stay
    open when clients are closed, until ``close``.

    Attributes:
        session_class: pass it to the SDK as ``http_session_cls``.
    """

    def __init__(self) -> None:
        sessions: dict[str, AIOHTTPSession] = {}
        open_sessions = self._open_sessions = AsyncExitStack()

        class SharedSession(AIOHTTPSession):  # type: ignore[misc]  # the SDK has no types
            def __init__(self, **settings: Any) -> None:
                super().__init__(**settings)
                self._shared = sessions.setdefault(repr(settings), self)

            async def __aenter__(self) -> Self:
                if self._shared is self:
                    await super().__aenter__()
                    open_sessions.push_async_exit(super().__aexit__)
                return self

            async def __aexit__(self, *_: object) -> None:
                pass

            async def send(self, request: AWSPreparedRequest) -> Any:
                raise UnsentRequest(request, await self._shared.route(request.url))

            async def route(self, url: str) -> HttpRoute:
                proxy = self._proxy_config.proxy_url_for(url)
                headers = dict(self._proxy_config.proxy_headers_for(url))
                return HttpRoute(await self._get_session(proxy), proxy, headers)

        self.session_class: type[AIOHTTPSession] = SharedSession

    async def close(self) -> None:
        """Closes all connections."""
        await self._open_sessions.aclose()
