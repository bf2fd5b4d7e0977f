"""The tables of older versions of the run file, and checks that a file has them intact."""

import functools
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing

from bulkeic.core.errors import RunFileError, quoted
from bulkeic.store.integrity.digests import (
    are_run_rows_intact,
    is_intact,
    is_table_intact,
    table_digest,
)
from bulkeic.store.integrity.file_integrity import DamagedError
from bulkeic.store.migration.migration_steps import FIRST_TABLES, FIRST_VERSION, take_steps
from bulkeic.store.outcome_columns import TARGET_COLUMNS, TARGET_JOINS
from bulkeic.store.schema import SCHEMA

FIRST_WITH_DIGESTS = 4
_LAST_WITH_PLAIN_JOB_DIGEST = 4
_BATCH = 1000
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL"
_OTHERS = "SELECT name FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL"
_DIGEST_OF = "digest_of_"
# The digest of ``run`` covers these rows, so that none of them can be lost unnoticed.
_TABLE_DIGESTS = "SELECT key FROM run WHERE key GLOB 'digest_of_*' AND key <> 'digest_of_run'"
_DIGEST = "row_digest"
_COVER_TARGET = frozenset({"outcome", "earlier_outcome"})


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """The names of a table's columns, in order."""
    return [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]


def tables_of(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """The names of each table's columns."""
    tables = [name for (name,) in connection.execute(_TABLES)]
    return {table: frozenset(columns_of(connection, table)) for table in tables}


@functools.cache
def tables_of_version(version: int) -> dict[str, frozenset[str]]:
    """The names of the columns of each table of an older version."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(FIRST_TABLES)
        take_steps(database, FIRST_VERSION, version)
        return tables_of(database)


def has_row_digests(columns: Collection[str]) -> bool:
    """Whether each row of a table with these columns has a digest."""
    return _DIGEST in columns


def sealed_values(table: str, columns: Sequence[str]) -> tuple[str, str]:
    """What the digests of a table's rows cover: a list of expressions, and the joins they need.

    Args:
        table: with digests, called ``o`` in the query.
        columns: of the table, in the order in which the digest covers them.
    """
    covered = [f"o.{name}" for name in columns if name != _DIGEST]
    if table in _COVER_TARGET:
        return ", ".join([*covered, *TARGET_COLUMNS]), TARGET_JOINS
    return ", ".join(covered), ""


def sealed_rows(connection: sqlite3.Connection, table: str) -> str:
    """The query of what the digests of a table's rows cover, each followed by the digest."""
    covered, joins = sealed_values(table, columns_of(connection, table))
    return f"SELECT {covered}, o.{_DIGEST} FROM {table} o{joins}"  # noqa: S608 - names of the schema


def check_older_content(connection: sqlite3.Connection, version: int) -> None:
    """Checks that a run file of an older version is intact, as far as it can show that.

    Raises:
        DamagedError: it is damaged.
        RunFileError: another process has migrated it, just before it was locked.
        sqlite3.Error: it is damaged, and SQLite noticed first.
    """
    if connection.execute("PRAGMA user_version").fetchone() != (version,):
        raise RunFileError("another process has migrated the run file; run the command again")
    (first,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if first != "ok":
        raise DamagedError(first)
    _check_tables(connection, version)
    if version >= FIRST_WITH_DIGESTS:
        _check_digests(connection, version)


def _check_tables(connection: sqlite3.Connection, version: int) -> None:
    found, expected = tables_of(connection), tables_of_version(version)
    for table, columns in expected.items():
        if found.get(table) != columns:
            raise DamagedError(f"{table} is not as it was created")
    others = {name for (name,) in connection.execute(_OTHERS)} - _known_names()
    for name in (found.keys() - expected.keys()) | others:
        raise DamagedError(f"{quoted(name)} does not belong to the file")


@functools.cache
def _known_names() -> frozenset[str]:
    """The names of the views and indexes that some version has."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(SCHEMA)
        return frozenset(name for (name,) in database.execute(_OTHERS))


def _check_digests(connection: sqlite3.Connection, version: int) -> None:
    if not are_run_rows_intact(connection):
        raise DamagedError("run: not as it was stored")
    for (key,) in connection.execute(_TABLE_DIGESTS).fetchall():
        table = key.removeprefix(_DIGEST_OF)
        is_plain = table == "job" and version <= _LAST_WITH_PLAIN_JOB_DIGEST
        intact = _has_plain_digest(connection) if is_plain else is_table_intact(connection, table)
        if not intact:
            raise DamagedError(f"{table}: not as it was stored")
    for table, columns in tables_of(connection).items():
        if has_row_digests(columns):
            rows = connection.execute(sealed_rows(connection, table))
            while batch := rows.fetchmany(_BATCH):
                if not all(map(is_intact, batch)):
                    raise DamagedError(f"{table}: a row is not as it was stored")


def _has_plain_digest(connection: sqlite3.Connection) -> bool:
    """Whether the digest of ``job`` is over its rows, and they are intact."""
    stored = connection.execute("SELECT value FROM run WHERE key = 'digest_of_job'").fetchone()
    return bool(stored == (table_digest(connection, "job", "lane_id, seq"),))
