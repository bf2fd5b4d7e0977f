"""JSON Lines → rows."""

import io
from collections.abc import Iterator

import msgspec

from bulkeic.core.errors import InputError
from bulkeic.core.rows import Row
from bulkeic.sources.keys import Keys
from bulkeic.sources.stream import bounded_lines


def jsonl_rows(stream: io.BufferedReader) -> Iterator[Row | InputError]:
    """The rows of a JSON Lines file; a bad line is a problem in its place, and the next follows.

    Raises:
        InputError: the file cannot be read any further.
    """
    keys = Keys()
    decode = msgspec.json.Decoder().decode
    for number, line in enumerate(bounded_lines(stream), 1):
        if line.isspace():
            continue
        try:
            yield Row(number, keys.values(decode(line)))
        except InputError as problem:
            yield problem.at("", number)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield InputError(f"not JSON: {error}", line=number)
