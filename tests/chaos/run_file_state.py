"""Reads a run file as another program does, also while a command works on it."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunFileState:
    """What a run file holds.

    Attributes:
        known: status, request id and start of each outcome, by ``seq``.
        unread: number of jobs with neither an outcome nor a before-image.
        pending: number of jobs without an outcome.
        waves: number of waves.
    """

    known: dict[int, tuple[Any, ...]]
    unread: int
    pending: int
    waves: int


def read_state(path: Path) -> RunFileState | None:
    """Reads a copy of a run file; ``None``: there is none, or it is not loaded completely."""
    with tempfile.TemporaryDirectory() as folder:
        for name in (path.name, f"{path.name}-wal", f"{path.name}-journal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(path.with_name(name), Path(folder, name))
        copy = Path(folder, path.name)
        if not copy.exists():
            return None
        with closing(sqlite3.connect(copy)) as database:
            try:
                state = database.execute("SELECT value FROM run WHERE key = 'state'").fetchone()
            except sqlite3.DatabaseError:  # it is not complete
                return None
            return _read(database) if state == ("ready",) else None


def _read(database: sqlite3.Connection) -> RunFileState:
    known = _committed(database)
    jobs = {seq for (seq,) in database.execute("SELECT seq FROM job")}
    images = {seq for (seq,) in database.execute("SELECT seq FROM before_image")}
    (waves,) = database.execute("SELECT count(*) FROM wave").fetchone()
    return RunFileState(
        known=known,
        unread=len(jobs - images - set(known)),
        pending=len(jobs - set(known)),
        waves=waves,
    )


def _committed(database: sqlite3.Connection) -> dict[int, tuple[Any, ...]]:
    rows = database.execute("SELECT seq, status, request_id, started_at FROM outcome")
    return {seq: tuple(rest) for seq, *rest in rows}


def committed_outcomes(path: Path) -> dict[int, tuple[Any, ...]]:
    """The outcomes committed so far, in the form of ``RunFileState.known``."""
    with suppress(sqlite3.Error), _opened(path) as database:
        return _committed(database)
    return {}


def changed_seqs(path: Path) -> set[int]:
    """The jobs whose targets may have changed and can be rolled back."""
    with _opened(path) as database:
        rows = database.execute("SELECT seq FROM before_image WHERE may_be_sent")
        return {seq for (seq,) in rows}


def count(path: Path, table: str, where: str = "1") -> int:
    """Counts the committed rows of a table; 0 if there is no run file yet."""
    with suppress(sqlite3.Error), _opened(path) as database:
        (number,) = database.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()
        return int(number)
    return 0


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        yield database
