"""A kill at any moment of a migration leaves a run file that the next command migrates or opens.

``BULKEIC_ROUNDS`` sets the number of kills.
"""

import os
import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import Bulkeic
from tests.e2e.rollout_helpers import until
from tests.store.older_run_files import older_run

JOBS = 3000
SEEDS = range(int(os.environ.get("BULKEIC_ROUNDS", "1")))


def large_run(path: Path) -> Path:
    """A run file of version 3 with many jobs, each with an outcome and a before-image."""
    with closing(sqlite3.connect(older_run(path, "v3/finished"), isolation_level=None)) as database:
        outcome = database.execute("SELECT * FROM outcome WHERE seq = 0").fetchone()
        image = database.execute("SELECT * FROM before_image WHERE seq = 0").fetchone()
        database.execute("BEGIN")
        for table in ("job", "outcome", "before_image"):
            database.execute(f"DELETE FROM {table}")
        for seq in range(JOBS):
            job = (1, seq, seq + 2, None, f"fn-{seq}", None, 1, None)
            database.execute(f"INSERT INTO job VALUES ({marks(job)})", job)
            for table, row in (("outcome", outcome), ("before_image", image)):
                database.execute(f"INSERT INTO {table} VALUES ({marks(row)})", (seq, *row[1:]))
        database.execute("DELETE FROM lane WHERE id <> 1")
        database.execute("UPDATE lane SET jobs = ?", (JOBS,))
        database.execute("COMMIT")
    return path


def marks(row: tuple[object, ...]) -> str:
    return ", ".join("?" * len(row))


def bytes_in(folder: Path) -> int:
    """The size of all files, some of which may vanish meanwhile."""
    size = 0
    for file in list(folder.iterdir()):
        with suppress(FileNotFoundError):
            size += file.stat().st_size
    return size


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_migration_is_repeated(bulkeic: Bulkeic, seed: int) -> None:
    older = large_run(bulkeic.folder / "run.db").read_bytes()
    # The copy doubles the bytes; then the journal and the new tables grow.
    enough = int(len(older) * random.Random(seed).uniform(1, 4.5))

    process = bulkeic.start("report", "run.db")
    until(
        lambda: process.poll() is not None or bytes_in(bulkeic.folder) >= enough,
        f"{enough} bytes, or the end",
    )
    process.kill()
    process.communicate()

    result = bulkeic("report", "run.db", "--json")
    assert result.code == 0, result.err
    assert result.summary["statuses"]["updated"] == JOBS
    assert {file.read_bytes() for file in bulkeic.folder.glob("run.v3*.db")} == {older}
    with closing(sqlite3.connect(bulkeic.folder / "run.db")) as database:
        assert database.execute("SELECT sum(seq) FROM outcome").fetchone() == (sum(range(JOBS)),)
