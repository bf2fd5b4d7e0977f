"""One connection pool for the clients of all accounts and Regions.

Each client of aiobotocore would have a pool of its own, and a TLS context of its own, which takes
longer to make than the rest of the client.
"""

from contextlib import AsyncExitStack
from typing import Any, Self

from aiobotocore.httpsession import AIOHTTPSession


class ConnectionPool:
    """Hands one HTTP session to all clients that are made with ``session_class``.

    Clients with other settings get another one: a proxy may be meant for some Regions alone. What
    is open stays open when clients are closed, until ``close``.
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

            async def send(self, request: Any) -> Any:
                if self._shared is self:
                    return await super().send(request)
                return await self._shared.send(request)

        self.session_class: type[AIOHTTPSession] = Member

    async def close(self) -> None:
        """Closes all connections."""
        await self._open.aclose()
