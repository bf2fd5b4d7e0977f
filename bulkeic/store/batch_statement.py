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
    The sizes of batches are powers of two, so that SQLite compiles few statements.

    Args:
        before: the SQL before the parameters of all rows.
        row: the parameters of one row.
        after: the SQL after the parameters.
    """

    def __init__(self, before: str, row: str, after: str = "") -> None:
        sizes = [1 << power for power in range(_MOST_ROWS.bit_length())]
        self._sql = {size: f"{before}{', '.join([row] * size)}{after}" for size in sizes}

    def execute(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Stores rows; use it in a transaction."""
        start, size = 0, _MOST_ROWS
        while left := len(rows) - start:
            while size > left:
                size //= 2
            values = chain.from_iterable(rows[start : start + size])
            connection.execute(self._sql[size], list(values))
            start += size


def row_of(columns: int) -> str:
    """The parameters of one row of an INSERT."""
    return f"({', '.join('?' * columns)})"
