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
    """The rows of a JSON Lines file; a bad line is a problem in its place, and the next follows.

    Raises:
        InputError: the file cannot be read any further.
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
    except ValueError:  # Python's own limit, of 4,300 digits unless somebody has changed it
        raise InputError("a number of thousands of digits; no row needs that") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) < len(pairs):
        ((repeated, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise InputError(f"key {quoted(repeated)} given twice")
    return built
