"""A run file as another program sees it."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ledger:
    """What is committed.

    Attributes:
        known: status, request and start of each outcome, by ``seq``.
        unread: jobs that neither have an outcome nor were read.
        pending: jobs without an outcome.
        waves: how many there are.
    """

    known: dict[int, tuple[Any, ...]]
    unread: int
    pending: int
    waves: int


def ledger(path: Path) -> Ledger | None:
    """What a process left behind; ``None``: no run file that is ready.

    It is a copy that is read: looking leaves no trace.
    """
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
            except sqlite3.DatabaseError:  # the beginning of one
                return None
            return _read(database) if state == ("ready",) else None


def _read(database: sqlite3.Connection) -> Ledger:
    known = _known(database)
    jobs = {seq for (seq,) in database.execute("SELECT seq FROM job")}
    images = {seq for (seq,) in database.execute("SELECT seq FROM before_image")}
    (waves,) = database.execute("SELECT count(*) FROM wave").fetchone()
    return Ledger(
        known=known,
        unread=len(jobs - images - set(known)),
        pending=len(jobs - set(known)),
        waves=waves,
    )


def _known(database: sqlite3.Connection) -> dict[int, tuple[Any, ...]]:
    rows = database.execute("SELECT seq, status, request_id, started_at FROM outcome")
    return {seq: tuple(rest) for seq, *rest in rows}


def outcomes_known(path: Path) -> dict[int, tuple[Any, ...]]:
    """The outcomes that are committed now, as ``Ledger.known``, while the run goes on."""
    with suppress(sqlite3.Error), _looking(path) as database:
        return _known(database)
    return {}


def changed_seqs(path: Path) -> set[int]:
    """The jobs whose targets may have been changed, and can be put back."""
    with _looking(path) as database:
        rows = database.execute("SELECT seq FROM before_image WHERE may_be_sent")
        return {seq for (seq,) in rows}


def count(path: Path, table: str, where: str = "1") -> int:
    """How many rows another program sees now, while the run goes on; 0 before there are any."""
    with suppress(sqlite3.Error), _looking(path) as database:
        (number,) = database.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()
        return int(number)
    return 0


@contextmanager
def _looking(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        yield database
