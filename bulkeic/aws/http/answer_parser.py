"""Bytes of a connection -> answers, one after the other.

llhttp checks the head and the framing, and decodes chunks. It refuses most of what RFC 9112
forbids. This module refuses the rest:

- bytes before the status line, and other protocols and versions than HTTP/1.0 and HTTP/1.1;
- status codes below 100, and control characters in the reason phrase;
- a ``Transfer-Encoding`` other than ``chunked``, and any in HTTP/1.0;
- a change of protocol (101).

Bytes after an answer, even an empty line, make the connection unusable, but not the answer.
llhttp gets a head only when it is complete. So the result does not depend on how the bytes were
split.
"""

import re
from types import SimpleNamespace

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from bulkeic.aws.http.answer_body import BODIES, AnswerTooLargeError, check_body_size, decoded_body
from bulkeic.aws.http.answer_headers import AnswerHeaders
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.aws.http.transport_errors import InvalidAnswerError, NoAnswerError

MAX_HEADER_BYTES = 64 * 1024
"""Bytes of an answer before its body, informational responses included; also of its trailers."""
MAX_INFORMATIONAL = 16
"""Informational responses (100 to 199) before an answer."""

_END = b"\r\n\r\n"
_match_status_line = re.compile(rb"HTTP/1\.[01] [1-9]\d\d(?: [\t -~\x80-\xff]*)?\r\n").match
_PREFIXES = (b"HTTP/1.1 ", b"HTTP/1.0 ")
_STATUS_AT = len(b"HTTP/1.1 ")
_INFORMATIONAL = ord("1")
_SWITCHING_PROTOCOLS = b"101"
_TRANSFER_ENCODING = b"\r\ntransfer-encoding:"
_find_chunked = re.compile(_TRANSFER_ENCODING + rb"[\t ]*chunked[\t ]*\r\n").search
_CONTENT_LENGTH = b"\r\ncontent-length:"
_CONTENT_ENCODING = b"\r\ncontent-encoding:"
# One byte each, they take as much memory as a usual answer.
_MANY_PIECES = 256
# More than the line breaks at the end of a chunked body.
_TAIL_BYTES = 8


