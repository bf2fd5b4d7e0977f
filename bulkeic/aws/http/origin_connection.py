"""One connection to an origin: a request at a time, and its answer.

A connection in doubt closes itself: when it receives bytes that no request waits for, and after a
failed exchange.
"""

import asyncio
import select
import ssl
from collections.abc import Callable
from typing import cast

from bulkeic.aws.http.answer_parser import AnswerParser
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.aws.http.transport_errors import NoAnswerError

# An event loop polls the kernel in one turn and reads in the next.
_TURNS_TO_READ = 3


class OriginConnection(asyncio.Protocol):
    """The client's end of a connection.

    Attributes: see ``PooledConnection``.

    Args:
        loop: the event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parser = AnswerParser()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[RawResponse] | None = None
        self._poll = select.poll()
        self._is_tls = False
        self.is_open = True
        self.used_at = loop.time()
        self.lost: asyncio.Future[None] = loop.create_future()
        self.on_close: Callable[[], None] | None = None

    # Callbacks of the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins."""
        self._transport = cast("asyncio.Transport", transport)
        if not self.is_open:
            self._transport.abort()
            return
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self._is_tls = transport.get_extra_info("ssl_object") is not None

    def data_received(self, data: bytes) -> None:
        """Parses bytes; a whole answer goes to its request."""
        waiter = self._waiter
        if waiter is None:
            self.close()
            return
        try:
            response = self._parser.feed(data)
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
            self.fail(error.with_traceback(None))  # a traceback would keep the bytes
            return
        if response is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(response)

    def eof_received(self) -> None:
        """Ends: the server sends nothing more."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            try:
                waiter.set_result(self._parser.finish())
            except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
                waiter.set_exception(error)
        self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends: the socket is closed."""
        if isinstance(exc, OSError) and not isinstance(exc, ssl.SSLError):
            self.fail(exc)
        else:
            self.fail(NoAnswerError("the connection ended without an answer"))
        self._transport = None
        if not self.lost.done():
            self.lost.set_result(None)

    # What a request needs.

    @property
    def is_reusable(self) -> bool:
        """Whether another request may follow the last answer."""
        return self.is_open and self._parser.is_reusable

    def is_quiet(self) -> bool:
        """Returns whether it is open, and the kernel has no unread bytes and no end of it."""
        return self.is_open and not self._poll.poll(0)

    async def settle(self) -> bool:
        """Returns whether it is quiet once the event loop has read what the kernel holds.

        TLS has messages of its own, such as session tickets: they are no answer.
        """
        for _ in range(_TURNS_TO_READ):
            await asyncio.sleep(0)
        return self.is_quiet()

    def send(self, request: bytes) -> "asyncio.Future[RawResponse]":
        """Sends a request on an open connection; returns its future answer."""
        assert self._transport is not None  # noqa: S101 - it is open
        waiter = self._waiter = self._loop.create_future()
        self._transport.write(request)
        return waiter

    def fail(self, error: Exception) -> None:
        """Closes the connection without waiting for anything; an exchange ends with the error."""
        if not self.is_open:
            return
        self.is_open = False
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        self._parser.close()
        if self._transport is not None:
            self._transport.abort()
        on_close, self.on_close = self.on_close, None
        if on_close is not None:
            on_close()

    def close(self) -> None:
        """Closes the connection without waiting for anything."""
        self.fail(NoAnswerError("the connection was closed"))
