"""SQL statements that store many rows each."""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

# A statement has at most 999 parameters in old versions of SQLite.
_MOST_ROWS = 32


class BatchStatement:
    """A statement that stores rows of values, many at a time.

    ``executemany`` gives up Python's GIL at each row, and a busy event loop returns it late.

    Args:
        before: the SQL before the parameters of all rows.
        row: the parameters of one row.
        after: the SQL after the parameters.
    """

    def __init__(self, before: str, row: str, after: str = "") -> None:
        self._sql = [f"{before}{', '.join([row] * rows)}{after}" for rows in range(_MOST_ROWS + 1)]

    def execute(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Stores rows; use it in a transaction."""
        for start in range(0, len(rows), _MOST_ROWS):
            batch = rows[start : start + _MOST_ROWS]
            connection.execute(self._sql[len(batch)], list(chain.from_iterable(batch)))


def row_of(columns: int) -> str:
    """The parameters of one row of an INSERT."""
    return f"({', '.join('?' * columns)})"
