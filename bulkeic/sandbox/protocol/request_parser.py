"""Bytes -> HTTP requests, within limits. No I/O.

    request line and headers (or trailers)   64 KiB, then 431
    body                                     a limit chosen by the target, then 413
    bodies of all connections                a limit of their own, then 503
    anything that is not HTTP/1              400

After a refusal, or after an upgrade request, the parser ignores all further bytes.
"""

from collections import deque
from collections.abc import Callable, Iterator

import httptools

from bulkeic.sandbox.protocol.http_message import HttpRequest

HEAD_LIMIT = 64 * 1024
_CHUNK_SIZE = 16 * 1024


class _RefusedError(Exception):
    """Raised inside the parser's callbacks to stop it."""


class RequestParser:
    """Parses the requests of one connection.

    Attributes:
        refusal: HTTP status to refuse the connection with, once the input is invalid.

    Args:
        requests: where complete requests are appended.
        body_limit: returns the greatest body size in bytes for a request target.
        reserve: called before bytes of a body are kept; returns whether they may be.
        expect_continue: called when a client waits for "100 Continue" before it sends a body.
    """

    def __init__(
        self,
        requests: deque[HttpRequest],
        body_limit: Callable[[bytes], int],
        reserve: Callable[[int], bool],
        expect_continue: Callable[[], None],
    ) -> None:
        self.refusal: int | None = None
        self._requests = requests
        self._body_limit_for = body_limit
        self._reserve = reserve
        self._expect_continue = expect_continue
        self._parser = httptools.HttpRequestParser(self)
        self._is_finished = False
        self._start_message()

    def feed(self, data: bytes) -> bool:
        """Parse bytes, and return whether a request began in them."""
        self._has_begun = False
        if self._is_finished:
            return False
        try:
            for chunk in _chunks(data):
                self._feed_chunk(chunk)
        except httptools.HttpParserUpgrade:
            self._is_finished = True
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, _RefusedError):
                raise
        except httptools.HttpParserError:
            self.refusal, self._is_finished = 400, True
        except _RefusedError:
            pass
        return self._has_begun

    def close(self) -> None:
        """Stop parsing, and release what refers back to this object or to its owner."""
        self._is_finished = True
        del self._parser, self._reserve, self._expect_continue

    # Callbacks of httptools.

    def on_message_begin(self) -> None:
        """Start a request."""
        self._start_message()
        self._has_begun = True

    def on_url(self, url: bytes) -> None:
        """Append a part of the target."""
        self._count_head(len(url))
        self._target += url

    def on_header(self, name: bytes, value: bytes | None) -> None:
        """Add a header, or join its value to that of an earlier one."""
        value = value or b""
        self._count_head(len(name) + len(value))
        name = name.lower()
        known = self._headers.get(name)
        self._headers[name] = value if known is None else known + b"," + value

    def on_headers_complete(self) -> None:
        """Refuse a body whose announced size is above the limit."""
        self._body_limit = self._body_limit_for(self._target)
        if int(self._headers.get(b"content-length", b"0")) > self._body_limit:
            self._refuse(413)
        if self._headers.get(b"expect", b"").lower() == b"100-continue":
            self._expect_continue()

    def on_body(self, body: bytes) -> None:
        """Append a part of the body."""
        self._has_progressed = True
        if len(self._body) + len(body) > self._body_limit:
            self._refuse(413)
        if not self._reserve(len(body)):
            self._refuse(503)
        self._body += body

    def on_message_complete(self) -> None:
        """Hand over the request."""
        path, query = _split_target(self._target)
        self._requests.append(
            HttpRequest(
                self._parser.get_method().decode("latin-1"),
                path,
                query,
                self._headers,
                bytes(self._body),
                # The server offers no upgrade: it answers the request, and then no HTTP follows.
                self._parser.should_keep_alive() and not self._parser.should_upgrade(),
            )
        )
        self._has_progressed = True

    def _start_message(self) -> None:
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._body = bytearray()
        self._body_limit = 0
        self._head_size = self._unreported_size = 0
        self._has_progressed = True

    def _feed_chunk(self, chunk: bytes) -> None:
        """Parse a chunk, and count it as head if no message began in it and it held no body.

        httptools buffers an unfinished header, so that the sizes it reports are not enough.
        """
        self._has_progressed = False
        self._parser.feed_data(chunk)
        if not self._has_progressed:
            self._unreported_size += len(chunk)
            self._count_head(0)

    def _count_head(self, size: int) -> None:
        self._head_size += size
        if self._head_size > HEAD_LIMIT or self._unreported_size > HEAD_LIMIT:
            self._refuse(431)

    def _refuse(self, status: int) -> None:
        self.refusal, self._is_finished = status, True
        self._body = bytearray()
        raise _RefusedError


def _chunks(data: bytes) -> Iterator[bytes]:
    """Yield the data in chunks so small that counting whole ones comes close to the limit."""
    if len(data) <= _CHUNK_SIZE:
        yield data
        return
    for start in range(0, len(data), _CHUNK_SIZE):
        yield data[start : start + _CHUNK_SIZE]


def _split_target(target: bytes) -> tuple[str, str]:
    """Return the path and the query of a request target, which may be a whole URL."""
    if not target.startswith(b"/"):
        _, scheme_end, rest = target.partition(b"://")
        target = b"/" + rest.partition(b"/")[2] if scheme_end else target
    path, _, query = target.partition(b"?")
    return path.decode("latin-1"), query.decode("latin-1")
