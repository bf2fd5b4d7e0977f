"""JSON Lines → rows."""

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
    """The rows of a JSON Lines file; a bad line gives a problem in its place.

    Raises:
        InputError: the rest of the file cannot be read.
    """
    keys = ColumnNames(fields)
    for number, line in enumerate(bounded_lines(stream), 1):
        if line.isspace():
            continue
        try:
            yield Row(number, keys.values(_decoded(line)))
        except InputError as problem:
            yield problem.at("", number)


def _decoded(line: bytes) -> Any:
    try:
        return json.loads(line.decode(), object_pairs_hook=_object)
    except UnicodeDecodeError:
        raise InputError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error}") from None
    except RecursionError:
        raise InputError("nested too deep; no row needs that") from None
    except ValueError:  # Python's limit for digits, 4,300 by default
        raise InputError("a number with thousands of digits; no row needs that") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) < len(pairs):
        ((repeated, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise InputError(f"key {quoted(repeated)} given twice")
    return built
