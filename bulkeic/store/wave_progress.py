"""The waves of a run: which jobs belong to each, and how far they have come."""

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from bulkeic.core.model import Lane
from bulkeic.core.waves import Wave, waves_of
from bulkeic.store.database import Database

_LAST_SEQ = """
SELECT seq FROM job j WHERE lane_id = ?
AND NOT EXISTS (SELECT 1 FROM outcome o WHERE o.seq = j.seq) ORDER BY seq LIMIT 1 OFFSET ?
"""


class WaveProgress:
    """Reads and writes waves.

    Args:
        database: the run file.
        reader: a connection to it.
        writer: another one.
        lane_ids: each lane's number, and how many jobs it has.
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

    def create(self, spread: Sequence[Mapping[Lane, int]]) -> None:
        """Deals the pending jobs out to waves.

        Args:
            spread: for each wave, how many of each lane's pending jobs are done by its end.
        """
        with self._database.errors("cannot be written"), self._writer:
            self._writer.execute("BEGIN")
            for wave, jobs in zip(waves_of(spread), spread, strict=True):
                self._writer.execute(
                    "INSERT INTO wave (number, targets) VALUES (?, ?)", (wave.number, wave.targets)
                )
                lanes = [(wave.number, *self._last(lane, count)) for lane, count in jobs.items()]
                self._writer.executemany("INSERT INTO wave_lane VALUES (?, ?, ?)", lanes)

    def all(self) -> list[Wave]:
        """Every wave, in order; none: the run goes without."""
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                "SELECT number, targets, started_at, ended_at, verified, drifted, stopped"
                " FROM wave ORDER BY number"
            )
            return [Wave(*row) for row in rows.fetchall()]

    def have_unverified(self) -> bool:
        """Whether there is one that was begun, and not read again afterwards."""
        with self._database.errors("cannot be read"):
            row = self._reader.execute(
                "SELECT 1 FROM wave WHERE started_at IS NOT NULL AND verified IS NULL LIMIT 1"
            ).fetchone()
        return row is not None

    def save(self, wave: Wave) -> None:
        """Keeps how far a wave has come."""
        with self._database.errors("cannot be written"):
            self._writer.execute(
                "UPDATE wave SET started_at = ?, ended_at = ?, verified = ?, drifted = ?,"
                " stopped = ? WHERE number = ?",
                (*msgspec.structs.astuple(wave)[2:], wave.number),
            )

    def _last(self, lane: Lane, count: int) -> tuple[int, int]:
        number, _ = self._lane_ids[lane]
        if not count:
            return number, -1
        (seq,) = self._writer.execute(_LAST_SEQ, (number, count - 1)).fetchone()
        return number, seq
