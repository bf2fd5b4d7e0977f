"""The line of a key in a TOML text."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.configuration.key_lines import find_line

NAMES = st.text("abcXYZ019_-", min_size=1, max_size=5)
KEYS = NAMES | st.builds('"{}"'.format, NAMES) | st.builds("'{}'".format, NAMES)
VALUES = st.sampled_from(["1", "true", '"a = b"', '["x", "y"]', "{ inner = 1 }", '"[a]"'])
NOISE = st.sampled_from(["", "# a = 1", "   # [a]"])
ENTRIES = st.lists(st.tuples(KEYS, VALUES, NOISE), max_size=4)
TABLES = st.lists(st.tuples(st.lists(KEYS, min_size=1, max_size=3), ENTRIES), max_size=4)


@given(ENTRIES, TABLES)
def test_the_line_of_a_key_is_where_it_was_written(
    first: list[tuple[str, str, str]], tables: list[tuple[list[str], list[tuple[str, str, str]]]]
) -> None:
    lines: list[str] = []
    written: dict[tuple[str, ...], int] = {}
    for path, entries in [([], first), *tables]:
        if path:
            lines.append(f"[{' . '.join(path)}]")
        for key, value, noise in entries:
            lines += [noise, f"  {key} = {value}"]
            written[*_plain(path), *_plain([key])] = len(lines)
    text = "\n".join(lines)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # a name was used twice
    for place, line in written.items():
        assert find_line(text, place) == line
        assert _has(document, place)
    assert find_line(text, ("never",)) == 0


def _plain(names: list[str]) -> list[str]:
    return [name.strip("\"'") for name in names]


def _has(document: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        document = document[name]
    return True
