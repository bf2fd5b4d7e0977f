"""Reads rows from CSV with a header row."""

import csv
import io
from collections.abc import Iterator

from bulkeic.core.errors import InputError
from bulkeic.core.fields import Fields
from bulkeic.core.rows import Row
from bulkeic.sources.byte_stream import MAX_LINE_BYTES, bounded_lines

_OTHER_SEPARATORS = (";", "\t", "|")
_MAX_COLUMN_NAME = 64
_TOO_LONG = f"a row of more than {MAX_LINE_BYTES:,} bytes; is a quote left open?"


def csv_rows(stream: io.BufferedReader, allowed: Fields) -> Iterator[Row | InputError]:
    """Yields the rows of a CSV file. A bad row yields its problem, and reading continues.

    Raises:
        InputError: the rest of the file cannot be read.
    """
    text = _TextLines(stream)
    reader = csv.reader(text, strict=True)
    last_line = 0
    try:
        fields = _header(next(filter(None, reader), None), reader.line_num, text, allowed)
        columns = len(fields)
        last_line = reader.line_num
        text.row_bytes = 0
        for cells in reader:
            text.row_bytes = 0
            line, last_line = last_line + 1, reader.line_num
            if text.last_undecodable >= line:
                yield InputError("not UTF-8", line=line)
            elif len(cells) == columns:
                yield Row(line, dict(zip(fields, cells)))  # noqa: B905 - strict is slow
            elif cells:
                yield InputError(f"{len(cells)} cells; the header has {columns}", line=line)
    except csv.Error as error:
        raise InputError(_csv_problem(error), line=last_line + 1) from None
    except _TooLongError:
        raise InputError(_TOO_LONG, line=last_line + 1) from None


def _header(names: list[str] | None, line: int, text: "_TextLines", allowed: Fields) -> list[str]:
    if names is None:
        raise InputError("empty; the first row names the columns")
    if text.last_undecodable:
        raise InputError("not UTF-8", line=line)
    if len(names) == 1 and any(separator in names[0] for separator in _OTHER_SEPARATORS):
        raise InputError("columns are separated by commas", line=line)
    fields: list[str] = []
    for name in names:
        try:
            field = allowed.find(name[:_MAX_COLUMN_NAME])
        except InputError as problem:
            raise problem.at("", line) from None
        if field in fields:
            raise InputError("given twice", field=field, line=line)
        fields.append(field)
    return fields


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
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.row_bytes = 0
        self.last_undecodable = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(bounded_lines(self._stream), 1):
            self.row_bytes += len(line)
            if self.row_bytes > MAX_LINE_BYTES:
                raise _TooLongError
            try:
                yield line.decode()
            except UnicodeDecodeError:
                self.last_undecodable = number
                yield line.decode(errors="replace")
