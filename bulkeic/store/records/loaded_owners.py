"""The owners of jobs, while a run file is filled."""

import functools
import sqlite3
from collections.abc import Iterable, Iterator

from bulkeic.core.code.ownership import Owner
from bulkeic.core.model import Job, Lane
from bulkeic.store.mapping import job_of, settings_of
from bulkeic.store.sqlite.database import Database

_MEMOIZED = 8192
_SELECT_JOBS = """
SELECT j.seq, j.line, j.given, j.function, j.qualifier, s.api FROM job j
JOIN settings s ON s.id = j.settings_id
WHERE j.lane_id = ? AND j.seq > ? ORDER BY j.seq LIMIT ?
"""
_DELETE_WITHOUT_JOB = """
DELETE FROM managed AS m
WHERE NOT EXISTS (SELECT 1 FROM job j WHERE j.lane_id = m.lane_id AND j.seq = m.seq)
"""
_DELETE_UNUSED = "DELETE FROM owner WHERE id NOT IN (SELECT owner_id FROM managed)"


class LoadedOwners:
    """Stores the owners of jobs. Each method raises ``RunFileError`` if the file has a problem.

    Args:
        database: the run file.
        connection: to it, in a transaction.
        source: the targets file's name.
    """

    def __init__(self, database: Database, connection: sqlite3.Connection, source: str) -> None:
        self._database = database
        self._connection = connection
        self._source = source
        self._is_used = False
        self._owner_id = functools.lru_cache(_MEMOIZED)(self._add_owner)

    def jobs(self, lane: Lane, lane_id: int, batch: int) -> Iterator[list[Job]]:
        """The jobs of a lane in batches, with their settings as they will be sent.

        Args:
            lane: account and Region.
            lane_id: the lane's id in the run file.
            batch: jobs of one batch.
        """
        after = -1
        while True:
            with self._database.errors("cannot be read"):
                rows = self._connection.execute(_SELECT_JOBS, (lane_id, after, batch)).fetchall()
            if not rows:
                return
            yield [job_of(row, self._source, lane, _settings_of(row[5])) for row in rows]
            after = rows[-1][0]

    def save(self, lane_id: int, owners: Iterable[tuple[int, Owner]]) -> None:
        """Stores the owners of jobs of a lane, each with the job's ``seq``."""
        with self._database.errors("cannot be written"):
            rows = [(lane_id, seq, self._owner_id(owner)) for seq, owner in owners]
            self._is_used |= bool(rows)
            self._connection.executemany("INSERT OR REPLACE INTO managed VALUES (?, ?, ?)", rows)

    def mark_read(self, lane_id: int) -> None:
        """Stores that the tags of a lane's functions were read."""
        with self._database.errors("cannot be written"):
            self._connection.execute("UPDATE lane SET tags_read = 1 WHERE id = ?", (lane_id,))

    def forget(self, lane_id: int) -> None:
        """Deletes the owners of a lane's jobs."""
        with self._database.errors("cannot be written"):
            self._connection.execute("DELETE FROM managed WHERE lane_id = ?", (lane_id,))

    def complete(self) -> None:
        """Deletes the owners of jobs that were left out after they were read."""
        if self._is_used:
            self._connection.execute(_DELETE_WITHOUT_JOB)
            self._connection.execute(_DELETE_UNUSED)

    def _add_owner(self, owner: Owner) -> int | None:
        values = (owner.manager.value, owner.name, owner.next_deployment.value)
        return self._connection.execute(
            "INSERT INTO owner (manager, name, next_deployment) VALUES (?, ?, ?)", values
        ).lastrowid


_settings_of = functools.lru_cache(_MEMOIZED)(settings_of)
