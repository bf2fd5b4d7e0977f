"""Reads rows from JSON documents that follow each other, one row at a time.

A document is an array of rows, an object that holds one, or a row. A row is known by its keys: an
object holds a list of rows if it has a list under a key that no row has.
"""

import io
from collections.abc import Iterator
from typing import Any

import ijson

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.targets.fields import Fields
from bulkeic.core.targets.rows import Row
from bulkeic.sources.byte_stream import MAX_LINE_BYTES, translate_read_errors
from bulkeic.sources.column_names import ColumnNames
from bulkeic.sources.conversions import NOT_UTF8, undecodable

_MAX_DEPTH = 16
_MEMBER_DEPTH = 2  # of a value in an object that is a document
_READ_BYTES = 1 << 14

Events = Iterator[tuple[str, Any]]


def json_rows(
    stream: io.BufferedReader, fields: Fields, lines_before: int = 0
) -> Iterator[Row | InputError]:
    """Yields the rows of the documents. A bad row yields its problem, and reading continues.

    Args:
        stream: of the documents.
        fields: the fields that a row may have.
        lines_before: the number of lines before the stream, which are counted.

    Raises:
        InputError: a document is not JSON, has no list or two lists, or the rest of it cannot be
            read.
    """
    reader = _LineReader(stream, lines_before)
    try:
        events = ijson.basic_parse(reader, use_float=True, multiple_values=True)
        yield from _Documents(events, reader, fields).rows()
    except (ijson.JSONError, UnicodeDecodeError) as error:
        rule = _rule(error) if reader.line else "empty"
        raise InputError(rule, line=reader.line) from None
    except InputError as problem:
        raise problem.at("", reader.line) from None


def _rule(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return undecodable(error.object).rule
    text = error.args[0] if error.args else ""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    if "invalid bytes in UTF8" in text:
        return NOT_UTF8
    first_line, *_ = str(text).splitlines() or ["damaged"]
    return f"not JSON: {first_line}"


class _LineReader:
    """Gives the parser at most one line at a time, so that its current line is known."""

    def __init__(self, stream: io.BufferedReader, lines_before: int) -> None:
        self._readline = stream.readline
        self._at_line_start = True
        self.line = lines_before
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


class _Documents:
    """The rows of documents, given the events of their parser."""

    def __init__(self, events: Events, reader: _LineReader, fields: Fields) -> None:
        self._events = events
        self._reader = reader
        self._fields = fields
        self._keys = ColumnNames(fields)
        self._item = 0

    def rows(self) -> Iterator[Row | InputError]:
        for event, _ in self._events:
            self._reader.begin_row()
            if event == "start_array":
                yield from self._items()
            elif event == "start_map":
                yield from self._object()
            else:
                raise InputError("neither a list of rows nor an object that holds one")

    def _object(self) -> Iterator[Row | InputError]:
        """The row that an object is, or the rows of its list."""
        line = self._reader.line
        builder = _ValueBuilder(self._events)
        values: dict[str, Any] = {}
        list_key = None
        for inner, key in self._events:
            if inner == "end_map":
                break
            event, value = next(self._events)
            if list_key is not None:
                self._reader.begin_row()
                self._check_rest(list_key, key, event)
                builder.value(event, value, _MEMBER_DEPTH)
            elif event == "start_array" and self._is_list_of_rows(key, values):
                list_key = key
                yield from self._items()
            else:
                builder.add(values, key, builder.value(event, value, _MEMBER_DEPTH))
        if list_key is None:
            if not any(map(self._fields.is_known, values)):
                raise InputError(f"contains no list of rows and no {self._fields.names[0]}")
            yield self._row(line, values, builder.duplicate_key)

    def _is_list_of_rows(self, key: str, before: dict[str, Any]) -> bool:
        return not self._fields.is_known(key) and not any(map(self._fields.is_identifying, before))

    def _check_rest(self, list_key: str, key: str, event: str) -> None:
        """Checks a key that follows a list of rows."""
        if event == "start_array":
            raise InputError(f"two lists, {quoted(list_key)} and {quoted(key)}; give one")
        if self._fields.is_identifying(key):
            raise InputError(f"a row, for it has {quoted(key)}, with the list {quoted(list_key)}")

    def _items(self) -> Iterator[Row | InputError]:
        for event, value in self._events:
            self._reader.begin_row()
            if event == "end_array":
                return
            line = self._reader.line
            builder = _ValueBuilder(self._events)
            yield self._row(line, builder.value(event, value), builder.duplicate_key)

    def _row(self, line: int, built: Any, duplicate_key: str | None) -> Row | InputError:
        self._item += 1
        try:
            if duplicate_key is not None:
                _reject_duplicate_key(duplicate_key)
            return Row(line, self._keys.values(built), self._item)
        except InputError as problem:
            return Row(line, {}, self._item).located(problem, "")


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
            self.add(built, key, self.value(*next(self._events), depth + 1))
        return built

    def add(self, built: dict[str, Any], key: str, value: Any) -> None:
        """Adds a value to an object, and notes a duplicate key."""
        if key in built:
            self.duplicate_key = key
        built[key] = value

    def _elements(self, depth: int) -> Iterator[Any]:
        for inner, value in self._events:
            if inner == "end_array":
                return
            yield self.value(inner, value, depth + 1)
