"""What the gate, the alarms and the calendar of a run have decided."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from bulkeic.core.rollout.gates import GateDecision, GateKind, GateRecord, last_of_gate
from bulkeic.store.integrity.digests import sealed
from bulkeic.store.sqlite.database import Database

_SELECT = (
    "SELECT id, wave, asked_at, answered_at, asks, decision, reason, output, kind, name FROM gate "
    "ORDER BY id"
)


class GateRecords:
    """Reads and writes decisions: one of each kind for each wave and session.

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
            return [_record(row) for row in rows]

    def last_of(self, wave: int) -> GateRecord | None:
        """The last decision of the gate after a wave; ``None``: it has not answered yet."""
        return last_of_gate(self.all(), wave)

    def save(self, record: GateRecord) -> None:
        """Stores a decision; it replaces one with the same number."""
        row = msgspec.structs.astuple(record)
        with self._database.errors("cannot be written"):
            self._writer.execute(
                "INSERT OR REPLACE INTO gate VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                sealed([*row[:5], record.decision.value, *row[6:8], record.kind.value, row[9]]),
            )


def _record(row: Sequence[Any]) -> GateRecord:
    """The record of a row of ``_SELECT``, which has the fields in their order."""
    fields = dict(zip(GateRecord.__struct_fields__, row, strict=True))
    kinds = {"decision": GateDecision(fields["decision"]), "kind": GateKind(fields["kind"])}
    return GateRecord(**fields | kinds)
