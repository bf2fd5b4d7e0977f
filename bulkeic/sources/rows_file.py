"""Reads a file of rows in any of the formats."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from bulkeic.core.errors import InputError, UsageError, printable, quoted
from bulkeic.core.targets.fields import TARGET_FIELDS, Fields
from bulkeic.core.targets.rows import Row
from bulkeic.sources.byte_stream import STDIN, open_stream, peek_first_line
from bulkeic.sources.conversions import BY_ENDING
from bulkeic.sources.csv_rows import csv_rows
from bulkeic.sources.jsonl_rows import jsonl_rows
from bulkeic.sources.row_format import Format

_BY_ENDING = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
}


def _json_rows(stream: io.BufferedReader, fields: Fields) -> Iterator[Row | InputError]:
    from bulkeic.sources.json_rows import json_rows  # noqa: PLC0415 - it imports a parser

    return json_rows(stream, fields)


_READERS: dict[Format, Callable[[io.BufferedReader, Fields], Iterator[Row | InputError]]] = {
    Format.CSV: csv_rows,
    Format.JSON: _json_rows,
    Format.JSONL: jsonl_rows,
}


class RowsFile:
    """A targets file, or a file with other fields. It can be read once, as a stream.

    Args:
        path: a file, or ``-`` for stdin.
        format: the format; ``None``: by the file name's ending, or by the first line of stdin or a
            pipe.
        fields: the fields that a row may have.

    Raises:
        UsageError: the file does not exist, or has an unknown ending and no format is given.
    """

    def __init__(
        self,
        path: str,
        format: Format | None = None,  # noqa: A002 - the flag's name
        fields: Fields = TARGET_FIELDS,
    ) -> None:
        self._path = path
        self._fields = fields
        try:
            self._format = format or _format_of(path, fields)
        except OSError as error:
            raise UsageError(f"{printable(path)}: cannot be read: {error.strerror}") from None
        self.name = "<stdin>" if path == STDIN else printable(path)

    def rows(self) -> Iterator[Row | InputError]:
        """Yields the rows, and the problems of rows that cannot be decoded, in file order.

        Raises:
            InputError: the rest of the file cannot be read. The error has the file and the line.
        """
        try:
            with open_stream(self._path) as stream:
                chosen, whole = (
                    (self._format, stream) if self._format else _detect_format(stream, self._fields)
                )
                for row in _READERS[chosen](whole, self._fields):
                    yield row if isinstance(row, Row) else row.at(self.name, row.line)
        except InputError as problem:
            raise problem.at(self.name, problem.line) from None

    @staticmethod
    def place(line: int) -> str:
        """How messages name the row of a line."""
        return f"line {line}"

    def at(self, problem: InputError, line: int) -> InputError:
        """The problem with the file and a line."""
        return problem.at(self.name, line)


def _format_of(path: str, fields: Fields) -> Format | None:
    name = Path(path)
    if path == STDIN or name.is_fifo():
        return None
    ending = Path(name.stem).suffix if name.suffix.lower() == ".gz" else name.suffix
    try:
        return _BY_ENDING[ending.lower()]
    except KeyError:
        if not name.exists():
            raise UsageError(f"{printable(path)}: no such file") from None
        foreign = BY_ENDING.get(ending.lower())
        if foreign is not None:
            raise UsageError(f"{printable(path)}: {foreign.rule}") from None
        by_flag = "; or give --format" if fields is TARGET_FIELDS else ""
        raise UsageError(
            f"{quoted(path)}: the file ending is not a known format; expected one of "
            f"{', '.join(_BY_ENDING)}, each also with .gz{by_flag}"
        ) from None


def _detect_format(stream: io.BufferedReader, fields: Fields) -> tuple[Format, io.BufferedReader]:
    """Returns the format according to the first line, and a stream that still contains the line.

    =========================================  ==========
    first line                                 format
    =========================================  ==========
    begins with ``[``                          JSON
    an object with a naming field              JSON Lines
    an object that holds a list, or a part     JSON
    any other object                           JSON Lines
    anything else                              CSV
    =========================================  ==========
    """
    line, whole = peek_first_line(stream)
    start = line.lstrip()[:1]
    if start == b"[":
        return Format.JSON, whole
    if start != b"{":
        return Format.CSV, whole
    try:
        row = json.loads(line.decode())
    except (ValueError, RecursionError):
        return Format.JSON, whole
    has_naming_field = any(map(fields.is_identifying, row))
    if has_naming_field or not any(isinstance(each, list) for each in row.values()):
        return Format.JSONL, whole
    return Format.JSON, whole
