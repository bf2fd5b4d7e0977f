"""One connection pool for the clients of all accounts and Regions.

Each client of aiobotocore would have a pool of its own, and a TLS context of its own, which takes
longer to make than the rest of the client.
"""

from typing import Any, Self

from aiobotocore.httpsession import AIOHTTPSession


class ConnectionPool:
    """Hands one HTTP session to all clients that are made with ``session_class``.

    The first client's session serves all: their settings come from the same configuration. It stays
    open when clients are closed, until ``close``.
    """

    def __init__(self) -> None:
        self._session: Any = None
        pool = self

        class Member(AIOHTTPSession):  # type: ignore[misc]  # the SDK has no types
            async def __aenter__(self) -> Self:
                if pool._session is None:
                    pool._session = self
                    await super().__aenter__()
                return self

            async def __aexit__(self, *_: object) -> None:
                pass

            async def send(self, request: Any) -> Any:
                session = pool._session
                return await (super().send(request) if session is self else session.send(request))

        self.session_class: type[AIOHTTPSession] = Member

    async def close(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            await AIOHTTPSession.__aexit__(self._session, None, None, None)
