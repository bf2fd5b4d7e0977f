"""Run files of older versions, as SQL in ``older_runs/``.

Each was written by the code of its version: a commit whose schema had that number applied, planned
or rolled back a few functions of a sandbox, and the file was dumped with
``sqlite3.Connection.iterdump``. Only the path in ``restores`` was changed, and the digest of
``run`` was computed again.

=============  =====================================================================================
file           is of
=============  =====================================================================================
finished       a run with an invalid row and a function that does not exist
interrupted    a run that Ctrl-C stopped after two of four targets
killed         a run that SIGKILL ended after two of four targets
plan           a plan, from version 3 on
waves          a run in three waves that Ctrl-C stopped in the second one, from version 3 on
rollback       the rollback of ``finished``, from version 3 on
retried        a run with ``--retry-failed``
gates          a run with a ``Wave`` column and a gate that Ctrl-C stopped in the second wave
workers        a run with two workers
=============  =====================================================================================

The targets are ``fn-1`` to ``fn-3`` in us-east-1 and ``fn-4`` in eu-west-1.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bulkeic.store.integrity.digests import save_run_rows
from bulkeic.store.schema import VERSION

FOLDER = Path(__file__).with_name("older_runs")
OLDER = sorted(
    f"{path.parent.name}/{path.stem}"
    for path in FOLDER.glob("v*/*.sql")
    if int(path.parent.name[1:]) < VERSION
)
"""The names of all files that are older than the present version, like ``v3/plan``."""


def version_of(name: str) -> int:
    return int(name.partition("/")[0][1:])


def older_run(path: Path, name: str, place: str | None = None) -> Path:
    """Creates a run file of an older version.

    Args:
        path: of the file.
        name: what it is, like ``v3/plan``.
        place: where the run was made, from version 4 on.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript((FOLDER / f"{name}.sql").read_text())
        if place is not None:
            save_run_rows(database, {"place": place})
    return path


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def columns(database: sqlite3.Connection) -> dict[str, dict[str, tuple[Any, ...]]]:
    """For each table the columns by name: type, whether it may be NULL, and place in the key."""
    tables = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL"
    ).fetchall()
    return {
        table: {
            name: (kind, not_null, key)
            for _, name, kind, not_null, _, key in database.execute(f"PRAGMA table_info({table})")
        }
        for (table,) in tables
    }
