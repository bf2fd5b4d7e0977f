"""A server for one live page, in a thread of its own. It listens on loopback only."""

import asyncio
import errno
import logging
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from http import HTTPStatus

from aiohttp import web

from bulkeic.live.event_feed import FIRST_EVENT, KEEP_ALIVE, LAST_EVENT, EventFeed
from bulkeic.live.live_source import LiveSource, NoTargetsError
from bulkeic.live.open_connections import DEFAULT_LIMITS, OpenConnections, ServerLimits
from bulkeic.live.request_guard import TOKEN_BYTES, RequestGuard, Route

HOST = "127.0.0.1"
_UPDATE_EVERY_S = 1.0
_MOST_CPU = 0.005
"""The part of one CPU that the making of updates may take: a slow one delays the next one."""
_KEEP_ALIVE_S = 15.0
_LAST_WRITE_S = 2.0
_END_S = 5.0
_HEADER_BYTES = 8190
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class LiveServer:
    """Serves a page until it is closed.

    Args:
        source: of the page.
        port: on which it listens; 0: any free one.
        limits: of clients.

    Attributes:
        url: of the page, with its token.
        error: why it ended early; ``None``: it did not.

    Raises:
        OSError: it cannot listen there, or the system refuses a thread or a file.
    """

    def __init__(
        self, source: LiveSource, port: int, limits: ServerLimits = DEFAULT_LIMITS
    ) -> None:
        self._source, self._limits = source, limits
        self._socket = socket.create_server((HOST, port))
        port = self._socket.getsockname()[1]
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self.url = f"http://{HOST}:{port}/{token}/"
        self._guard = RequestGuard(token, port)
        self.error: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending, self._has_clients = asyncio.Event(), asyncio.Event()
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live page", daemon=True)
        self._start()

    def _start(self) -> None:
        try:
            self._thread.start()
        except RuntimeError:  # the system allows no more threads
            self._socket.close()
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
        self._is_ready.wait()
        if isinstance(self.error, OSError):
            raise self.error

    def close(self) -> None:
        """Sends the last update, then ends within seconds."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(_END_S)

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.get_loop()
                runner.run(self._serve())
        except Exception as error:  # noqa: BLE001 - the page ends, and the run goes on
            self.error = error
        finally:
            self._socket.close()
            self._is_ready.set()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        # What goes wrong with a connection is no news of the run: for example, no file is left.
        loop.set_exception_handler(lambda *_: None)
        self._feed = EventFeed()
        self._table: asyncio.Task[bytes] | None = None
        self._connections = OpenConnections(self._limits)
        server = web.Server(
            self._answer,
            handler_cancellation=True,
            access_log=None,
            logger=_silent_logger(),
            lingering_time=0,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
        )
        listener = await loop.create_server(
            self._connections.factory(server), sock=self._socket, backlog=self._limits.backlog
        )
        watch = loop.create_task(self._connections.close_late_ones())
        self._loop = loop
        self._is_ready.set()
        try:
            await self._send_updates()
            await self._connections.until_streams_end(_LAST_WRITE_S)
        finally:
            watch.cancel()
            listener.close()
            self._connections.close_all()
            await server.shutdown(_LAST_WRITE_S)

    async def _send_updates(self) -> None:
        """Makes updates while a client is connected, and a last one when the command ends."""
        while not self._ending.is_set():
            if not self._connections.streams:
                self._has_clients.clear()
                await _first_of(self._has_clients, self._ending)
            started = time.thread_time()
            self._update()
            pause = max(_UPDATE_EVERY_S, (time.thread_time() - started) / _MOST_CPU)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ending.wait()
        self._update()
        self._feed.end()

    def _update(self) -> None:
        parts = self._source.changed_parts() if self._connections.streams else None
        if parts is not None:
            self._feed.update(parts)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        found = self._guard.check(
            request.method, path, request.headers, has_body=request.body_exists
        )
        if isinstance(found, HTTPStatus):
            return _response(found, f"{found.phrase}\n")
        if found is Route.EVENTS:
            return await self._stream(request)
        if found is Route.TARGETS:
            return await self._targets(request)
        if found is Route.STOP:
            self._source.ask_to_stop()
            return _response(HTTPStatus.NO_CONTENT, "")
        response = _response(HTTPStatus.OK, self._source.document, "text/html")
        response.headers["Content-Security-Policy"] = self._source.policy
        return response

    async def _targets(self, request: web.BaseRequest) -> web.Response:
        self._connections.allow_table(request.protocol)
        if self._table is not None and not self._table.done():
            return _response(HTTPStatus.SERVICE_UNAVAILABLE, "the targets are being read\n")
        self._table = asyncio.create_task(asyncio.to_thread(self._source.packed_targets))
        try:
            # A client that leaves does not end the work of the thread.
            data = await asyncio.shield(self._table)
        except NoTargetsError as error:
            return _response(HTTPStatus.CONFLICT, f"{error}\n")
        return _response(HTTPStatus.OK, data)

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        """Sends the whole page, then what changes; a client that does not read is dropped."""
        response = web.StreamResponse(headers=_HEADERS)
        response.content_type, response.charset = "text/event-stream", "utf-8"
        response.force_close()
        await response.prepare(request)
        with self._connections.stream(request.protocol):
            self._has_clients.set()
            try:
                await self._write_events(response)
            except (TimeoutError, OSError):
                if request.transport is not None:
                    request.transport.abort()
        return response

    async def _write_events(self, response: web.StreamResponse) -> None:
        feed, seen, data = self._feed, 0, FIRST_EVENT
        while True:
            is_over, number = feed.is_over, feed.number
            data += feed.since(seen) + LAST_EVENT * is_over
            seen = number
            async with asyncio.timeout(self._limits.write_s):
                await response.write(data or KEEP_ALIVE)
            if is_over:
                return
            data = b""
            if feed.number == seen and not feed.is_over:
                await feed.wait(_KEEP_ALIVE_S)


def _response(status: HTTPStatus, body: str | bytes, kind: str = "text/plain") -> web.Response:
    data = body.encode() if isinstance(body, str) else body
    response = web.Response(
        status=status, body=data, headers=_HEADERS, content_type=kind, charset="utf-8"
    )
    response.force_close()
    return response


async def _first_of(*events: asyncio.Event) -> None:
    """Waits until one of several events is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _silent_logger() -> logging.Logger:
    """A logger that writes nothing: what others send to the port is not worth a line."""
    logger = logging.getLogger("bulkeic.live.http")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger
