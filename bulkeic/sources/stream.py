"""Bytes from a file or stdin, unzipped, in pieces of bounded size."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from bulkeic.core.errors import InputError

LINE_BYTES = 1 << 20
"""Of one line, of one row over several lines, and of blank lines without a row between them."""
STDIN = "-"

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_BUFFER_BYTES = 1 << 16
# Deflate cannot make anything smaller than by 1,032 times, and rows come to 5 to 50.
_BOMB_RATIO = 500
_BOMB_BYTES = 1 << 26


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
                outer = io.BufferedReader(_Unzipped(raw), _BUFFER_BYTES)
            if outer.peek(3)[:3] == _BOM:
                outer.read(3)
        yield outer
    finally:
        raw.close()


@contextmanager
def readable() -> Iterator[None]:
    """Turns what reading can meet (I/O errors, a damaged gzip) into ``InputError``."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"damaged gzip: {error}") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from None


class _Packed(io.RawIOBase):
    """A stream that counts its bytes."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._stream.readinto(buffer)
        self.bytes += count
        return count


class _Unzipped(io.RawIOBase):
    """A gzipped stream, as far as it is no bomb: a few MB that would take hours to read."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._packed = _Packed(stream)
        self._unzipped = gzip.GzipFile(fileobj=io.BufferedReader(self._packed))
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._unzipped.read1(len(buffer))
        buffer[: len(piece)] = piece
        self._bytes += len(piece)
        if self._bytes > _BOMB_BYTES and self._bytes > _BOMB_RATIO * self._packed.bytes:
            raise InputError(
                f"gzip of more than {_BOMB_RATIO} times its size; no targets file is packed "
                "so tightly, and one that is can be given unzipped"
            )
        return len(piece)


def first_line(stream: io.BufferedReader) -> tuple[bytes, io.BufferedReader]:
    """The first line that is not blank (``LINE_BYTES`` at most), and a stream that has it all."""
    with readable():
        head = bytearray(line := stream.readline(LINE_BYTES))
        while line.isspace() and len(head) < LINE_BYTES:
            line = stream.readline(LINE_BYTES)
            head += line
    return line, io.BufferedReader(_Chain(bytes(head), stream), _BUFFER_BYTES)


class _Chain(io.RawIOBase):
    """Bytes that have been read already, and what follows them."""

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
        InputError: a line is longer, there are as many bytes of blank lines, or the bytes cannot be
            read; the line is named.
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
