"""Connections that are made without the SDK, shared by all origins."""

import aiohttp

from bulkeic.aws.connection_pool import HttpRoute
from bulkeic.aws.tls_context import make_tls_context
from bulkeic.aws.transport import Transport, make_transport


class KnownTransports:
    """Makes transports that share their connections.

    Args:
        ca_bundle: file of the CA certificates to trust; ``None``: the one that the SDK would use.
        limit: connections at most.
        timeout_s: seconds for one exchange.
    """

    def __init__(self, ca_bundle: str | None, *, limit: int, timeout_s: float) -> None:
        self._ca_bundle = ca_bundle
        self._limit = limit
        self._timeout_s = timeout_s
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    def transport(self, origin: str) -> Transport:
        """Makes the transport to an origin.

        Raises:
            OSError: the file of CA certificates cannot be read.
        """
        is_tls = origin.startswith("https:")
        if is_tls not in self._sessions:
            context = make_tls_context(self._ca_bundle) if is_tls else True
            self._sessions[is_tls] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._limit, ssl=context)
            )
        route = HttpRoute(self._sessions[is_tls], None, {})
        return make_transport(origin, route, self._timeout_s)

    async def close(self) -> None:
        """Closes all connections."""
        for session in self._sessions.values():
            await session.close()
