"""The line of a key in a TOML text, for messages: the parser does not report it."""

import re
from collections.abc import Sequence

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_match_table = re.compile(rf"[ \t]*\[[ \t]*({_KEY})[ \t]*\]").match
_match_key = re.compile(rf"[ \t]*({_KEY})[ \t]*=").match
_parts = re.compile(_PART).findall


def find_line(text: str, path: Sequence[str]) -> int:
    """The line of a key.

    A line within a text of several lines can look like a key; then it may be the wrong line.

    Args:
        text: TOML that was parsed.
        path: the names of the tables that hold the key, and the key.

    Returns:
        Its number, from 1. A key that is not on a line of its own, as in an inline table, has the
        line of its table. 0: there is neither.
    """
    wanted = tuple(path)
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        if found := _match_table(line):
            table = _names(found[1])
            here = table
        elif found := _match_key(line):
            here = table + _names(found[1])
        else:
            continue
        if here[: len(wanted)] == wanted:
            return number
    return find_line(text, path[:-1]) if len(path) > 1 else 0


def _names(key: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _parts(key))
