"""Digests that show whether a run file still holds what bulkeic stored.

- The tables that loading fills and nothing changes later have one digest each, in ``run``. That of
  ``job`` is in ``store.integrity.job_digests``.
- ``run`` has a digest of its other rows, stored again with each change of them.
- Each row of the tables that grow has a digest of its own, ``row_digest``. That of an outcome,
  also of an earlier one, covers its target, so that it cannot pass for the outcome of another one.

They find damage. They do not stop someone who changes a file on purpose and computes them again.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from bulkeic.store.integrity.job_digests import job_digest
from bulkeic.store.outcome_columns import SEALED_EARLIER_OUTCOMES, SEALED_OUTCOMES

SESSION = "session"
_METADATA = "digest_of_run"
OPEN, CLOSED = "open", "closed"
_JOBS, _WAVE_LANES = "job", "wave_lane"
_ORDER = {
    "lane": "id",
    "account": "account_id",
    "settings": "id",
    "owner": "id",
    "managed": "lane_id, seq",
    _WAVE_LANES: "wave, lane_id",
}
_DIGEST_OF = {table: f"digest_of_{table}" for table in (*_ORDER, _JOBS)}
_SEALED_ROWS = {
    "outcome": SEALED_OUTCOMES,
    "earlier_outcome": SEALED_EARLIER_OUTCOMES,
    "before_image": "SELECT * FROM before_image",
    "wave": "SELECT * FROM wave",
    "gate": "SELECT * FROM gate",
    "session": "SELECT * FROM session",
    "worker": "SELECT * FROM worker",
}
_BATCH = 1000
_encode = msgspec.msgpack.Encoder().encode
_empty_digest = hashlib.blake2b(digest_size=8)

DIGEST_KEYS = frozenset({_METADATA, *_DIGEST_OF.values()})
"""The rows of ``run`` that are digests."""


def row_digest(values: Sequence[Any]) -> int:
    """The digest of a row's values, a signed integer of 64 bits."""
    found = _empty_digest.copy()
    found.update(_encode(values))
    return int.from_bytes(found.digest(), "big", signed=True)


def sealed(values: Sequence[Any]) -> tuple[Any, ...]:
    """A row's values, followed by their digest."""
    return (*values, row_digest(values))


def add_digest_function(connection: sqlite3.Connection) -> None:
    """Adds the SQL function ``row_digest(value, …)``, which follows an update of a row."""
    connection.create_function(
        "row_digest", -1, lambda *values: row_digest(values), deterministic=True
    )


def seal_tables(
    connection: sqlite3.Connection, known_lanes: Mapping[int, bytes] = MappingProxyType({})
) -> None:
    """Stores the digest of each table that loading filled, and of ``run``.

    Args:
        connection: to the run file.
        known_lanes: digests of lanes, by id.
    """
    digests = {_DIGEST_OF[table]: table_digest(connection, table) for table in _ORDER}
    digests[_DIGEST_OF[_JOBS]] = job_digest(connection, known_lanes)
    save_run_rows(connection, digests)


def seal_wave_lanes(connection: sqlite3.Connection) -> None:
    """Stores the digest of ``wave_lane`` after its rows were stored."""
    digest = table_digest(connection, _WAVE_LANES)
    save_run_rows(connection, {_DIGEST_OF[_WAVE_LANES]: digest})


def save_run_rows(connection: sqlite3.Connection, rows: Mapping[str, str]) -> None:
    """Stores rows of ``run``, and the digest of all of them."""
    store = "INSERT OR REPLACE INTO run VALUES (?, ?)"
    connection.executemany(store, rows.items())
    connection.execute(store, (_METADATA, _metadata_digest(connection)))


def are_run_rows_intact(connection: sqlite3.Connection) -> bool:
    """Whether the table ``run`` is what its digest says."""
    row = connection.execute("SELECT value FROM run WHERE key = ?", (_METADATA,)).fetchone()
    return bool(row == (_metadata_digest(connection),))


def damaged_tables(connection: sqlite3.Connection) -> Iterator[str]:
    """The tables whose content is not what their digest says, ``run`` first."""
    if not are_run_rows_intact(connection):
        yield "run"
    for table in _DIGEST_OF:
        if not is_table_intact(connection, table):
            yield table


def is_table_intact(connection: sqlite3.Connection, table: str) -> bool:
    """Whether a table is what its digest in ``run`` says."""
    stored = connection.execute(
        "SELECT value FROM run WHERE key = ?", (_DIGEST_OF[table],)
    ).fetchone()
    return bool(stored == (table_digest(connection, table),))


def tables_with_damaged_rows(connection: sqlite3.Connection) -> Iterator[str]:
    """The tables with a row that is not what its digest says."""
    for table, query in _SEALED_ROWS.items():
        rows = connection.execute(query)
        while batch := rows.fetchmany(_BATCH):
            if not all(map(is_intact, batch)):
                yield table
                break


def is_intact(row: Sequence[Any]) -> bool:
    """Whether the last value of a row is the digest of the others."""
    return bool(row_digest(row[:-1]) == row[-1])


def table_digest(connection: sqlite3.Connection, table: str, order: str | None = None) -> str:
    """The digest of all rows of a table. Rows are streamed.

    Args:
        connection: to the run file.
        table: which.
        order: of the rows; ``None``: that of its key, and for ``job`` by lanes.
    """
    if table == _JOBS and order is None:
        return job_digest(connection, {})
    query = f"SELECT * FROM {table} ORDER BY {order or _ORDER[table]}"  # noqa: S608 - constants only
    found = hashlib.blake2b(digest_size=16)
    rows = connection.execute(query)
    while batch := rows.fetchmany(_BATCH):
        found.update(_encode(batch))
    return found.hexdigest()


def _metadata_digest(connection: sqlite3.Connection) -> str:
    rows = connection.execute(
        "SELECT key, value FROM run WHERE key <> ? ORDER BY key", (_METADATA,)
    ).fetchall()
    return hashlib.blake2b(_encode(rows), digest_size=16).hexdigest()
