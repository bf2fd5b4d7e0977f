"""Files that are not run files, and run files that must be refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bulkeic.store.integrity.digests import row_digest, seal_tables
from bulkeic.store.outcome_columns import SEALED_EARLIER_OUTCOMES, SEALED_OUTCOMES

from .run_files import load, make_job

_UPDATE_DIGEST = "UPDATE {} SET row_digest = ? WHERE rowid = ?"


def reseal(database: sqlite3.Connection) -> None:
    """Computes every digest again, so that a test can reach the checks behind them."""
    for row in database.execute(SEALED_OUTCOMES).fetchall():
        database.execute(_UPDATE_DIGEST.format("outcome"), (row_digest(row[:-1]), row[0]))
    for row in database.execute(SEALED_EARLIER_OUTCOMES).fetchall():
        database.execute(
            "UPDATE earlier_outcome SET row_digest = ? WHERE seq = ? AND retry = ?",
            (row_digest(row[:-1]), *row[:2]),
        )
    for table in ("before_image", "wave", "gate", "session"):
        for row in database.execute(f"SELECT * FROM {table}").fetchall():
            database.execute(_UPDATE_DIGEST.format(table), (row_digest(row[:-1]), row[0]))
    for row in database.execute("SELECT * FROM worker").fetchall():
        database.execute(
            "UPDATE worker SET row_digest = ? WHERE session = ? AND worker = ?",
            (row_digest(row[:-1]), *row[:2]),
        )
    seal_tables(database)
    database.commit()


def change(path: Path, *statements: str, values: tuple[object, ...] = ()) -> None:
    """Changes a run file as bulkeic itself could have written it."""
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement, values)
        reseal(database)


def garbled(path: Path) -> None:
    load(path, [make_job(seq) for seq in range(100)])
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xa5" * (len(data) - 100))


def cut(path: Path) -> None:
    load(path, [make_job(seq) for seq in range(100)])
    path.write_bytes(path.read_bytes()[:1000])


def foreign(path: Path, mode: str = "DELETE") -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute("CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT)")
        database.execute("INSERT INTO run VALUES ('state', 'ready'), ('source', 'x')")
        database.commit()


def foreign_wal(path: Path) -> None:
    foreign(path, "WAL")


def newer(path: Path) -> None:
    load(path, [make_job(0)])
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")


def older(path: Path) -> None:
    load(path, [make_job(0)])
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 3")


def half_loaded(path: Path) -> None:
    load(path, [make_job(0)])
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE run SET value = 'loading' WHERE key = 'state'")
        database.commit()


def empty(path: Path) -> None:
    path.touch()


def table(path: Path) -> None:
    path.write_text("FunctionName,Region\nfn,us-east-1\n")
