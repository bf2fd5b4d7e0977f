"""Bytes of a file or stdin, unzipped, in pieces of bounded size."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NoReturn, cast

from bulkeic.core.errors import InputError

LINE_BYTES = 1 << 20
"""Limit for one line, one row over several lines, and consecutive blank lines."""
STDIN = "-"

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_BUFFER_BYTES = 1 << 16
# Deflate compresses zeros 1,032 times, kilobytes that repeat 200 times, and rows 5 to 50 times.
_BOMB_RATIO = 300
_UNZIPPED_BYTES = 1 << 18
# Read in small pieces, so that little more is read than was unzipped.
_PACKED_BYTES = 1 << 9


@contextmanager
def open_stream(path: str) -> Iterator[io.BufferedReader]:
    """A targets file's bytes: unzipped when they are gzipped, without a byte-order mark.

    Args:
        path: a file, or ``-`` for stdin.

    Raises:
        InputError: the file cannot be opened.
    """
    try:
        descriptor = sys.stdin.fileno() if path == STDIN else path
        raw = open(descriptor, "rb", closefd=path != STDIN)  # noqa: SIM115 - closed below
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from None
    try:
        outer = raw
        with readable():
            if outer.peek(2)[:2] == _GZIP_MAGIC:
                outer = io.BufferedReader(_Unzipped(raw), _UNZIPPED_BYTES)
            if outer.peek(3)[:3] == _BOM:
                outer.read(3)
        yield outer
    finally:
        raw.close()


@contextmanager
def readable() -> Iterator[None]:
    """Translates I/O errors and a damaged gzip to ``InputError``."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"damaged gzip: {error}") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from None


class _CountedStream:
    """A stream that is read in small pieces and counts its bytes."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.bytes = 0

    def read(self, size: int) -> bytes:
        piece = self._stream.read(min(size, _PACKED_BYTES))
        self.bytes += len(piece)
        return piece


class _Unzipped(io.RawIOBase):
    """A gzipped stream that refuses bombs: a few MB that would take hours to read."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._packed = _CountedStream(stream)
        self._unzipped = gzip.GzipFile(fileobj=cast("IO[bytes]", self._packed))
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._unzipped.read1(len(buffer))
        buffer[: len(piece)] = piece
        self._bytes += len(piece)
        if self._bytes > _UNZIPPED_BYTES and self._bytes > _BOMB_RATIO * self._packed.bytes:
            raise InputError(
                f"gunzips to more than {_BOMB_RATIO} times its size; no list of targets "
                "does that; if it is one, gunzip it yourself"
            )
        return len(piece)


def first_line(stream: io.BufferedReader) -> tuple[bytes, io.BufferedReader]:
    """The first line that is not blank (``LINE_BYTES`` at most), and a stream of all bytes."""
    with readable():
        head = bytearray(line := stream.readline(LINE_BYTES))
        while line.isspace() and len(head) < LINE_BYTES:
            line = stream.readline(LINE_BYTES)
            head += line
    return line, io.BufferedReader(_PrefixedStream(bytes(head), stream), _BUFFER_BYTES)


class _PrefixedStream(io.RawIOBase):
    """Bytes that were read already, and the rest of the stream."""

    def __init__(self, head: bytes, rest: io.BufferedReader) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._head[: len(buffer)] or self._rest.read1(len(buffer))
        self._head = self._head[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


def bounded_lines(stream: io.BufferedReader) -> Iterator[bytes]:
    """The lines with their ends, none longer than ``LINE_BYTES``.

    Raises:
        InputError: a line is longer, blank lines have more bytes than that, or the bytes cannot be
            read; it has the line.
    """
    number = blank = 0
    readline = stream.readline
    try:
        with readable():
            while line := readline(LINE_BYTES):
                number += 1
                _check_length(line)
                if not line.isspace():
                    blank = 0
                elif (blank := blank + len(line)) > LINE_BYTES:
                    _refuse_blank()
                yield line
    except InputError as problem:
        raise problem.at("", max(number, 1)) from None


def _refuse_blank() -> NoReturn:
    raise InputError(f"more than {LINE_BYTES:,} bytes of blank lines; no targets file needs that")


def _check_length(line: bytes) -> None:
    if len(line) == LINE_BYTES and not line.endswith(b"\n"):
        raise InputError(f"longer than {LINE_BYTES:,} bytes; no row needs that")
