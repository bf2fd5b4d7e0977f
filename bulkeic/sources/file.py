"""A targets file: its name, its format, its rows."""

import io
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import PurePath

import msgspec

from bulkeic.core.errors import InputError, UsageError, printable, shown
from bulkeic.core.rows import Row
from bulkeic.sources.csv_rows import csv_rows
from bulkeic.sources.json_rows import json_rows
from bulkeic.sources.jsonl_rows import jsonl_rows
from bulkeic.sources.stream import STDIN, open_stream


class Format(StrEnum):
    """What a targets file is written in."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


_BY_ENDING = {
    ".csv": Format.CSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
}
_ROWS: dict[Format, Callable[[io.BufferedReader], Iterator[Row | InputError]]] = {
    Format.CSV: csv_rows,
    Format.JSON: json_rows,
    Format.JSONL: jsonl_rows,
}


class TargetsFile:
    """A targets file that can be read once, as a stream.

    Args:
        path: a file, or ``-`` for stdin.
        format: what it is written in; ``None``: told by the ending, on stdin by the first bytes.

    Raises:
        UsageError: the ending tells no format and none is given.
    """

    def __init__(self, path: str, format: Format | None = None) -> None:  # noqa: A002 - the flag's name
        self._path = path
        self._format = format or _format_of(path)
        self.name = "<stdin>" if path == STDIN else printable(path)

    def rows(self) -> Iterator[Row | InputError]:
        """The rows, and the problems of rows that cannot even be decoded, in file order.

        Raises:
            InputError: the file cannot be read any further; it names the file and the line.
        """
        try:
            with open_stream(self._path) as stream:
                read = _ROWS[self._format or _sniff(stream)]
                for row in read(stream):
                    yield row if isinstance(row, Row) else row.at(self.name, row.line)
        except InputError as problem:
            raise problem.at(self.name, problem.line) from None


def _format_of(path: str) -> Format | None:
    if path == STDIN:
        return None
    name = PurePath(path)
    ending = PurePath(name.stem).suffix if name.suffix.lower() == ".gz" else name.suffix
    try:
        return _BY_ENDING[ending.lower()]
    except KeyError:
        raise UsageError(
            f"{shown(path)}: the ending tells no format; allowed: "
            f"{', '.join(_BY_ENDING)}, each maybe with .gz, or say it with --format"
        ) from None


def _sniff(stream: io.BufferedReader) -> Format:
    """Tells the format by the first bytes; an object is JSON Lines when line 1 is a row."""
    start = stream.peek().lstrip()
    if start.startswith(b"["):
        return Format.JSON
    if not start.startswith(b"{"):
        return Format.CSV
    try:
        first = msgspec.json.decode(start.splitlines()[0])
    except msgspec.DecodeError:
        return Format.JSON
    holds_list = any(isinstance(value, list) for value in first.values())
    return Format.JSON if holds_list else Format.JSONL
