"""Checks that a run file is intact: SQLite's structures, the schema, types of values, and digests.

The whole file is checked before it is used. A damaged file is refused in one line. Otherwise it
could lead to wrong calls, or to a run that cannot be finished.
"""

import functools
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from bulkeic.core.change.reconcile import Action
from bulkeic.core.code.ownership import Manager, NextDeployment
from bulkeic.core.errors import quoted
from bulkeic.core.model import Status
from bulkeic.core.rollout.gates import GateDecision, GateKind
from bulkeic.store.integrity.digests import damaged_tables, tables_with_damaged_rows
from bulkeic.store.schema import SCHEMA

_STATEMENTS = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
_STORED_AS = {
    "TEXT": "typeof({0}) = 'text'",
    "INTEGER": "typeof({0}) = 'integer'",
    "REAL": "typeof({0}) IN ('real', 'integer')",
}
_ENUMS = {
    ("outcome", "status"): Status,
    ("earlier_outcome", "status"): Status,
    ("before_image", "action"): Action,
    ("gate", "decision"): GateDecision,
    ("gate", "kind"): GateKind,
    ("owner", "manager"): Manager,
    ("owner", "next_deployment"): NextDeployment,
}

_WITHOUT_JOB = """
SELECT 1 FROM {} o
WHERE NOT EXISTS (SELECT 1 FROM job j WHERE j.lane_id = o.lane_id AND j.seq = o.seq)
"""
_VIOLATIONS = {
    "lane: a wrong number of jobs": """
SELECT 1 FROM lane LEFT JOIN (SELECT lane_id, count(*) n FROM job GROUP BY 1) ON lane_id = id
WHERE jobs IS NOT coalesce(n, 0)
""",
    "job: of an unknown lane": """
SELECT 1 FROM (SELECT DISTINCT lane_id FROM job)
WHERE lane_id <> 0 AND lane_id NOT IN (SELECT id FROM lane)
""",
    "job: without a function, or with unknown settings": """
SELECT 1 FROM job WHERE lane_id <> 0 AND (
  function IS NULL OR settings_id IS NULL
  OR settings_id NOT IN (SELECT id FROM settings)
  OR expected_id NOT IN (SELECT id FROM settings)
)
""",
    "outcome: of an unknown job": _WITHOUT_JOB.format("outcome"),
    "earlier_outcome: of an unknown job": _WITHOUT_JOB.format("earlier_outcome"),
    "before_image: of an unknown job": _WITHOUT_JOB.format("before_image"),
    "managed: of an unknown job": _WITHOUT_JOB.format("managed"),
    "managed: of an unknown owner": """
SELECT 1 FROM managed WHERE owner_id NOT IN (SELECT id FROM owner)
""",
    "wave_lane: of an unknown lane or wave": """
SELECT 1 FROM wave_lane
WHERE lane_id NOT IN (SELECT id FROM lane) OR wave NOT IN (SELECT number FROM wave)
""",
}


class DamagedError(Exception):
    """A part of a run file is not what bulkeic wrote; the text says which."""


def check_integrity(connection: sqlite3.Connection) -> None:
    """Checks a whole run file.

    Raises:
        DamagedError: it is damaged.
        sqlite3.Error: it is damaged, and SQLite noticed first.
    """
    check_structure(connection, SCHEMA)
    for problem, query in _VIOLATIONS.items():
        if connection.execute(f"{query} LIMIT 1").fetchone() is not None:
            raise DamagedError(problem)
    for table in damaged_tables(connection):
        raise DamagedError(f"{table}: not as it was stored")
    for table in tables_with_damaged_rows(connection):
        raise DamagedError(f"{table}: a row is not as it was stored")


def check_structure(connection: sqlite3.Connection, schema: str) -> None:
    """Checks SQLite's structures, the tables, and the types of their values.

    Args:
        connection: to the file.
        schema: the statements that create its tables and views.

    Raises:
        DamagedError: it is damaged.
        sqlite3.Error: it is damaged, and SQLite noticed first.
    """
    (first,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if first != "ok":
        raise DamagedError(first)
    _check_schema(connection, schema)
    for table, condition in _row_conditions(schema).items():
        query = f"SELECT 1 FROM {table} WHERE NOT ({condition}) LIMIT 1"  # noqa: S608 - constants only
        if connection.execute(query).fetchone() is not None:
            raise DamagedError(f"{table}: a value of the wrong type")


def _check_schema(connection: sqlite3.Connection, schema: str) -> None:
    found = {name: _normalize_sql(sql) for name, sql in connection.execute(_STATEMENTS)}
    expected = _expected_schema(schema)
    for name, sql in expected.items():
        if found.get(name) != sql:
            raise DamagedError(f"{name} is not as it was created")
    for name in found.keys() - expected.keys():
        raise DamagedError(f"{quoted(name)} does not belong to the file")


def _normalize_sql(sql: object) -> str:
    if not isinstance(sql, str):
        raise DamagedError("a table without its statement")
    return " ".join(sql.split())


@functools.cache
def _expected_schema(schema: str) -> dict[str, str]:
    """The tables and views, each with the statement that creates it."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(schema)
        return {name: _normalize_sql(sql) for name, sql in database.execute(_STATEMENTS)}


@functools.cache
def _row_conditions(schema: str) -> dict[str, str]:
    """For each table, the condition that each of its rows must meet."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(schema)
        tables = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            table: " AND ".join(
                _column_conditions(table, database.execute(f"PRAGMA table_info({table})"))
            )
            for table in tables
        }


def _column_conditions(table: str, columns: sqlite3.Cursor) -> Iterator[str]:
    for _, name, kind, not_null, _, key in columns:
        words = _ENUMS.get((table, name))
        if words is not None:
            yield f"{name} IN ({', '.join(repr(word.value) for word in words)})"
            continue
        stored = _STORED_AS[kind].format(name)
        yield stored if not_null or key else f"({name} IS NULL OR {stored})"