class AnswerParser:
    """Parses the answers of one connection.

    Attributes:
        is_reusable: whether the connection may be used again after the answer that was returned.
    """

    __slots__ = (
        "_count",
        "_has_surplus",
        "_head",
        "_heads_bytes",
        "_informational",
        "_is_chunked",
        "_is_complete",
        "_is_kept_alive",
        "_kept",
        "_kept_bytes",
        "_lower",
        "_parser",
        "_pieces",
        "_received",
        "_silent_bytes",
        "_tail",
        "is_reusable",
    )

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._parser = HttpResponseParser(
            SimpleNamespace(
                on_message_begin=self._on_begin,
                on_body=self._pieces.append,
                on_message_complete=self._on_complete,
            )
        )
        self.is_reusable = False
        self._expect_answer()

    def _expect_answer(self) -> None:
        self._head = self._lower = self._tail = b""
        self._is_complete = self._is_chunked = self._has_surplus = self._is_kept_alive = False
        self._count = self._heads_bytes = self._informational = 0
        self._received = self._silent_bytes = 0

    def close(self) -> None:
        """Frees all memory: parser and callbacks refer to each other. Call it once, at the end."""
        del self._parser
        self._drop_body()

    def feed(self, data: bytes) -> RawResponse | None:
        """Parses bytes; returns an answer once it is whole.

        Raises:
            InvalidAnswerError: they are not valid HTTP.
            AnswerTooLargeError: the answer exceeds a limit.
            ContentEncodingError: its body cannot be decompressed.
        """
        if self._lower:
            self._received += len(data)
            self._parse(data)
        elif not self._parse_head(self._head + data if self._head else data):
            return None
        if self._is_complete:
            return self._answer()
        self._keep_body(len(data))
        return None

    def finish(self) -> RawResponse:
        """Returns the answer that ends with its connection.

        Raises:
            NoAnswerError: there is none, or only a part of one.
            AnswerTooLargeError, ContentEncodingError: as ``feed``.
        """
        if not self._lower:
            raise NoAnswerError("the server closed the connection without an answer")
        if self._is_chunked or _CONTENT_LENGTH in self._lower:
            raise NoAnswerError("the answer ended too early")
        self._count = len(self._pieces)
        return self._answer()

    def _parse_head(self, unread: bytes) -> bool:
        """Parses the heads of informational answers and of the answer, and what follows."""
        end = self._end_of_head(unread)
        while end and unread[_STATUS_AT] == _INFORMATIONAL:
            self._skip_informational(unread[:end])
            unread = unread[end:]
            end = self._end_of_head(unread)
        if not end:
            self._head = unread
            return False
        self._head = unread[:end]
        self._lower = self._head.lower()
        if _TRANSFER_ENCODING in self._lower:
            self._check_transfer_encoding()
        self._received = len(unread) - end
        self._parse(unread)
        return True

    def _end_of_head(self, unread: bytes) -> int:
        """Returns how long a valid head is; 0: it is not whole."""
        end = unread.find(_END) + len(_END)
        if end < len(_END):
            if not unread.startswith(_PREFIXES) and not _is_begin_of_prefix(unread):
                raise InvalidAnswerError("the answer is not valid HTTP")
            if unread.count(b"\n") != unread.count(b"\r\n"):
                raise InvalidAnswerError("the answer is not valid HTTP")
            end, size = 0, len(unread)
        elif _match_status_line(unread) is None:
            raise InvalidAnswerError("the answer is not valid HTTP")
        else:
            size = end
        if size + self._heads_bytes > MAX_HEADER_BYTES:
            raise AnswerTooLargeError(f"more than {MAX_HEADER_BYTES} bytes of headers")
        return end

    def _skip_informational(self, head: bytes) -> None:
        self._informational += 1
        if self._informational > MAX_INFORMATIONAL:
            raise AnswerTooLargeError(f"more than {MAX_INFORMATIONAL} informational responses")
        if head.startswith(_SWITCHING_PROTOCOLS, _STATUS_AT):
            raise InvalidAnswerError("the answer changes the protocol")
        self._heads_bytes += len(head)
        self._parse(head)
        self._is_complete = False

    def _check_transfer_encoding(self) -> None:
        is_known = self._lower.count(_TRANSFER_ENCODING) == 1 and _find_chunked(self._lower)
        if not is_known or not self._head.startswith(_PREFIXES[0]):
            raise InvalidAnswerError("the answer has an unknown Transfer-Encoding")
        self._is_chunked = True

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            if not self._is_complete:
                raise InvalidAnswerError("the answer is not valid HTTP") from None
            self._has_surplus = True
        if self._is_chunked:
            self._tail = (self._tail + data)[-_TAIL_BYTES:]

    # Callbacks of llhttp.

    def _on_begin(self) -> None:
        if self._is_complete:
            self._has_surplus = True

    def _on_complete(self) -> None:
        if not self._is_complete:
            self._is_complete = True
            self._count = len(self._pieces)
            self._is_kept_alive = self._parser.should_keep_alive()

    # The body.

    def _keep_body(self, size: int) -> None:
        """Keeps what was decoded: many small pieces take more memory than one.

        Args:
            size: bytes that were just received.
        """
        piece = b"".join(self._pieces)
        self._pieces.clear()
        self._silent_bytes = 0 if piece else self._silent_bytes + size
        if self._silent_bytes > MAX_HEADER_BYTES:
            raise AnswerTooLargeError(f"more than {MAX_HEADER_BYTES} bytes without content")
        self._kept.append(piece)
        self._kept_bytes += len(piece)
        if len(self._kept) > _MANY_PIECES:
            self._kept = [b"".join(self._kept)]
        BODIES.reserve(len(piece))
        check_body_size(self._kept_bytes)

    def _take_body(self) -> bytes:
        pieces = [*self._kept, *self._pieces[: self._count]]
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._drop_body()
        return body

    def _drop_body(self) -> None:
        self._pieces.clear()
        if self._kept:
            BODIES.release(self._kept_bytes)
            self._kept = []
            self._kept_bytes = 0

    def _answer(self) -> RawResponse:
        body, head, lower = self._take_body(), self._head, self._lower
        check_body_size(len(body))
        self.is_reusable = self._is_kept_alive and not self._has_surplus and self._is_exact(body)
        self._expect_answer()
        headers = AnswerHeaders(head, lower)
        if _CONTENT_ENCODING in lower:
            body = decoded_body(body, headers.get("content-encoding"))
        return RawResponse(int(head[_STATUS_AT : _STATUS_AT + 3]), headers, body)

    def _is_exact(self, body: bytes) -> bool:
        """Returns whether nothing was received after the answer, not even an empty line."""
        if not self._is_chunked:
            return self._received == len(body)
        return len(self._tail) - len(self._tail.rstrip(b"\r\n")) == len(_END)


def _is_begin_of_prefix(data: bytes) -> bool:
    return any(prefix.startswith(data) for prefix in _PREFIXES)
