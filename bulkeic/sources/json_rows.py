"""A JSON array, or an object that holds one, → rows. A stream: one row in memory at a time."""

import io
from collections.abc import Iterator
from typing import Any

import ijson

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.fields import Fields
from bulkeic.core.rows import Row
from bulkeic.sources.byte_stream import LINE_BYTES, readable
from bulkeic.sources.column_names import ColumnNames

_DEEPEST = 16
_PIECE_BYTES = 1 << 14

Events = Iterator[tuple[str, Any]]


def json_rows(stream: io.BufferedReader, fields: Fields) -> Iterator[Row | InputError]:
    """The rows of a JSON document; a bad row gives a problem in its place.

    Raises:
        InputError: it is not JSON, holds no list or more than one, or the rest cannot be read.
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
    """Reads at most one line at a time, so that the parser's line is known."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._readline = stream.readline
        self._whole = True
        self.line = 0
        self._row_bytes = 0

    def begin_row(self) -> None:
        """Marks the begin of a row, or of another value in its place."""
        self._row_bytes = 0

    def read(self, size: int) -> bytes:
        with readable():
            piece = self._readline(min(size, _PIECE_BYTES))
        if size and piece:
            self.line += self._whole
            self._whole = piece.endswith(b"\n")
            self._row_bytes += len(piece)
            if self._row_bytes > LINE_BYTES:
                raise InputError(
                    f"more than {LINE_BYTES:,} bytes without a row's end; no row needs that"
                )
        return piece


def _rows(events: Events, reader: _LineReader, keys: ColumnNames) -> Iterator[Row | InputError]:
    event, _ = next(events)
    if event == "start_array":
        yield from _items(events, reader, keys)
    elif event == "start_map":
        found = ""
        for inner, key in events:
            reader.begin_row()
            if inner == "end_map":
                break
            kind, value = next(events)
            if kind != "start_array":
                _Builder(events).value(kind, value)
            elif found:
                raise InputError(f"two lists, {quoted(found)} and {quoted(key)}; give one")
            else:
                found = key
                yield from _items(events, reader, keys)
        if not found:
            raise InputError("holds no list of rows")
    else:
        raise InputError("neither a list of rows nor an object that holds one")
    next(events, None)  # raises if anything follows the document


def _items(events: Events, reader: _LineReader, keys: ColumnNames) -> Iterator[Row | InputError]:
    for item, (event, value) in enumerate(events, 1):
        reader.begin_row()
        if event == "end_array":
            return
        line = reader.line
        builder = _Builder(events)
        built = builder.value(event, value)
        try:
            if builder.repeated is not None:
                _refuse_repeated(builder.repeated)
            yield Row(line, keys.values(built), item)
        except InputError as problem:
            yield Row(line, {}, item).located(problem, "")


def _refuse_repeated(key: str) -> None:
    raise InputError(f"key {quoted(key)} given twice")


class _Builder:
    """Builds one value from the events, and reads to its end even if it is invalid."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self.repeated: str | None = None

    def value(self, event: str, value: Any, depth: int = 1) -> Any:
        """The value that starts with this event."""
        if event not in {"start_map", "start_array"}:
            return value
        if depth > _DEEPEST:
            raise InputError(f"nested more than {_DEEPEST} deep; no row needs that")
        if event == "start_array":
            return list(self._elements(depth))
        built: dict[str, Any] = {}
        for inner, key in self._events:
            if inner == "end_map":
                break
            if key in built:
                self.repeated = key
            built[key] = self.value(*next(self._events), depth + 1)
        return built

    def _elements(self, depth: int) -> Iterator[Any]:
        for inner, value in self._events:
            if inner == "end_array":
                return
            yield self.value(inner, value, depth + 1)
