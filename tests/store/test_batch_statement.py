"""Statements that store many rows each: every row is stored, whatever their number."""

import sqlite3
from contextlib import closing

import pytest

from bulkeic.store.outcome_columns import STORE_OUTCOMES, STORED_FIELDS
from bulkeic.store.schema import MARK_BEFORE_IMAGES, STORE_BEFORE_IMAGES, STORE_JOBS
from bulkeic.store.sqlite.batch_statement import BatchStatement, row_of

INSERT = BatchStatement("INSERT OR REPLACE INTO t VALUES ", row_of(2))
MARK = BatchStatement("UPDATE t SET b = -b WHERE a IN (", "?", ")")


@pytest.mark.parametrize("number", [0, 1, 2, 31, 32, 33, 64, 100])
def test_every_row_is_stored_once_and_a_later_row_replaces_an_earlier_one(number: int) -> None:
    rows = [(a, a + 1) for a in range(number)]
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER)")
        INSERT.execute(database, [(a, 0) for a, _ in rows] + rows)
        MARK.execute(database, [(a,) for a, _ in rows])
        found = database.execute("SELECT a, b FROM t ORDER BY a").fetchall()
    assert found == [(a, -b) for a, b in rows]


class Parameters:
    """A connection that counts the parameters of each statement."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def execute(self, sql: str, values: list[int]) -> None:
        assert sql.count("?") == len(values)
        self.counts.append(len(values))


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        (STORE_JOBS, 9),
        (STORE_OUTCOMES, len(STORED_FIELDS) + 4),
        (STORE_BEFORE_IMAGES, 7),
        (MARK_BEFORE_IMAGES, 1),
    ],
)
def test_no_statement_has_more_parameters_than_every_sqlite_allows(
    statement: BatchStatement, columns: int
) -> None:
    connection = Parameters()
    statement.execute(connection, [[1] * columns] * 300)  # type: ignore[arg-type]
    assert sum(connection.counts) == 300 * columns
    assert max(connection.counts) <= 999
