"""Reads rows from CSV with a header row."""

import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from bulkeic.core.errors import InputError
from bulkeic.core.targets.fields import Fields
from bulkeic.core.targets.rows import Row
from bulkeic.sources.byte_stream import MAX_LINE_BYTES, bounded_lines
from bulkeic.sources.conversions import undecodable
from bulkeic.sources.csv_header import EMPTY, CsvHeader, find_separator, is_separator_line

if TYPE_CHECKING:
    from _csv import Reader

_TOO_LONG = f"a row of more than {MAX_LINE_BYTES:,} bytes; is a quote left open?"


def csv_rows(stream: io.BufferedReader, allowed: Fields) -> Iterator[Row | InputError]:
    """Yields the rows of a CSV file. A bad row yields its problem, and reading continues.

    Rows of empty cells are skipped: spreadsheets write them after the last row.

    Raises:
        InputError: the rest of the file cannot be read.
    """
    text = _TextLines(stream)
    last_line = 0
    try:
        reader, header = _read_header(text, allowed)
        last_line = reader.line_num
        text.row_bytes = 0
        for cells in reader:
            text.row_bytes = 0
            line, last_line = last_line + 1, reader.line_num
            if text.last_undecodable >= line:
                yield text.problem.at("", line)
            elif any(cells):
                try:
                    yield Row(line, header.values(cells))
                except InputError as problem:
                    yield problem.at("", line)
    except csv.Error as error:
        raise InputError(_csv_problem(error), line=last_line + 1) from None
    except _TooLongError:
        raise InputError(_TOO_LONG, line=last_line + 1) from None


def _read_header(text: "_TextLines", allowed: Fields) -> tuple["Reader", CsvHeader]:
    """Returns a reader of the rows after the header, and the header."""
    lines = iter(text)
    head: list[str] = []
    while not head or not head[-1].strip("\r\n"):
        line = next(lines, None)
        if line is None:
            raise InputError(EMPTY)
        head.append("\n" if is_separator_line(line) else line)
    number = len(head)
    try:
        separator = find_separator(head[-1])
        reader = csv.reader(chain(head, lines), delimiter=separator, strict=True)
        names = next(filter(None, reader))
        number = reader.line_num
        if text.last_undecodable:
            raise text.problem
        return reader, CsvHeader(names, allowed)
    except InputError as problem:
        raise problem.at("", problem.line or number) from None


def _csv_problem(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"a cell of more than {csv.field_size_limit():,} characters; is a quote left open?"
    if "new-line character" in str(error):
        return "a line ends in CR alone; expected LF or CRLF"
    return f"not CSV: {error}"


class _TooLongError(Exception):
    """A row spans too many bytes."""


class _TextLines:
    """A stream's lines as text.

    Attributes:
        row_bytes: bytes of the row so far; set it to 0 at the start of each row.
        last_undecodable: number of the last line that is not UTF-8; 0: none. The line is yielded
            with replacement characters.
        problem: of that line.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.row_bytes = 0
        self.last_undecodable = 0
        self.problem = InputError("")

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(bounded_lines(self._stream), 1):
            self.row_bytes += len(line)
            if self.row_bytes > MAX_LINE_BYTES:
                raise _TooLongError
            try:
                yield line.decode()
            except UnicodeDecodeError:
                self.last_undecodable = number
                self.problem = undecodable(line)
                yield line.decode(errors="replace")
