"""A connection without a socket, fed byte by byte."""

import asyncio
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from bulkeic.aws.http.origin_connection import OriginConnection


class Fate(msgspec.Struct, frozen=True):
    """What became of an exchange and of its connection.

    Attributes:
        status: of the answer; ``None``: there is none.
        body: of the answer.
        error: the name of the exception; empty: there is none.
        is_usable: whether another request may be sent.
    """

    status: int | None
    body: bytes = b""
    error: str = ""
    is_usable: bool = False


class SilentTransport(asyncio.Transport):
    """Sends nothing, and remembers whether it was closed."""

    def __init__(self, end: socket.socket) -> None:
        super().__init__()
        self._end = end
        self.is_aborted = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._end if name == "socket" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def abort(self) -> None:
        self.is_aborted = True


class FedConnections:
    """Makes connections, and gives each the bytes of an answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, end: socket.socket) -> None:
        self._loop = loop
        self._end = end

    def fate(self, pieces: Iterable[bytes], *, is_ended: bool = False) -> Fate:
        """Feeds the pieces of one answer; then the end of the connection, if it ended."""
        connection = OriginConnection(self._loop)
        transport = SilentTransport(self._end)
        connection.connection_made(transport)
        answer = connection.send(b"GET / HTTP/1.1\r\n\r\n")
        for piece in pieces:
            connection.data_received(piece)
        if is_ended:
            connection.eof_received()
        is_whole, is_usable = answer.done(), connection.is_reusable
        assert connection.is_open != transport.is_aborted
        connection.close()
        connection.connection_lost(None)
        error = answer.exception()
        if not is_whole:
            return Fate(None, error="not whole")
        if error is not None:
            return Fate(None, error=type(error).__name__, is_usable=is_usable)
        response = answer.result()
        return Fate(response.status, response.body, is_usable=is_usable)


@contextmanager
def fed_connections() -> Iterator[FedConnections]:
    """Connections without a socket, as long as a ``with`` block lives."""
    loop = asyncio.new_event_loop()
    here, there = socket.socketpair()
    try:
        yield FedConnections(loop, here)
    finally:
        here.close()
        there.close()
        loop.close()
