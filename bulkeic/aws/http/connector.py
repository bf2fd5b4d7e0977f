"""Makes connections to one origin: DNS, Happy Eyeballs (RFC 8305) and TLS."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import aiohappyeyeballs

from bulkeic.aws.http.origin_connection import OriginConnection
from bulkeic.aws.http.transport_errors import UntrustedCertificateError, connect_error, reason_of

_PORTS = {"http": 80, "https": 443}
# Seconds before it also tries the next address (RFC 8305, section 5).
_NEXT_ADDRESS_S = 0.25

AddressInfo = tuple[int, int, int, str, Any]


class Connector:
    """Makes connections to one origin.

    Args:
        origin: scheme, host and port.
        tls: returns the TLS context; called only for ``https``.

    Raises:
        ValueError: the port is not a number from 0 to 65,535.
    """

    def __init__(self, origin: str, tls: Callable[[], ssl.SSLContext]) -> None:
        url = urlsplit(origin)
        self._host = (url.hostname or "").rstrip(".")
        self._port = _PORTS[url.scheme] if url.port is None else url.port
        self._tls = tls if url.scheme == "https" else None
        self._lookup: asyncio.Task[list[AddressInfo]] | None = None

    async def connect(self) -> OriginConnection:
        """Returns a new connection.

        Raises:
            ConnectError: none can be made.
        """
        tls = None if self._tls is None else _context(self._tls)
        try:
            return await self._connect(tls)
        except (OSError, UnicodeError) as error:
            raise connect_error(self._host, self._port, error) from None

    async def _connect(self, tls: ssl.SSLContext | None) -> OriginConnection:
        loop = asyncio.get_running_loop()
        opened = await aiohappyeyeballs.start_connection(
            await self._addresses(loop), happy_eyeballs_delay=_NEXT_ADDRESS_S
        )
        connection = OriginConnection(loop)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            await loop.create_connection(
                lambda: connection,
                sock=opened,
                ssl=tls,
                server_hostname=None if tls is None else self._host,
            )
        except BaseException:
            connection.close()
            with suppress(OSError):  # the event loop may have closed it
                opened.close()
            raise
        return connection

    async def _addresses(self, loop: asyncio.AbstractEventLoop) -> list[AddressInfo]:
        """Returns the addresses of the host from DNS; concurrent calls share one lookup."""
        try:
            address = ipaddress.ip_address(self._host)
        except ValueError:
            if self._lookup is None:
                self._lookup = loop.create_task(self._look_up(loop))
                self._lookup.add_done_callback(_ignore_error)
            return await asyncio.shield(self._lookup)
        is_ipv4 = isinstance(address, ipaddress.IPv4Address)
        family = socket.AF_INET if is_ipv4 else socket.AF_INET6
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (self._host, self._port))]

    async def _look_up(self, loop: asyncio.AbstractEventLoop) -> list[AddressInfo]:
        try:
            found = await loop.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            )
        finally:
            self._lookup = None
        if not found:
            raise OSError("the host has no address")
        return [*found]


def _ignore_error(lookup: asyncio.Task[Any]) -> None:
    """Retrieves an error: asyncio would log it if every call that waited was cancelled."""
    if not lookup.cancelled():
        lookup.exception()


def _context(make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    try:
        return make()
    except OSError as error:
        text = f"the CA certificates cannot be read: {reason_of(error)}"
        raise UntrustedCertificateError(text) from None
