"""Gives a run file the exact statements and digests of the present schema, in one transaction."""

import functools
import sqlite3
from contextlib import closing

from bulkeic.store.integrity.digests import (
    CLOSED,
    SESSION,
    add_digest_function,
    save_run_rows,
    seal_tables,
)
from bulkeic.store.integrity.file_integrity import check_integrity
from bulkeic.store.migration.migration_steps import take_steps
from bulkeic.store.migration.older_tables import columns_of, has_row_digests, sealed_values
from bulkeic.store.schema import SCHEMA, VERSION

_OBJECTS = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
_TABLE = "table"


def rebuild(connection: sqlite3.Connection, version: int) -> None:
    """Turns a run file of an older version into one of the present version; all or nothing.

    Args:
        connection: to the run file, which writes.
        version: of the run file, whose content was checked.

    Raises:
        DamagedError: the file is damaged.
        sqlite3.Error: it is damaged, or cannot be written.
    """
    add_digest_function(connection)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        drop_views_and_indexes(connection)
        take_steps(connection, version, VERSION)
        _replace_tables(connection)
        save_run_rows(connection, {SESSION: CLOSED})
        seal_tables(connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        check_integrity(connection)


def drop_views_and_indexes(connection: sqlite3.Connection) -> None:
    """Drops what the steps must not find."""
    for kind, name, _ in connection.execute(_OBJECTS).fetchall():
        if kind != _TABLE:
            connection.execute(f"DROP {kind} {name}")


def _replace_tables(connection: sqlite3.Connection) -> None:
    """Creates what the present schema has, and copies the rows of tables that differ from it."""
    found = {name: sql for _, name, sql in connection.execute(_OBJECTS)}
    for kind, name, sql in _present_objects():
        if kind != _TABLE:
            connection.execute(sql)
        elif _words(found[name]) != _words(sql):
            _replace_table(connection, name, sql)


def _replace_table(connection: sqlite3.Connection, name: str, sql: str) -> None:
    connection.execute(f"ALTER TABLE {name} RENAME TO older")
    connection.execute(sql)
    columns = columns_of(connection, name)
    query = f"SELECT {', '.join(columns)} FROM older"  # noqa: S608 - names of the schema
    if has_row_digests(columns):
        query = _with_digests(name, columns)
    connection.execute(f"INSERT INTO {name} {query}")
    connection.execute("DROP TABLE older")


def _with_digests(table: str, columns: list[str]) -> str:
    """The query of a table's rows with their digests, computed from ``older``."""
    values = ", ".join(f"o.{name}" for name in columns[:-1])  # the digest is the last column
    covered, joins = sealed_values(table, columns)
    return f"SELECT {values}, row_digest({covered}) FROM older o{joins}"  # noqa: S608 - names of the schema


def _words(sql: str) -> list[str]:
    return sql.split()


@functools.cache
def _present_objects() -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(SCHEMA)
        return database.execute(_OBJECTS).fetchall()
