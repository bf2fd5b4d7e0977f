"""The connection that writes to a run file, and the mark that a process works on the run."""

import contextlib
import sqlite3

from bulkeic.store.integrity.digests import (
    CLOSED,
    OPEN,
    SESSION,
    add_digest_function,
    save_run_rows,
)
from bulkeic.store.sqlite.database import Database


def open_writer(database: Database) -> sqlite3.Connection:
    """Opens a connection whose commits are synced to the disk, and marks the run as open.

    Args:
        database: the run file; it closes the connection.

    Raises:
        RunFileError: it cannot be written.
    """
    with database.errors("cannot be written"):
        writer = database.connect()
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA synchronous = FULL")
        add_digest_function(writer)
        try:
            _mark_session(writer, OPEN)
            # The mark must outlive the log, or the log's loss would not be noticed.
            writer.execute("PRAGMA wal_checkpoint(FULL)")
        except BaseException:
            close_log(writer)
            raise
        return writer


def close_log(writer: sqlite3.Connection) -> None:
    """Marks the run as closed, and merges the log into the file and deletes it.

    Does what the disk and other readers allow, and raises nothing.
    """
    with contextlib.suppress(sqlite3.Error):
        writer.execute("PRAGMA wal_checkpoint(PASSIVE)")  # makes room on a full disk
        _mark_session(writer, CLOSED)
        writer.execute("PRAGMA journal_mode = DELETE")


def _mark_session(writer: sqlite3.Connection, state: str) -> None:
    """Stores whether a process works on the run."""
    with writer:
        writer.execute("BEGIN")
        save_run_rows(writer, {SESSION: state})
