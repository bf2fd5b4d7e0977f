"""Reads rows from JSON Lines."""

import io
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.fields import Fields
from bulkeic.core.rows import Row
from bulkeic.sources.byte_stream import bounded_lines
from bulkeic.sources.column_names import ColumnNames


def jsonl_rows(stream: io.BufferedReader, fields: Fields) -> Iterator[Row | InputError]:
    """Yields the rows of a JSON Lines file. A bad line yields its problem, and reading continues.

    Raises:
        InputError: the rest of the file cannot be read.
    """
    keys = ColumnNames(fields)
    for number, line in enumerate(bounded_lines(stream), 1):
        if line.isspace():
            continue
        try:
            yield Row(number, keys.values(_decode(line)))
        except InputError as problem:
            yield problem.at("", number)


def _decode(line: bytes) -> Any:
    try:
        return json.loads(line.decode(), object_pairs_hook=_unique_keys)
    except UnicodeDecodeError:
        raise InputError("not UTF-8") from None
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
