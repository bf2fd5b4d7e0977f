"""Reads rows from a JSON array, or from an object that contains one, one row at a time."""

import io
from collections.abc import Iterator
from typing import Any

import ijson

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.fields import Fields
from bulkeic.core.rows import Row
from bulkeic.sources.byte_stream import MAX_LINE_BYTES, translate_read_errors
from bulkeic.sources.column_names import ColumnNames

_MAX_DEPTH = 16
_READ_BYTES = 1 << 14

Events = Iterator[tuple[str, Any]]


def json_rows(stream: io.BufferedReader, fields: Fields) -> Iterator[Row | InputError]:
    """Yields the rows of a JSON document. A bad row yields its problem, and reading continues.

    Raises:
        InputError: the document is not JSON, has no list or two lists, or the rest of it cannot be
            read.
    """
    reader, keys = _LineReader(stream), ColumnNames(fields)
    try:
        yield from _rows(ijson.basic_parse(reader, use_float=True), reader, keys)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        rule = f"not JSON: {_first_line(error)}" if reader.line else "empty"
        raise InputError(rule, line=reader.line) from None
    except InputError as problem:
        raise problem.at("", reader.line) from None


def _first_line(error: Exception) -> str:
    text = "" if isinstance(error, UnicodeDecodeError) or not error.args else error.args[0]
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    return str(text).partition("\n")[0] or "not UTF-8"


class _LineReader:
    """Gives the parser at most one line at a time, so that its current line is known."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._readline = stream.readline
        self._at_line_start = True
        self.line = 0
        self._row_bytes = 0

    def begin_row(self) -> None:
        """Starts to count the bytes of the next row, or of another value in its place."""
        self._row_bytes = 0

    def read(self, size: int) -> bytes:
        with translate_read_errors():
            piece = self._readline(min(size, _READ_BYTES))
        if size and piece:
            self.line += self._at_line_start
            self._at_line_start = piece.endswith(b"\n")
            self._row_bytes += len(piece)
            if self._row_bytes > MAX_LINE_BYTES:
                raise InputError(
                    f"more than {MAX_LINE_BYTES:,} bytes without a row's end; no row needs that"
                )
        return piece


def _rows(events: Events, reader: _LineReader, keys: ColumnNames) -> Iterator[Row | InputError]:
    event, _ = next(events)
    if event == "start_array":
        yield from _items(events, reader, keys)
    elif event == "start_map":
        list_key = ""
        for inner, key in events:
            reader.begin_row()
            if inner == "end_map":
                break
            kind, value = next(events)
            if kind != "start_array":
                _ValueBuilder(events).value(kind, value)
            elif list_key:
                raise InputError(f"two lists, {quoted(list_key)} and {quoted(key)}; give one")
            else:
                list_key = key
                yield from _items(events, reader, keys)
        if not list_key:
            raise InputError("contains no list of rows")
    else:
        raise InputError("neither a list of rows nor an object that holds one")
    next(events, None)  # raises if anything follows the document


def _items(events: Events, reader: _LineReader, keys: ColumnNames) -> Iterator[Row | InputError]:
    for item, (event, value) in enumerate(events, 1):
        reader.begin_row()
        if event == "end_array":
            return
        line = reader.line
        builder = _ValueBuilder(events)
        built = builder.value(event, value)
        try:
            if builder.duplicate_key is not None:
                _reject_duplicate_key(builder.duplicate_key)
            yield Row(line, keys.values(built), item)
        except InputError as problem:
            yield Row(line, {}, item).located(problem, "")


def _reject_duplicate_key(key: str) -> None:
    raise InputError(f"key {quoted(key)} given twice")


class _ValueBuilder:
    """Builds one value from the events. It reads to the value's end even if a key is duplicate."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self.duplicate_key: str | None = None

    def value(self, event: str, value: Any, depth: int = 1) -> Any:
        """Returns the value that begins with an event."""
        if event not in {"start_map", "start_array"}:
            return value
        if depth > _MAX_DEPTH:
            raise InputError(f"nested more than {_MAX_DEPTH} deep; no row needs that")
        if event == "start_array":
            return list(self._elements(depth))
        built: dict[str, Any] = {}
        for inner, key in self._events:
            if inner == "end_map":
                break
            if key in built:
                self.duplicate_key = key
            built[key] = self.value(*next(self._events), depth + 1)
        return built

    def _elements(self, depth: int) -> Iterator[Any]:
        for inner, value in self._events:
            if inner == "end_array":
                return
            yield self.value(inner, value, depth + 1)
