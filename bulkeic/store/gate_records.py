"""What the gate of a run has decided after each wave."""

import sqlite3

import msgspec

from bulkeic.core.rollout.gates import GateDecision, GateRecord
from bulkeic.store.database import Database
from bulkeic.store.digests import sealed

_SELECT = (
    "SELECT id, wave, asked_at, answered_at, asks, decision, reason, output FROM gate ORDER BY id"
)


class GateRecords:
    """Reads and writes the decisions of a gate: one for each wave and session.

    Args:
        database: the run file.
        reader: a connection to it.
        writer: another one.
    """

    def __init__(
        self, database: Database, reader: sqlite3.Connection, writer: sqlite3.Connection
    ) -> None:
        self._database = database
        self._reader = reader
        self._writer = writer

    def all(self) -> list[GateRecord]:
        """Every decision, in order."""
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(_SELECT).fetchall()
            return [
                GateRecord(
                    number, wave, asked_at, answered_at, asks, GateDecision(decision), why, output
                )
                for number, wave, asked_at, answered_at, asks, decision, why, output in rows
            ]

    def last_of(self, wave: int) -> GateRecord | None:
        """The last decision after a wave; ``None``: the gate has not answered yet."""
        return next((each for each in reversed(self.all()) if each.wave == wave), None)

    def save(self, record: GateRecord) -> None:
        """Stores a decision; it replaces one with the same number."""
        row = msgspec.structs.astuple(record)
        with self._database.errors("cannot be written"):
            self._writer.execute(
                "INSERT OR REPLACE INTO gate VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                sealed([*row[:5], record.decision.value, *row[6:]]),
            )
