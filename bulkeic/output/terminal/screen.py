"""How much text an output takes: its columns and rows, and how many details are wanted."""

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TextIO
from unicodedata import east_asian_width

PLAIN_WIDTH = 100
"""Columns of pipes and files, so that the logs of CI are always alike."""

_WIDEST = 200
_USUAL = os.terminal_size((80, 24))


class Screen(NamedTuple):
    """What a text has to fit.

    Attributes:
        width: columns of a table.
        rows: that should not scroll away; ``None``: any number.
        in_full: whether every detail is wanted (``--verbose``).
    """

    width: int = PLAIN_WIDTH
    rows: int | None = None
    in_full: bool = False

    def without(self, lines: Iterable[str]) -> "Screen":
        """What is left of it beside lines of text."""
        if self.rows is None:
            return self
        return self._replace(rows=max(0, self.rows - self.height_of(lines)))

    def height_of(self, lines: Iterable[str]) -> int:
        """How many rows lines of text take, as a terminal breaks them."""
        return sum(max(1, -(-columns_of(line) // self.width)) for line in lines)


ANY_SCREEN = Screen()
"""The screen of a pipe, a file, or a terminal of unknown size."""


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes; East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    return len(text) + sum(east_asian_width(character) in "WF" for character in text)


def screen_of(stream: TextIO, *, in_full: bool = False) -> Screen:
    """The screen that a stream is shown on.

    Args:
        stream: stdout or stderr.
        in_full: see ``Screen``.
    """
    if not stream.isatty():
        return Screen(in_full=in_full)
    size = terminal_size(stream)
    rows = None if in_full else size.lines - 1  # the last one is the prompt's
    return Screen(min(size.columns, _WIDEST), rows, in_full)


def terminal_size(stream: TextIO, environment: Mapping[str, str] = os.environ) -> os.terminal_size:
    """The size of a terminal; ``COLUMNS`` and ``LINES`` win, as elsewhere."""
    try:
        known = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):  # it is gone, or replaced by something without a file
        known = _USUAL
    columns, lines = (
        int(given) if given.isdecimal() and int(given) > 0 else size or usual
        for given, size, usual in zip(
            (environment.get("COLUMNS", ""), environment.get("LINES", "")),
            known,
            _USUAL,
            strict=True,
        )
    )
    return os.terminal_size((columns, lines))
