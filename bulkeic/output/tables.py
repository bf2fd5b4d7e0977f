"""Tables of text, rendered as lines for a terminal.

Cells are not escaped: each renderer escapes them.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bulkeic.core.errors import printable
from bulkeic.output.terminal.screen import PLAIN_WIDTH, columns_of
from bulkeic.output.terminal.styles import marks_of, styled, styled_line

_LONGEST_CELL = 36
_SHORTEST_KEY, _SHORTEST_TEXT = 27, 12  # a lane is never cut: an account, a slash, and a Region
_INDENT, _GAP = "  ", "  "


class Table(NamedTuple):
    """A table of text.

    Attributes:
        title: one line; empty: none.
        head: the column names.
        rows: cells, as many as there are columns; a styled cell has one style.
        keys: how many columns at the left name the row.
        note: one line below the table; empty: none.
        texts: how many columns at the right are texts; the columns in between are numbers.
        optional: names of columns that a narrow terminal leaves out, the first ones first.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    keys: int = 1
    note: str = ""
    texts: int = 0
    optional: Sequence[str] = ()


class Group(NamedTuple):
    """Columns that stay in one table.

    Attributes:
        title: one line.
        head: the column names.
        columns: cells, as many as there are rows.
    """

    title: str
    head: Sequence[str]
    columns: Sequence[Sequence[str]]


def lines(table: Table, width: int | None = None) -> list[str]:
    """A table for a terminal: title, column names, rows and note.

    Args:
        table: the table.
        width: columns of the terminal. Optional columns are left out, and then texts are cut, until
            the table fits; numbers are never cut. ``None``: each cell is cut at a fixed length.
    """
    if width is not None:
        table = _without_optional(table, width)
    longest = _LONGEST_CELL if width is None else width
    cells = [[_short(cell, longest) for cell in row] for row in _all(table)]
    widths = [max(map(columns_of, column)) for column in zip(*cells, strict=True)]
    numbers = range(table.keys, len(table.head) - table.texts)
    if width is not None:
        widths = _fitting_widths(widths, numbers, width)
        cells = [[*map(_short, row, widths)] for row in _all(table)]
    rows = [styled_line(_INDENT, *_padded(row, widths, numbers)) for row in cells]
    notes = [f"{_INDENT}{table.note}".rstrip()] if table.note else []
    titles = [printable(table.title)] if table.title else []
    return [*titles, *rows, *notes]


def _all(table: Table) -> list[Sequence[str]]:
    return [table.head, *table.rows]


def _without_optional(table: Table, width: int) -> Table:
    """The table without the optional columns that it has no room for, with its texts cut."""
    for name in table.optional:
        numbers = range(table.keys, len(table.head) - table.texts)
        columns = zip(*_all(table), strict=True)
        needed = [max(columns_of(_short(cell, width)) for cell in column) for column in columns]
        if _total(map(min, needed, _least_widths(needed, numbers))) <= width:
            break
        at = list(table.head).index(name)
        head, *rows = ([*row[:at], *row[at + 1 :]] for row in _all(table))
        table = table._replace(head=head, rows=rows, texts=table.texts - (at >= numbers.stop))
    return table


def _fitting_widths(widths: Sequence[int], numbers: range, width: int) -> list[int]:
    """The widths of the columns of a table that is not wider; the widest texts shrink most."""
    found, least = list(widths), _least_widths(widths, numbers)
    while _total(found) > width:
        spare = [at for at in range(len(found)) if found[at] > least[at]]
        if not spare:
            break
        found[max(spare, key=found.__getitem__)] -= 1
    return found


def _least_widths(widths: Sequence[int], numbers: range) -> list[int]:
    """How far the columns of a table can shrink."""
    return [
        width if at in numbers else _SHORTEST_KEY if at < numbers.start else _SHORTEST_TEXT
        for at, width in enumerate(widths)
    ]


def _padded(row: Sequence[str], widths: Sequence[int], numbers: range) -> list[str]:
    """The cells of a row with the space between them; a line does not end with space."""
    parts: list[str] = []
    for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
        space = " " * (width - columns_of(cell))
        parts += [space, cell] if at in numbers else [cell, space]
        parts.append(_GAP)
    while parts and not parts[-1].strip():
        parts.pop()
    return parts


def fitting(table: Table, width: int) -> list[Table]:
    """Splits a table that is too wide into several with the same title.

    Args:
        table: its key columns are repeated in each.
        width: characters.
    """
    columns = [[row[at] for row in table.rows] for at in range(len(table.head))]
    keys = Group("", table.head[: table.keys], columns[: table.keys])
    named = zip(table.head[table.keys :], columns[table.keys :], strict=True)
    others = [Group("", [name], [column]) for name, column in named]
    parts = [part._replace(title=table.title) for part in joined(keys, others, width)] or [table]
    return [*parts[:-1], parts[-1]._replace(note=table.note)]


def joined(keys: Group, groups: Sequence[Group], width: int = PLAIN_WIDTH) -> list[Table]:
    """Joins groups of columns to tables, as many groups in each as fit.

    Args:
        keys: the key columns, repeated in each table.
        groups: in order.
        width: characters.
    """
    tables: list[Table] = []
    taken: list[Group] = []
    for group in groups:
        if taken and _width([keys, *taken, group]) > width:
            tables.append(beside(keys, taken))
            taken = []
        taken.append(group)
    return [*tables, beside(keys, taken)] if taken else tables


def beside(keys: Group, groups: Sequence[Group]) -> Table:
    """Joins groups of columns to one table of any width."""
    head = [name for group in (keys, *groups) for name in group.head]
    columns = [column for group in (keys, *groups) for column in group.columns]
    title = ", ".join(group.title for group in groups)
    rows = list(zip(*columns, strict=True))
    return Table(title, head, rows, keys=len(keys.columns))


def _short(cell: str, longest: int) -> str:
    """Cuts a cell to a number of columns: an ARN keeps its end, other texts their beginning."""
    style = next((mark.style for mark in marks_of(cell)), None)
    from_end = cell.startswith("arn:")
    text = printable(cell[-longest - 1 :] if from_end else cell[: longest + 1])
    return styled(_cut(text, longest, from_end=from_end), style)


def _cut(text: str, longest: int, *, from_end: bool) -> str:
    if columns_of(text) <= longest:
        return text
    text = text[::-1] if from_end else text
    kept = text[: longest - 1]
    while columns_of(kept) > longest - 1:
        kept = kept[:-1]
    return f"…{kept[::-1]}" if from_end else f"{kept}…"


def _width(groups: Sequence[Group]) -> int:
    return _total(
        max(columns_of(_short(cell, _LONGEST_CELL)) for cell in (name, *column))
        for group in groups
        for name, column in zip(group.head, group.columns, strict=True)
    )


def _total(widths: Iterable[int]) -> int:
    """The width of a table of columns."""
    found = list(widths)
    return len(_INDENT) + sum(found) + len(_GAP) * (len(found) - 1)
