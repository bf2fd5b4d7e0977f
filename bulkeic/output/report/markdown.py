"""GitHub-flavored Markdown out of foreign texts, which stay texts.

Foreign texts are code spans: GitHub finds no HTML, link, mention or reference to an issue in them.
"""

import re
from collections.abc import Iterable, Sequence

from bulkeic.core.errors import printable

_MOST_CHARACTERS = 200
_BACKTICKS = re.compile("`+")
_NONE = "-"
_BAR = "\\|"  # in code spans of a table, too


def code_span(text: object) -> str:
    """A foreign text as a code span of one line, cut to a few hundred characters."""
    cut = printable(str(text)[: _MOST_CHARACTERS + 1])
    if not cut.strip():
        return _NONE
    if len(cut) > _MOST_CHARACTERS:
        cut = f"{cut[: _MOST_CHARACTERS - 1]}…"
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(cut)), default=0))
    # A space at both ends is not shown, so this one is lost, and not one of the text.
    blank = " " if cut[0] in "` " or cut[-1] in "` " else ""
    return f"{fence}{blank}{cut}{blank}{fence}"


def code_block(lines: Iterable[str], language: str) -> list[str]:
    """Foreign lines as a block of code."""
    safe = [printable(line) for line in lines]
    longest = max((len(found) for line in safe for found in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *safe, fence]


def markdown_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 0
) -> list[str]:
    """A table; its cells are Markdown.

    Args:
        head: the column names.
        rows: cells, as many as there are columns.
        numbers: how many columns at the right are numbers.
    """
    rules = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    return [_row(head), _row(rules), *map(_row, rows)]


def markdown_page(sections: Iterable[Sequence[str]]) -> bytes:
    """Sections of lines as one text; empty sections are left out."""
    text = "\n\n".join("\n".join(each) for each in sections if each)
    return f"{text}\n".encode(errors="backslashreplace")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |"
