"""CSV with a header row → rows."""

import csv
import io
from collections.abc import Iterator

from bulkeic.core.errors import InputError
from bulkeic.core.fields import Fields
from bulkeic.core.rows import Row
from bulkeic.sources.byte_stream import LINE_BYTES, bounded_lines

_OTHER_SEPARATORS = (";", "\t", "|")
_LONGEST_NAME = 64
_TOO_LONG = f"a row of more than {LINE_BYTES:,} bytes; is a quote left open?"


def csv_rows(stream: io.BufferedReader, known: Fields) -> Iterator[Row | InputError]:
    """The rows of a CSV file; a bad row gives a problem in its place.

    Raises:
        InputError: the rest of the file cannot be read.
    """
    text = _Text(stream)
    reader = csv.reader(text, strict=True)
    previous_line = 0
    try:
        fields = _header(next(filter(None, reader), None), reader.line_num, text, known)
        columns = len(fields)
        previous_line = reader.line_num
        text.begin_row()
        for cells in reader:
            text.begin_row()
            line, previous_line = previous_line + 1, reader.line_num
            if text.undecodable >= line:
                yield InputError("not UTF-8", line=line)
            elif len(cells) == columns:
                yield Row(line, dict(zip(fields, cells, strict=True)))
            elif cells:
                yield InputError(f"{len(cells)} cells; the header has {columns}", line=line)
    except csv.Error as error:
        raise InputError(_malformed(error), line=previous_line + 1) from None
    except _TooLongError:
        raise InputError(_TOO_LONG, line=previous_line + 1) from None


def _header(names: list[str] | None, line: int, text: "_Text", known: Fields) -> list[str]:
    if names is None:
        raise InputError("empty; the first row names the columns")
    if text.undecodable:
        raise InputError("not UTF-8", line=line)
    if len(names) == 1 and any(separator in names[0] for separator in _OTHER_SEPARATORS):
        raise InputError("columns are separated by commas", line=line)
    fields: list[str] = []
    for name in names:
        try:
            field = known.find(name[:_LONGEST_NAME])
        except InputError as problem:
            raise problem.at("", line) from None
        if field in fields:
            raise InputError("given twice", field=field, line=line)
        fields.append(field)
    return fields


def _malformed(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"a cell of more than {csv.field_size_limit():,} characters; is a quote left open?"
    if "new-line character" in str(error):
        return "a line ends in CR alone; expected LF or CRLF"
    return f"not CSV: {error}"


class _TooLongError(Exception):
    """A row has too many lines."""


class _Text:
    """Lines as text.

    Attributes:
        undecodable: number of the last line that is not UTF-8; its bad bytes are replaced.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._row_bytes = 0
        self.undecodable = 0

    def begin_row(self) -> None:
        """Marks the next line as a row's first."""
        self._row_bytes = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(bounded_lines(self._stream), 1):
            self._row_bytes += len(line)
            if self._row_bytes > LINE_BYTES:
                raise _TooLongError
            try:
                yield line.decode()
            except UnicodeDecodeError:
                self.undecodable = number
                yield line.decode(errors="replace")
