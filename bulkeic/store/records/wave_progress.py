"""The waves of a run: their jobs and their progress."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from bulkeic.core.model import Lane
from bulkeic.core.rollout.waves import NewWaves, Wave, waves_of
from bulkeic.store.integrity.digests import seal_wave_lanes, sealed
from bulkeic.store.sqlite.database import Database

_LAST_SEQ = """
SELECT seq FROM job j WHERE lane_id = ?
AND NOT EXISTS (SELECT 1 FROM outcome o WHERE o.seq = j.seq) ORDER BY seq LIMIT 1 OFFSET ?
"""

_LAST_SEQ_OF_LANE = "SELECT max(seq) FROM job WHERE lane_id = ?"
_LANES_IN_WAVES = "SELECT DISTINCT lane_id FROM wave_lane"
_ADD_TO_LAST_WAVE = """
INSERT INTO wave_lane
SELECT (SELECT max(number) FROM wave), lane_id, max(seq) FROM job WHERE lane_id = ?
"""
_COUNT_BY_ROWS = """
SELECT j.wave, j.lane_id, count(*) FILTER (WHERE o.seq IS NULL)
FROM job j LEFT JOIN outcome o ON o.seq = j.seq
WHERE j.wave IS NOT NULL AND j.lane_id <> 0 GROUP BY 1, 2 ORDER BY 1, 2
"""


class WaveProgress:
    """Reads and writes waves.

    Args:
        database: the run file.
        reader: a connection to it.
        writer: another one.
        lane_ids: each lane's id and number of jobs.
    """

    def __init__(
        self,
        database: Database,
        reader: sqlite3.Connection,
        writer: sqlite3.Connection,
        lane_ids: Mapping[Lane, tuple[int, int]],
    ) -> None:
        self._database = database
        self._reader = reader
        self._writer = writer
        self._lane_ids = lane_ids

    def store(self, new: NewWaves) -> None:
        """Stores new waves."""
        if new.ends:
            self.create(new.ends, new.numbers)
        else:
            self.create_by_rows()

    def create(
        self, jobs_by_wave: Sequence[Mapping[Lane, int]], numbers: Sequence[int] = ()
    ) -> None:
        """Divides the pending jobs into waves.

        Args:
            jobs_by_wave: for each wave, the number of each lane's pending jobs that are done by its
                end.
            numbers: of the waves, ascending; empty: from 1.
        """
        with self._database.errors("cannot be written"), self._writer:
            self._writer.execute("BEGIN")
            all_jobs = jobs_by_wave[-1] if jobs_by_wave else {}
            for wave, jobs in zip(waves_of(jobs_by_wave, numbers), jobs_by_wave, strict=True):
                self._store(wave)
                lanes = [
                    (wave.number, *self._last_job(lane, count, all_jobs[lane]))
                    for lane, count in jobs.items()
                ]
                self._writer.executemany("INSERT INTO wave_lane VALUES (?, ?, ?)", lanes)
            seal_wave_lanes(self._writer)

    def include(self, lanes: Iterable[Lane]) -> None:
        """Adds lanes that are in no wave to the last one.

        Args:
            lanes: that have pending jobs. Those that had none when the waves were stored are in no
                wave.
        """
        with self._database.errors("cannot be written"), self._writer:
            self._writer.execute("BEGIN")
            known = {number for (number,) in self._writer.execute(_LANES_IN_WAVES)}
            numbers = {self._lane_ids[lane][0] for lane in lanes} - known
            if numbers:
                self._writer.executemany(_ADD_TO_LAST_WAVE, ((number,) for number in numbers))
                seal_wave_lanes(self._writer)

    def create_by_rows(self) -> None:
        """Takes the waves that rows give."""
        with self._database.errors("cannot be written"), self._writer:
            self._writer.execute("BEGIN")
            for number, lanes in self.by_rows().items():
                self._store(Wave(number, sum(lanes.values())))

    def by_rows(self) -> dict[int, dict[Lane, int]]:
        """The waves that rows give: the number of each lane's pending jobs, by the wave's number.

        A wave without pending jobs is one, too: its jobs may become pending again.
        """
        lanes = {number: lane for lane, (number, _) in self._lane_ids.items()}
        found: dict[int, dict[Lane, int]] = {}
        with self._database.errors("cannot be read"):
            for wave, lane_id, pending in self._reader.execute(_COUNT_BY_ROWS):
                found.setdefault(wave, {})[lanes[lane_id]] = pending
        return found

    def all(self) -> list[Wave]:
        """Every wave, in order; empty: the run has no waves."""
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                "SELECT number, targets, started_at, ended_at, verified, drifted, stopped"
                " FROM wave ORDER BY number"
            )
            return [Wave(*row) for row in rows.fetchall()]

    def have_unverified(self) -> bool:
        """Whether a wave was started and not verified."""
        with self._database.errors("cannot be read"):
            row = self._reader.execute(
                "SELECT 1 FROM wave WHERE started_at IS NOT NULL AND verified IS NULL LIMIT 1"
            ).fetchone()
        return row is not None

    def save(self, wave: Wave) -> None:
        """Stores the progress of a wave."""
        with self._database.errors("cannot be written"):
            self._store(wave)

    def _store(self, wave: Wave) -> None:
        self._writer.execute(
            "INSERT OR REPLACE INTO wave VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            sealed(msgspec.structs.astuple(wave)),
        )

    def _last_job(self, lane: Lane, count: int, every: int) -> tuple[int, int]:
        """The lane's id and the ``seq`` of its last job in a wave; -1: none.

        Args:
            lane: account and Region.
            count: the number of pending jobs that are done by the end of the wave.
            every: the number of all; jobs that become pending later are done with the last of them.
        """
        number, _ = self._lane_ids[lane]
        if not count:
            return number, -1
        if count == every:
            (seq,) = self._writer.execute(_LAST_SEQ_OF_LANE, (number,)).fetchone()
            return number, seq
        (seq,) = self._writer.execute(_LAST_SEQ, (number, count - 1)).fetchone()
        return number, seq
