"""SQL statements that store many rows each."""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

# SQLite before 3.32 takes at most 999 parameters, and a row has fewer than 32.
_MOST_ROWS = 32


class BatchStatement:
    """A statement that stores rows of values, many at a time.

    ``executemany`` releases Python's GIL at each row, and a busy event loop gives it back late.

    Args:
        before: the SQL before the parameters of all rows.
        row: the parameters of one row.
        after: the SQL after the parameters.
        most_rows: rows of one statement; together they have at most 999 parameters.
    """

    def __init__(
        self, before: str, row: str, after: str = "", *, most_rows: int = _MOST_ROWS
    ) -> None:
        self.most_rows = most_rows
        self._before = before
        self._row = row
        self._after = after
        self._full = self._sql(most_rows)

    def execute(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Stores rows; use it in a transaction."""
        most = self.most_rows
        for start in range(0, len(rows), most):
            batch = rows[start : start + most]
            sql = self._full if len(batch) == most else self._sql(len(batch))
            connection.execute(sql, list(chain.from_iterable(batch)))

    def _sql(self, rows: int) -> str:
        return f"{self._before}{', '.join([self._row] * rows)}{self._after}"


def row_of(columns: int) -> str:
    """Returns the parameters of one row of an INSERT."""
    return f"({', '.join('?' * columns)})"
