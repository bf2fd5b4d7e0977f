"""What the workers of each session have done, as a run file keeps it."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from bulkeic.core.leases.worker_record import WorkerRecord
from bulkeic.store.integrity.digests import sealed
from bulkeic.store.mapping import check_time
from bulkeic.store.sqlite.database import Database

_SELECT = (
    "SELECT session, worker, name, lanes, targets, calls, throttles, first_heard_at,"
    " last_heard_at, lost FROM worker ORDER BY session, worker"
)
_STORE = "INSERT OR REPLACE INTO worker VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class WorkerRecords:
    """Reads the workers of all sessions, and stores those of the session that works.

    They are stored with the next outcomes, and at the end of the session. A session that is not
    stored keeps none.

    Args:
        database: the run file.
        reader: a connection to it.

    Attributes:
        session: number of the session that works; 0: none that is stored.
        version: grows whenever workers were stored.
    """

    def __init__(self, database: Database, reader: sqlite3.Connection) -> None:
        self.session = 0
        self.version = 0
        self._database = database
        self._reader = reader
        self._records: Sequence[WorkerRecord] = ()
        self._stored: Sequence[WorkerRecord] = ()

    def replace(self, records: Sequence[WorkerRecord]) -> None:
        """Takes the workers of the session as they are now."""
        self._records = records

    def save(self, writer: sqlite3.Connection) -> None:
        """Stores what has changed since the last time, as a part of a transaction.

        Raises:
            sqlite3.Error: it cannot be written.
        """
        records = self._records  # another thread replaces them
        if self.session and records is not self._stored:
            rows = ((self.session, *msgspec.structs.astuple(each)[1:]) for each in records)
            writer.executemany(_STORE, map(sealed, rows))
            self._stored = records
            self.version += 1

    def all(self) -> list[WorkerRecord]:
        """Every worker, in the order of sessions and numbers."""
        with self._database.errors("cannot be read"):
            return [_record(row) for row in self._reader.execute(_SELECT).fetchall()]


def _record(row: Sequence[Any]) -> WorkerRecord:
    """The record of a row of ``_SELECT``, which has the fields in their order."""
    fields = dict(zip(WorkerRecord.__struct_fields__, row, strict=True))
    for name in ("first_heard_at", "last_heard_at"):
        check_time(fields[name])
    return WorkerRecord(**fields)
