"""Reads rows from JSON Lines, and from JSON documents among them.

A line may also be an array of rows or an object that holds one. From the first document that spans
lines, as the AWS CLI and jq print it, the rest of the file is read as JSON documents: they may hold
lines of JSON Lines, too.
"""

import io
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.targets.fields import Fields
from bulkeic.core.targets.rows import Row
from bulkeic.sources.byte_stream import bounded_lines, prepend
from bulkeic.sources.column_names import ColumnNames
from bulkeic.sources.conversions import undecodable

# How a document that spans lines begins, and how its next line may begin.
_OPENINGS = {b"{": b'"}', b"[": b'{["]'}


def jsonl_rows(stream: io.BufferedReader, fields: Fields) -> Iterator[Row | InputError]:
    """Yields the rows of a JSON Lines file. A bad line yields its problem, and reading continues.

    Raises:
        InputError: the rest of the file cannot be read.
    """
    keys = ColumnNames(fields)
    opening, opened_at = bytearray(), 0
    for number, line in enumerate(bounded_lines(stream), 1):
        if line.isspace():
            if opening:
                opening += line
            continue
        if opening:
            if line.lstrip()[:1] in _OPENINGS[bytes(opening.strip())]:
                yield from _documents(prepend(bytes(opening + line), stream), fields, opened_at - 1)
                return
            yield from _unusual_rows(opening, opened_at, fields, keys)
            opening.clear()
        if line.strip() in _OPENINGS:
            opening, opened_at = bytearray(line), number
            continue
        try:
            row = Row(number, keys.values(_decode(line)))
        except InputError:
            yield from _unusual_rows(line, number, fields, keys)
        else:
            yield row
    if opening:
        yield from _unusual_rows(opening, opened_at, fields, keys)


def _documents(
    stream: io.BufferedReader, fields: Fields, lines_before: int
) -> Iterator[Row | InputError]:
    from bulkeic.sources.json_rows import json_rows  # noqa: PLC0415 - it imports a parser

    return json_rows(stream, fields, lines_before)


def _unusual_rows(
    line: bytes | bytearray, number: int, fields: Fields, keys: ColumnNames
) -> Iterator[Row | InputError]:
    """The problem of a line that is no row, or the rows of the list that it has."""
    value = None
    try:
        value = _decode(line)
        keys.values(value)
    except InputError as problem:
        rows = _list_of_rows(value, fields)
        if rows is None:
            yield problem.at("", number)
            return
        for item, each in enumerate(rows, 1):
            try:
                yield Row(number, keys.values(each), item)
            except InputError as bad:
                yield Row(number, {}, item).located(bad, "")


def _list_of_rows(value: Any, fields: Fields) -> list[Any] | None:
    """An array, or the only list of an object that is no row; ``None``: there is none."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict) or any(map(fields.is_identifying, value)):
        return None
    lists = [
        each for key, each in value.items() if isinstance(each, list) and not fields.is_known(key)
    ]
    return lists[0] if len(lists) == 1 else None


def _decode(line: bytes | bytearray) -> Any:
    try:
        return json.loads(line.decode(), object_pairs_hook=_unique_keys)
    except UnicodeDecodeError:
        raise undecodable(line) from None
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error}") from None
    except RecursionError:
        raise InputError("nested too deep; no row needs that") from None
    except ValueError:  # Python's limit, 4,300 digits by default
        raise InputError("a number of thousands of digits; no row needs that") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) < len(pairs):
        ((duplicate_key, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise InputError(f"key {quoted(duplicate_key)} given twice")
    return built
