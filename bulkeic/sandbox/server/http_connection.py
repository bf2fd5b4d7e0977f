"""One client's connection: bytes -> requests -> replies, in order.

Requests may be pipelined; each is answered after the one before it. What a client sends is bounded:

    request line and headers (or trailers)   64 KiB, then 431
    body                                     1 MiB, then 413; 64 MiB for the sandbox's own endpoints
    anything that is not HTTP/1              400
    requests that wait for their turn        64, or bodies of 1 MiB in all, then nothing is read
                                             until there is less
    time without a whole request             30 s, then the close; as much to read an answer
    time after a refusal                     5 s, then the close
    time unread behind a call that hangs     30 s, then the close

After a refusal the client's further bytes are read and dropped, since a close with bytes unread
would take the refusal back out of the client's hands.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from typing import cast

import httptools

from bulkeic.sandbox.api import admin_api
from bulkeic.sandbox.protocol.http_message import Ending, HttpReply, HttpRequest, render
from bulkeic.sandbox.server.request_handler import RequestHandler
from bulkeic.sandbox.shared_state import SharedState

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 1024 * 1024
WINDOW_BODY_LIMIT = 64 * 1024 * 1024
WAITING_LIMIT = 64
WAITING_SIZE_LIMIT = 1024 * 1024
PATIENCE_S = 30.0
LINGER_S = 5.0
_PIECE = 16 * 1024


class _RefusedError(Exception):
    """Raised inside the parser's callbacks to stop it."""


