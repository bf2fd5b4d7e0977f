"""Which outcomes a results file has already, when its run is resumed.

A killed process may have written a part of the last row. It is not counted, and is overwritten.
"""

import csv
import io
from collections.abc import Iterator
from typing import IO

import msgspec

from bulkeic.core.errors import UsageError

_MAX_ROW_BYTES = 1 << 24
_MAX_JOBS = 10**9
_JSON_START = b'{"seq":'


class _WrittenRow(msgspec.Struct):
    """The part of an outcome in JSON that is read."""

    seq: int


class WrittenRows:
    """The jobs whose outcomes a results file has.

    Args:
        file: read from its start.
        header: its first row; empty for JSON Lines, which has none.
        name: of the file, for errors.

    Attributes:
        end: size of all complete rows, bytes.
        jobs: number of outcomes.

    Raises:
        UsageError: a row is not an outcome.
        OSError: the file cannot be read.
    """

    def __init__(self, file: IO[bytes], header: bytes, name: str) -> None:
        self.end = 0
        self.jobs = 0
        self._bits = bytearray()
        self._name = name
        self._seq_of = _seq_of_csv if header else _seq_of_json
        if header:
            first = file.readline(_MAX_ROW_BYTES)
            if header.startswith(first) and first != header:
                return  # an empty file, or a part of the header
            if first != header:
                raise self._refusal(1)
            self.end = len(header)
        number = 1 + bool(header)
        for row, lines in _rows(file, quoted=bool(header)):
            self._add(row, number)
            self.end += len(row)
            number += lines
        file.seek(self.end)
        if not _is_row_start(file.read(len(_JSON_START)), quoted=bool(header)):
            raise self._refusal(number)

    def has(self, seq: int) -> bool:
        """Whether the file has a job's outcome."""
        byte = seq >> 3
        return byte < len(self._bits) and bool(self._bits[byte] >> (seq & 7) & 1)

    def _add(self, row: bytes, number: int) -> None:
        try:
            seq = self._seq_of(row)
        except (ValueError, IndexError, csv.Error, RecursionError):
            raise self._refusal(number) from None
        if not 0 <= seq < _MAX_JOBS or self.has(seq):
            raise self._refusal(number)
        self._bits.extend(bytes(max(0, (seq >> 3) + 1 - len(self._bits))))
        self._bits[seq >> 3] |= 1 << (seq & 7)
        self.jobs += 1

    def _refusal(self, number: int) -> UsageError:
        return UsageError(
            f"{self._name}: line {number} was not written by this run; "
            "move the file, or use another name for the results"
        )


def _rows(file: IO[bytes], *, quoted: bool) -> Iterator[tuple[bytes, int]]:
    """The complete rows, each with its number of lines: a quoted cell may contain line ends."""
    row, size, quotes = [], 0, 0
    while line := file.readline(_MAX_ROW_BYTES):
        row.append(line)
        size, quotes = size + len(line), quotes + line.count(b'"')
        if size >= _MAX_ROW_BYTES or not line.endswith(b"\n"):
            return
        if not quoted or quotes % 2 == 0:
            yield b"".join(row), len(row)
            row, size, quotes = [], 0, 0


def _is_row_start(start: bytes, *, quoted: bool) -> bool:
    """Whether these bytes may start a row of this run.

    They may be empty: the last row was complete. A disk may have kept only the length of what was
    written, which reads as NULs.
    """
    text = start.rstrip(b"\0")
    if quoted:
        return not text or text[:1].isdigit()
    return _JSON_START.startswith(text)


_seq_in_json = msgspec.json.Decoder(_WrittenRow).decode


def _seq_of_json(row: bytes) -> int:
    return _seq_in_json(row).seq


def _seq_of_csv(row: bytes) -> int:
    return int(next(csv.reader(io.StringIO(row.decode(), newline="")))[0])
