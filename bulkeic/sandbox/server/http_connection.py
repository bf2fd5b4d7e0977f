"""One client's connection: bytes -> requests -> replies, in order.

Requests may be pipelined; each is answered after the one before it. Apart from the limits of
`bulkeic.sandbox.protocol.request_parser`:

    body                                     1 MiB; 64 MiB for the admin endpoints
    bodies of all connections                128 MiB, see `bulkeic.sandbox.protocol.body_budget`
    requests that wait for their turn        64, or bodies of 1 MiB in all; then reading pauses
    time without a complete request          30 s, then the connection is closed
    time to read a reply                     30 s, then the connection is closed
    time after a refusal                     5 s, then the connection is closed
    time unread behind a call that hangs     30 s, then the connection is closed

After a refusal the connection reads and drops the client's further bytes: closing with unread bytes
would reset the connection before the client has read the refusal.
"""

import asyncio
import time
from collections import deque
from typing import cast

from bulkeic.sandbox.api import admin_api
from bulkeic.sandbox.protocol.http_message import HttpReply, HttpRequest, ReplyEnding, render
from bulkeic.sandbox.protocol.request_parser import RequestParser
from bulkeic.sandbox.server.request_handler import RequestHandler
from bulkeic.sandbox.shared_state import SharedState

BODY_LIMIT = 1024 * 1024
ADMIN_BODY_LIMIT = 64 * 1024 * 1024
WAITING_LIMIT = 64
WAITING_SIZE_LIMIT = 1024 * 1024
IDLE_TIMEOUT_S = 30.0
LINGER_S = 5.0
_ADMIN_ROOT = admin_api.ROOT.encode()
_REFUSALS = {
    413: b"the body of the request is too large\n",
    431: b"the headers of the request are too large\n",
    503: b"the sandbox holds too many request bodies at the moment\n",
}


class HttpConnection(asyncio.Protocol):
    """The server's end of a connection.

    Attributes:
        lost: a future that is done when the connection is gone.

    Args:
        handler: decides the replies.
        state: where connections are counted.
        open_connections: holds this connection while it is open.
        loop: the event loop.
    """

    def __init__(
        self,
        handler: RequestHandler,
        state: SharedState,
        open_connections: set["HttpConnection"],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._handler = handler
        self._state = state
        self._open = open_connections
        self._loop = loop
        self._waiting: deque[HttpRequest] = deque()
        self._parser = RequestParser(self._waiting, _body_limit, self._reserve, self._send_continue)
        self._held = 0
        self._pending: HttpReply | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_dropping = False
        self._is_writable = True
        self._is_reading = True
        self._idle_since = loop.time()
        self._transport: asyncio.Transport
        self._is_connected = self._is_aborted = False
        self.lost = loop.create_future()

    # Callbacks of the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register a new connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._is_connected = True
        self._open.add(self)
        self._state.connections += 1
        self._state.stats.connections_accepted += 1
        if self._is_aborted:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Release everything that the connection holds."""
        self._open.discard(self)
        self._state.connections -= 1
        if self._timer is not None:
            self._timer.cancel()
        if self._pending is not None:
            self._handler.finish(self._pending, now=self._loop.time())
            self._pending = None
        self._waiting.clear()
        self._release(self._held)
        self._is_dropping = True
        self._parser.close()
        if not self.lost.done():
            self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Parse bytes, and answer the requests that are complete."""
        if self._is_dropping:
            return
        if self._parser.feed(data):
            self._idle_since = self._loop.time()
        self._proceed()

    def pause_writing(self) -> None:
        """Send no further replies while the client does not read."""
        self._is_writable = False

    def resume_writing(self) -> None:
        """Send replies again."""
        self._is_writable = True
        self._proceed()

    def expire(self, now: float) -> None:
        """Close the connection if its client has used up its time.

        Args:
            now: the event loop's time in seconds.
        """
        timeout_s = LINGER_S if self._is_dropping and self._parser.refusal else IDLE_TIMEOUT_S
        if now - self._idle_since > timeout_s and (self._pending is None or self._is_stuck):
            self._transport.abort()

    def abort(self) -> None:
        """Close at once, or as soon as the connection is made."""
        self._is_aborted = True
        if self._is_connected:
            self._transport.abort()

    @property
    def _is_busy(self) -> bool:
        return self._pending is not None or bool(self._waiting)

    @property
    def _is_stuck(self) -> bool:
        """Whether it neither sends nor reads, so that it cannot notice a client that hangs up."""
        hangs = self._pending is not None and self._pending.ending is ReplyEnding.NEVER
        return hangs and not self._is_reading

    def _reserve(self, size: int) -> bool:
        is_allowed = self._state.bodies.reserve(size)
        self._held += size if is_allowed else 0
        return is_allowed

    def _release(self, size: int) -> None:
        self._state.bodies.release(size)
        self._held -= size

    def _send_continue(self) -> None:
        if not self._is_busy:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _proceed(self) -> None:
        """Answer the requests that wait, as far as their order and the client allow."""
        while (
            self._waiting and self._pending is None and self._is_writable and not self._is_dropping
        ):
            request = self._waiting.popleft()
            reply = self._handler.handle(request, now=self._loop.time(), wall_s=time.time())
            self._release(len(request.body))
            request.body = b""  # a delayed reply keeps the request
            if reply.ending is ReplyEnding.NEVER:
                self._pending = reply
            elif reply.delay_s > 0:
                self._pending = reply
                self._timer = self._loop.call_later(
                    reply.delay_s, self._send_delayed, reply, request
                )
            else:
                self._send(reply, request)
        if self._parser.refusal is not None and not self._is_busy and not self._is_dropping:
            self._send_refusal(self._parser.refusal)
        self._pause_or_resume_reading()

    def _send_delayed(self, reply: HttpReply, request: HttpRequest) -> None:
        self._pending = self._timer = None
        self._send(reply, request)
        self._proceed()

    def _send(self, reply: HttpReply, request: HttpRequest) -> None:
        # Before the write: the client may send its next call as soon as it has the reply.
        self._idle_since = self._loop.time()
        self._handler.finish(reply, now=self._idle_since)
        if reply.ending is ReplyEnding.CUT:
            self._is_dropping = True
            self._transport.abort()
            return
        keep_alive = request.keep_alive and reply.ending is ReplyEnding.WHOLE
        self._write(reply, keep_alive=keep_alive, with_body=request.method != "HEAD")
        if not keep_alive:
            self._is_dropping = True
            self._transport.close()

    def _send_refusal(self, status: int) -> None:
        self._state.stats.malformed += 1
        self._release(self._held)
        body = _REFUSALS.get(status, b"")
        reply = HttpReply(status, body, content_type="text/plain")
        self._write(reply, keep_alive=False, with_body=True)
        self._is_dropping = True
        self._idle_since = self._loop.time()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _write(self, reply: HttpReply, *, keep_alive: bool, with_body: bool) -> None:
        self._transport.write(
            render(reply, keep_alive=keep_alive, with_body=with_body, wall_s=time.time())
        )

    def _pause_or_resume_reading(self) -> None:
        """Read unless too much waits: only by reading it notices a client that hangs up."""
        fits = (
            len(self._waiting) < WAITING_LIMIT
            and sum(len(request.body) for request in self._waiting) < WAITING_SIZE_LIMIT
        )
        should_read = self._is_dropping or fits
        if should_read != self._is_reading and not self._transport.is_closing():
            self._is_reading = should_read
            if should_read:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()


def _body_limit(target: bytes) -> int:
    return ADMIN_BODY_LIMIT if target.startswith(_ADMIN_ROOT) else BODY_LIMIT