class HttpConnection(asyncio.Protocol):
    """The server's end of a connection.

    Attributes:
        lost: a future that is done when the connection is gone.

    Args:
        service: what answers.
        world: where connections are counted.
        open_connections: where this one stands while it is open.
        loop: the event loop.
    """

    def __init__(
        self,
        service: RequestHandler,
        world: SharedState,
        open_connections: set["HttpConnection"],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._service = service
        self._world = world
        self._open = open_connections
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[HttpRequest] = deque()
        self._waiting_size = 0
        self._pending: HttpReply | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._refusal: int | None = None
        self._deaf = False
        self._dropping = False
        self._writable = True
        self._reading = True
        self._since = loop.time()
        self._transport: asyncio.Transport
        self._made = self._doomed = False
        self.lost = loop.create_future()
        self._start()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take up a new connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._made = True
        self._open.add(self)
        self._world.connections += 1
        self._world.stats.connections_accepted += 1
        if self._doomed:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget all about it."""
        self._open.discard(self)
        self._world.connections -= 1
        if self._timer is not None:
            self._timer.cancel()
        if self._pending is not None:
            self._service.over(self._pending, now=self._loop.time())
            self._pending = None
        self._waiting.clear()
        self._dropping = True
        # The parser holds this object's methods: a cycle otherwise.
        del self._parser
        if not self.lost.done():
            self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Read what came, and answer what is whole."""
        if self._dropping or self._deaf:
            return
        try:
            for piece in _pieces(data):
                self._feed(piece)
        except httptools.HttpParserUpgrade:
            self._deaf = True
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, _RefusedError):
                raise
        except httptools.HttpParserError:
            self._refusal, self._deaf = 400, True
        except _RefusedError:
            pass
        self._proceed()

    def pause_writing(self) -> None:
        """Answer nothing more while the client does not read."""
        self._writable = False

    def resume_writing(self) -> None:
        """Go on answering."""
        self._writable = True
        self._proceed()

    def expire(self, now: float) -> None:
        """Close if the client has had its time.

        Args:
            now: the event loop's time in seconds.
        """
        patience = LINGER_S if self._dropping and self._refusal else PATIENCE_S
        if now - self._since > patience and (self._pending is None or self._is_stuck):
            self._transport.abort()

    def abort(self) -> None:
        """Close at once, or as soon as it is open."""
        self._doomed = True
        if self._made:
            self._transport.abort()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Start a request."""
        self._start()
        self._since = self._loop.time()

    def on_url(self, url: bytes) -> None:
        """Take up a part of the target."""
        self._count(len(url))
        self._target += url

    def on_header(self, name: bytes, value: bytes | None) -> None:
        """Take up a header."""
        value = value or b""
        self._count(len(name) + len(value))
        name = name.lower()
        known = self._headers.get(name)
        self._headers[name] = value if known is None else known + b"," + value

    def on_headers_complete(self) -> None:
        """Refuse a body that is announced too long."""
        own = self._target.startswith(admin_api.ROOT.encode())
        self._body_limit = WINDOW_BODY_LIMIT if own else BODY_LIMIT
        if int(self._headers.get(b"content-length", b"0")) > self._body_limit:
            self._refuse(413)
        if self._headers.get(b"expect", b"").lower() == b"100-continue" and not self._busy:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Take up a part of the body."""
        self._moved = True
        if len(self._body) + len(body) > self._body_limit:
            self._refuse(413)
        self._body += body

    def on_message_complete(self) -> None:
        """Put the request in line."""
        path, query = _split(self._target)
        self._waiting.append(
            HttpRequest(
                self._parser.get_method().decode("latin-1"),
                path,
                query,
                self._headers,
                bytes(self._body),
                # An upgrade is not offered: the request is answered, and what follows is not HTTP.
                self._parser.should_keep_alive() and not self._parser.should_upgrade(),
            )
        )
        self._waiting_size += len(self._body)
        self._moved = True

    # What those do.

    @property
    def _busy(self) -> bool:
        return self._pending is not None or bool(self._waiting)

    @property
    def _is_stuck(self) -> bool:
        """Whether nothing will be sent, nor be read: not even that the client has hung up."""
        hangs = self._pending is not None and self._pending.ending is Ending.NEVER
        return hangs and not self._reading

    def _start(self) -> None:
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._body = bytearray()
        self._body_limit = BODY_LIMIT
        self._head_size = self._head_unparsed = 0
        self._moved = True

    def _feed(self, piece: bytes) -> None:
        """Parse a piece, and count it as head if it neither began a message nor held any body.

        The parser keeps an unfinished header to itself: counting what it passes on is not enough.
        """
        self._moved = False
        self._parser.feed_data(piece)
        if not self._moved:
            self._head_unparsed += len(piece)
            self._count(0)

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > HEAD_LIMIT or self._head_unparsed > HEAD_LIMIT:
            self._refuse(431)

    def _refuse(self, status: int) -> None:
        self._refusal, self._deaf = status, True
        raise _RefusedError

    def _proceed(self) -> None:
        """Answer what is in line, as far as the order and the client allow."""
        while self._waiting and self._pending is None and self._writable and not self._dropping:
            request = self._waiting.popleft()
            self._waiting_size -= len(request.body)
            now = self._loop.time()
            reply = self._service.answer(request, now=now, wall_s=time.time())
            if reply.ending is Ending.NEVER:
                self._pending = reply
            elif reply.delay_s > 0:
                self._pending = reply
                self._timer = self._loop.call_later(reply.delay_s, self._finish, reply, request)
            else:
                self._send(reply, request)
        if self._refusal is not None and not self._busy and not self._dropping:
            self._world.stats.malformed += 1
            reply = HttpReply(self._refusal, content_type="text/plain")
            self._write(reply, keep_alive=False, with_body=False)
            self._drop()
        self._choose_reading()

    def _finish(self, reply: HttpReply, request: HttpRequest) -> None:
        self._pending = self._timer = None
        self._send(reply, request)
        self._proceed()

    def _send(self, reply: HttpReply, request: HttpRequest) -> None:
        # Before the write: the client may send its next call as soon as it has the answer.
        self._since = self._loop.time()
        self._service.over(reply, now=self._since)
        if reply.ending is Ending.CUT:
            self._dropping = True
            self._transport.abort()
            return
        keep_alive = request.keep_alive and reply.ending is Ending.WHOLE
        self._write(reply, keep_alive=keep_alive, with_body=request.method != "HEAD")
        if not keep_alive:
            self._dropping = True
            self._transport.close()

    def _write(self, reply: HttpReply, *, keep_alive: bool, with_body: bool) -> None:
        self._transport.write(
            render(reply, keep_alive=keep_alive, with_body=with_body, wall_s=time.time())
        )

    def _drop(self) -> None:
        self._dropping = True
        self._since = self._loop.time()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _choose_reading(self) -> None:
        """Read on unless the line is long; a client that hangs up is only noticed by reading."""
        fits = len(self._waiting) < WAITING_LIMIT and self._waiting_size < WAITING_SIZE_LIMIT
        reading = self._dropping or fits
        if reading != self._reading and not self._transport.is_closing():
            self._reading = reading
            if reading:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()


def _pieces(data: bytes) -> Iterator[bytes]:
    """The data in pieces, small enough that counting whole ones comes close to the limit."""
    if len(data) <= _PIECE:
        yield data
        return
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]


def _split(target: bytes) -> tuple[str, str]:
    """The path and the query of a request's target, which may be a whole URL."""
    if not target.startswith(b"/"):
        _, scheme_end, rest = target.partition(b"://")
        target = b"/" + rest.partition(b"/")[2] if scheme_end else target
    path, _, query = target.partition(b"?")
    return path.decode("latin-1"), query.decode("latin-1")
