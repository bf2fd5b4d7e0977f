"""Statements that store many rows each: every row is stored, whatever their number."""

import sqlite3
from contextlib import closing

import pytest

from bulkeic.store.batch_statement import BatchStatement, row_of

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


def test_it_stays_below_the_fewest_parameters_that_any_sqlite_allows() -> None:
    columns = 29
    with closing(sqlite3.connect(":memory:")) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
        names = ", ".join(f"c{number}" for number in range(columns))
        database.execute(f"CREATE TABLE t ({names})")
        wide = BatchStatement("INSERT INTO t VALUES ", row_of(columns))
        wide.execute(database, [[1] * columns] * 100)
        assert database.execute("SELECT count(*) FROM t").fetchone() == (100,)
