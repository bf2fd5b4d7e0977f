"""Tables: made once, and shown as lines on a terminal or as HTML on a page.

Cells are texts for people. Texts from outside are escaped where they are shown, not before.
"""

from collections.abc import Sequence
from typing import NamedTuple

from bulkeic.core.errors import printable

WIDTH = 100
_LONGEST_CELL = 36
_INDENT, _GAP = "  ", "  "


class Table(NamedTuple):
    """What one table shows.

    Attributes:
        title: one line.
        head: the columns' names.
        rows: as many cells each.
        keys: columns at the left that say what a row is about; all others are numbers.
        note: what is to be known of it, one line; empty: nothing.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    keys: int = 1
    note: str = ""


class Group(NamedTuple):
    """Columns that stay together.

    Attributes:
        columns: as many cells as there are rows.
    """

    title: str
    head: Sequence[str]
    columns: Sequence[Sequence[str]]


def lines(table: Table) -> list[str]:
    """A table for a terminal: its title, names of columns, rows, note."""
    cells = [[_short(cell) for cell in row] for row in (table.head, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = [
        _GAP.join(
            cell.ljust(width) if at < table.keys else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    notes = [table.note] if table.note else []
    return [printable(table.title), *(f"{_INDENT}{row}".rstrip() for row in (*rows, *notes))]


def fitting(table: Table, width: int) -> list[Table]:
    """A table as several of the same title, where its columns have no room side by side.

    Args:
        table: its keys are repeated in each.
        width: characters.
    """
    columns = [[row[at] for row in table.rows] for at in range(len(table.head))]
    keys = Group("", table.head[: table.keys], columns[: table.keys])
    named = zip(table.head[table.keys :], columns[table.keys :], strict=True)
    others = [Group("", [name], [column]) for name, column in named]
    parts = [part._replace(title=table.title) for part in joined(keys, others, width)] or [table]
    return [*parts[:-1], parts[-1]._replace(note=table.note)]


def joined(keys: Group, groups: Sequence[Group], width: int = WIDTH) -> list[Table]:
    """Groups of columns side by side, as many in each table as there is room for.

    Args:
        keys: what the rows are about; repeated in each table.
        groups: in their order.
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
    """Groups of columns in one table, however wide."""
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
