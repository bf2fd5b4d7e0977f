"""A JSON array, or an object that holds one, → rows. A stream: one row in memory at a time."""

import io
from collections.abc import Iterator
from typing import Any

import ijson

from bulkeic.core.errors import InputError, shown
from bulkeic.core.rows import Row
from bulkeic.sources.keys import Keys
from bulkeic.sources.stream import readable

_DEEPEST = 16
_PIECE_BYTES = 1 << 14
_VALUE_BYTES = 1 << 20

Events = Iterator[tuple[str, Any]]


def json_rows(stream: io.BufferedReader) -> Iterator[Row | InputError]:
    """The rows of a JSON document; a bad row is a problem in its place, and the next one follows.

    Raises:
        InputError: it is no JSON, holds no list or two, or cannot be read any further.
    """
    reader = _LineReader(stream)
    try:
        yield from _rows(_counted(ijson.basic_parse(reader, use_float=True), reader), reader)
    except ijson.JSONError as error:
        rule = "empty" if not reader.line else f"not JSON: {str(error).splitlines()[0]}"
        raise InputError(rule, line=reader.line) from None
    except InputError as problem:
        raise problem.at("", reader.line) from None


class _LineReader:
    """Hands out at most one line at a time, so that the parser's place is known to the line."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._readline = stream.readline
        self._whole = True
        self.line = 0
        self.bytes_since_event = 0

    def read(self, size: int) -> bytes:
        with readable():
            piece = self._readline(min(size, _PIECE_BYTES))
        if size and piece:
            self.line += self._whole
            self._whole = piece.endswith(b"\n")
            self.bytes_since_event += len(piece)
            if self.bytes_since_event > _VALUE_BYTES:
                raise InputError(f"a value of more than {_VALUE_BYTES:,} bytes; no row needs that")
        return piece


def _counted(events: Events, reader: _LineReader) -> Events:
    for event in events:
        reader.bytes_since_event = 0
        yield event


def _rows(events: Events, reader: _LineReader) -> Iterator[Row | InputError]:
    event, _ = next(events)
    if event == "start_array":
        yield from _items(events, reader)
    elif event == "start_map":
        found = ""
        for inner, key in events:
            if inner == "end_map":
                break
            kind, value = next(events)
            if kind != "start_array":
                _value(kind, value, events, 1)
            elif found:
                raise InputError(f"two lists, {shown(found)} and {shown(key)}; give one")
            else:
                found = key
                yield from _items(events, reader)
        if not found:
            raise InputError("holds no list of targets")
    else:
        raise InputError("neither a list of targets nor an object that holds one")
    next(events, None)  # what follows the document is an error, and only told when asked for


def _items(events: Events, reader: _LineReader) -> Iterator[Row | InputError]:
    keys = Keys()
    for item, (event, value) in enumerate(events, 1):
        if event == "end_array":
            return
        line = reader.line
        try:
            yield Row(line, keys.values(_value(event, value, events, 1)))
        except _RepeatedKeyError as repeated:
            yield InputError(f"key {shown(repeated.key)} given twice (item {item})", line=line)
        except InputError as problem:
            yield InputError(f"{problem.rule} (item {item})", field=problem.field, line=line)


class _RepeatedKeyError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _value(event: str, value: Any, events: Events, depth: int) -> Any:
    """Builds the value that begins with an event, reading on to its end."""
    if event not in {"start_map", "start_array"}:
        return value
    if depth > _DEEPEST:
        raise InputError(f"nested more than {_DEEPEST} deep; no row needs that")
    if event == "start_array":
        items = []
        for inner, inner_value in events:
            if inner == "end_array":
                break
            items.append(_value(inner, inner_value, events, depth + 1))
        return items
    built: dict[str, Any] = {}
    repeated: str | None = None
    for inner, key in events:
        if inner == "end_map":
            break
        if key in built:
            repeated = key
        built[key] = _value(*next(events), events, depth + 1)
    if repeated is not None:
        raise _RepeatedKeyError(repeated)
    return built
