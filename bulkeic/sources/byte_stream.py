"""Opens files or stdin as streams of UTF-8: unzipped, without a byte-order mark, bounded."""

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NoReturn, cast

from bulkeic.core.errors import InputError
from bulkeic.sources.conversions import SIGNATURE_BYTES, check_signature

MAX_LINE_BYTES = 1 << 20
"""Limit of a line, of a row that spans lines, and of blank lines without a row between them."""
STDIN = "-"

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = codecs.BOM_UTF8
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_HEAD_BYTES = 8  # of the longest byte-order mark or signature
_BUFFER_BYTES = 1 << 16
# Deflate shrinks zeros 1,032 times, text that repeats every kilobyte 200 times, rows 5 to 50 times.
_GZIP_BOMB_RATIO = 300
_GUNZIP_BUFFER_BYTES = 1 << 18
# The compressed stream is read in pieces this small, so that few bytes are read ahead and counted.
_COMPRESSED_READ_BYTES = 1 << 9


@contextmanager
def open_stream(path: str) -> Iterator[io.BufferedReader]:
    """Opens a file as UTF-8: unzipped if it is gzipped, without a byte-order mark.

    A file that begins with the byte-order mark of UTF-16 is recoded.

    Args:
        path: a file, or ``-`` for stdin.

    Raises:
        InputError: the file cannot be opened, or is of a kind that cannot be read.
    """
    try:
        descriptor = sys.stdin.fileno() if path == STDIN else path
        raw = open(descriptor, "rb", closefd=path != STDIN)  # noqa: SIM115 - closed below
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from None
    try:
        with translate_read_errors():
            stream = _with_head(raw)
            if stream.peek(2)[:2] == _GZIP_MAGIC:
                unzipped: io.BufferedReader
                unzipped = io.BufferedReader(_GunzipStream(stream), _GUNZIP_BUFFER_BYTES)
                stream = _with_head(unzipped)
            check_signature(stream.peek(SIGNATURE_BYTES)[:SIGNATURE_BYTES])
            stream = _without_mark(stream)
        yield stream
    finally:
        raw.close()


def _with_head(stream: io.BufferedReader) -> io.BufferedReader:
    """The stream, with the bytes that show what it is ready for ``peek``: a pipe may lack some."""
    if len(stream.peek(_HEAD_BYTES)) >= _HEAD_BYTES:
        return stream
    return prepend(stream.read(_HEAD_BYTES), stream)


def _without_mark(stream: io.BufferedReader) -> io.BufferedReader:
    """The stream after its byte-order mark, recoded if the mark is that of UTF-16."""
    head = stream.peek(len(_BOM))
    if head.startswith(_BOM):
        stream.read(len(_BOM))
    for mark, encoding in _UTF16.items():
        if head.startswith(mark):
            stream.read(len(mark))
            return io.BufferedReader(_RecodedStream(stream, encoding), _BUFFER_BYTES)
    return stream


@contextmanager
def translate_read_errors() -> Iterator[None]:
    """Translates I/O errors and errors of a damaged gzip file into ``InputError``."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"damaged gzip: {error}") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from None


class _CountingReader:
    """Reads a stream in small pieces and counts the bytes."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.bytes = 0

    def read(self, size: int) -> bytes:
        piece = self._stream.read(min(size, _COMPRESSED_READ_BYTES))
        self.bytes += len(piece)
        return piece


class _GunzipStream(io.RawIOBase):
    """A gunzipped stream that rejects gzip bombs: small files that take hours to read."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._compressed = _CountingReader(stream)
        self._unzipped = gzip.GzipFile(fileobj=cast("IO[bytes]", self._compressed))
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._unzipped.read1(len(buffer))
        buffer[: len(piece)] = piece
        self._bytes += len(piece)
        if (
            self._bytes > _GUNZIP_BUFFER_BYTES
            and self._bytes > _GZIP_BOMB_RATIO * self._compressed.bytes
        ):
            raise InputError(
                f"expands to more than {_GZIP_BOMB_RATIO} times its size, as a gzip bomb does; "
                "if the file is valid, gunzip it before you pass it"
            )
        return len(piece)


class _RecodedStream(io.RawIOBase):
    """A stream of UTF-16 as UTF-8.

    Half of a UTF-16 character becomes bytes that are not UTF-8, so that the row that holds it is
    the one reported.
    """

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = self._stream.read1(_BUFFER_BYTES)
            try:
                text = self._decoder.decode(piece, final=not piece)
            except UnicodeDecodeError:
                raise InputError("damaged UTF-16: it ends within a character") from None
            self._rest = memoryview(text.encode(errors="surrogatepass"))
            if not piece:
                break
        part = self._rest[: len(buffer)]
        self._rest = self._rest[len(part) :]
        buffer[: len(part)] = part
        return len(part)


def peek_first_line(stream: io.BufferedReader) -> tuple[bytes, io.BufferedReader]:
    """Returns the first line that is not blank, and a stream that still contains everything.

    The line is cut after ``MAX_LINE_BYTES``.
    """
    with translate_read_errors():
        head = bytearray(line := stream.readline(MAX_LINE_BYTES))
        while line.isspace() and len(head) < MAX_LINE_BYTES:
            line = stream.readline(MAX_LINE_BYTES)
            head += line
    return line, prepend(bytes(head), stream)


def prepend(head: bytes, rest: io.BufferedReader) -> io.BufferedReader:
    """A stream of bytes that were already read, followed by the rest of their stream."""
    return io.BufferedReader(_PrependedStream(head, rest), _BUFFER_BYTES)


class _PrependedStream(io.RawIOBase):
    """Bytes that were already read, followed by the rest of their stream."""

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
    """Yields the lines with their line breaks.

    Raises:
        InputError: a line or a block of blank lines is longer than ``MAX_LINE_BYTES``, or the bytes
            cannot be read. The error has the line number.
    """
    number = blank = 0
    readline = stream.readline
    try:
        with translate_read_errors():
            while line := readline(MAX_LINE_BYTES):
                number += 1
                if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                    _reject_line()
                if not line.isspace():
                    blank = 0
                elif (blank := blank + len(line)) > MAX_LINE_BYTES:
                    _reject_blank_lines()
                yield line
    except InputError as problem:
        raise problem.at("", max(number, 1)) from None


def _reject_blank_lines() -> NoReturn:
    raise InputError(
        f"more than {MAX_LINE_BYTES:,} bytes of blank lines; no targets file needs that"
    )


def _reject_line() -> NoReturn:
    raise InputError(f"longer than {MAX_LINE_BYTES:,} bytes; no row needs that")
