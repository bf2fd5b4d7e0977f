"""What a results file holds already, when a run is carried on with.

A kill may have torn the last row: it is not counted, and what is written next takes its place.
"""

import csv
import io
from collections.abc import Iterator
from typing import IO

import msgspec

from bulkeic.core.errors import UsageError

_LONGEST_BYTES = 1 << 24
_MOST_JOBS = 10**9
_FIRST = b'{"seq":'


class _WrittenRow(msgspec.Struct):
    """Of an outcome in JSON, the number of its job."""

    seq: int


class WrittenRows:
    """The jobs of which outcomes are in a results file.

    Args:
        file: as it is, from its beginning.
        header: its first row; empty: it has none (JSON Lines).
        name: what to call it.

    Attributes:
        end: bytes that are whole rows.
        jobs: how many there are.

    Raises:
        UsageError: a row of it is no outcome.
        OSError: it cannot be read.
    """

    def __init__(self, file: IO[bytes], header: bytes, name: str) -> None:
        self.end = 0
        self.jobs = 0
        self._bits = bytearray()
        self._name = name
        self._seq_of = _seq_of_csv if header else _seq_of_json
        if header:
            first = file.readline(_LONGEST_BYTES)
            if header.startswith(first) and first != header:
                return  # there is nothing, or a header that was torn
            if first != header:
                raise self._refusal(1)
            self.end = len(header)
        number = 1 + bool(header)
        for row, lines in _rows(file, quoted=bool(header)):
            self._add(row, number)
            self.end += len(row)
            number += lines
        file.seek(self.end)
        if not _may_be_torn(file.read(len(_FIRST)), quoted=bool(header)):
            raise self._refusal(number)

    def has(self, seq: int) -> bool:
        """Whether a job's outcome is there."""
        place = seq >> 3
        return place < len(self._bits) and bool(self._bits[place] >> (seq & 7) & 1)

    def _add(self, row: bytes, number: int) -> None:
        try:
            seq = self._seq_of(row)
        except (ValueError, IndexError, csv.Error, RecursionError):
            raise self._refusal(number) from None
        if not 0 <= seq < _MOST_JOBS or self.has(seq):
            raise self._refusal(number)
        self._bits.extend(bytes(max(0, (seq >> 3) + 1 - len(self._bits))))
        self._bits[seq >> 3] |= 1 << (seq & 7)
        self.jobs += 1

    def _refusal(self, number: int) -> UsageError:
        return UsageError(
            f"{self._name}: line {number} is not what this run has written; "
            "move the file away, or give another name, and it is written anew"
        )


def _rows(file: IO[bytes], *, quoted: bool) -> Iterator[tuple[bytes, int]]:
    """The whole rows, each with its number of lines; a quoted cell may hold the end of a line."""
    row, size, quotes = [], 0, 0
    while line := file.readline(_LONGEST_BYTES):
        row.append(line)
        size, quotes = size + len(line), quotes + line.count(b'"')
        if size >= _LONGEST_BYTES or not line.endswith(b"\n"):
            return
        if not quoted or quotes % 2 == 0:
            yield b"".join(row), len(row)
            row, size, quotes = [], 0, 0


def _may_be_torn(beginning: bytes, *, quoted: bool) -> bool:
    """Whether a row of ours begins so; a disk may have kept the length alone, which reads as NULs.

    Nothing at all is one, too: the last row was whole.
    """
    begun = beginning.rstrip(b"\0")
    if quoted:
        return not begun or begun[:1].isdigit()
    return _FIRST.startswith(begun)


_seq_in_json = msgspec.json.Decoder(_WrittenRow).decode


def _seq_of_json(row: bytes) -> int:
    return _seq_in_json(row).seq


def _seq_of_csv(row: bytes) -> int:
    return int(next(csv.reader(io.StringIO(row.decode(), newline="")))[0])
