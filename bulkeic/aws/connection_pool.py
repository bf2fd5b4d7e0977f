"""One connection pool for all accounts and Regions.

Each client of aiobotocore would have a pool of its own, and a TLS context of its own, which takes
longer to make than the rest of the client.
"""

from contextlib import AsyncExitStack
from typing import Any, Self

import aiohttp
import msgspec
from aiobotocore.httpsession import AIOHTTPSession
from botocore.awsrequest import AWSPreparedRequest


class Connections(msgspec.Struct, frozen=True):
    """Where requests to one origin go out.

    Attributes:
        session: aiohttp's, with the TLS and proxy settings of the SDK.
        proxy: URL of a proxy, or ``None``.
        proxy_headers: for it.
    """

    session: aiohttp.ClientSession
    proxy: str | None
    proxy_headers: dict[str, str]


class Captured(Exception):  # noqa: N818 - it is no error, but the way out of the SDK
    """A request that the SDK has made and that is not sent.

    Attributes:
        request: as it would be sent.
        connections: that it would be sent with.
    """

    def __init__(self, request: AWSPreparedRequest, connections: Connections) -> None:
        super().__init__()
        self.request = request
        self.connections = connections


class ConnectionPool:
    """Holds the HTTP sessions of the SDK's clients that are made with ``session_class``.

    Such a client's calls raise ``Captured``. There is one session for all of them, but another one
    for clients with other settings: a proxy may be meant for some Regions alone. What is open stays
    open when clients are closed, until ``close``.
    """

    def __init__(self) -> None:
        sessions: dict[str, AIOHTTPSession] = {}
        open_sessions = self._open = AsyncExitStack()

        class Member(AIOHTTPSession):  # type: ignore[misc]  # the SDK has no types
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
                raise Captured(request, await self._shared.connections(request.url))

            async def connections(self, url: str) -> Connections:
                proxy = self._proxy_config.proxy_url_for(url)
                headers = dict(self._proxy_config.proxy_headers_for(url))
                return Connections(await self._get_session(proxy), proxy, headers)

        self.session_class: type[AIOHTTPSession] = Member

    async def close(self) -> None:
        """Closes all connections."""
        await self._open.aclose()
