"""Tables of text, rendered as lines for a terminal.

Cells are not escaped: each renderer escapes them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from bulkeic.core.errors import printable

WIDTH = 100
_LONGEST_CELL = 36
_INDENT, _GAP = "  ", "  "


class Table(NamedTuple):
    """A table of text.

    Attributes:
        title: one line; empty: none.
        head: the column names.
        rows: cells, as many as there are columns.
        keys: how many columns at the left name the row.
        note: one line below the table; empty: none.
        texts: how many columns at the right are texts; the columns in between are numbers.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    keys: int = 1
    note: str = ""
    texts: int = 0


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


def lines(table: Table) -> list[str]:
    """A table for a terminal: title, column names, rows and note."""
    cells = [[_short(cell) for cell in row] for row in (table.head, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numbers = range(table.keys, len(table.head) - table.texts)
    rows = [
        _GAP.join(
            cell.rjust(width) if at in numbers else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    notes = [table.note] if table.note else []
    titles = [printable(table.title)] if table.title else []
    return [*titles, *(f"{_INDENT}{row}".rstrip() for row in (*rows, *notes))]


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


def joined(keys: Group, groups: Sequence[Group], width: int = WIDTH) -> list[Table]:
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


def _short(cell: str) -> str:
    cell = printable(cell[: _LONGEST_CELL + 1])
    return cell if len(cell) <= _LONGEST_CELL else f"{cell[: _LONGEST_CELL - 1]}…"


def _width(groups: Sequence[Group]) -> int:
    widths = [
        max(len(_short(cell)) for cell in (name, *column))
        for group in groups
        for name, column in zip(group.head, group.columns, strict=True)
    ]
    return len(_INDENT) + sum(widths) + len(_GAP) * (len(widths) - 1)
