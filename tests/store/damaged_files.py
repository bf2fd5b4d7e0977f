"""Files that are not run files, and run files that must be refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

from .run_files import load, make_job


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
        database.execute("PRAGMA user_version = 2")


def half_loaded(path: Path) -> None:
    load(path, [make_job(0)])
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE run SET value = 'loading' WHERE key = 'state'")
        database.commit()


def empty(path: Path) -> None:
    path.touch()


def table(path: Path) -> None:
    path.write_text("FunctionName,Region\nfn,us-east-1\n")
