"""Checks of a run file's header, names and log, before its content is read."""

import fcntl
import os
import sqlite3
from pathlib import Path

from bulkeic.core.errors import DamagedRunError, RunFileError, quoted
from bulkeic.store.digests import OPEN, SESSION
from bulkeic.store.schema import APPLICATION_ID, MAGIC, VERSION

# https://www.sqlite.org/fileformat.html#the_database_header
HEADER_BYTES = 100
APPLICATION_ID_BYTES = slice(68, 72)
_FORMAT_VERSIONS = slice(18, 20)
_WITH_LOG = b"\x02\x02"
_USER_VERSION = slice(60, 64)


def is_run_file(path: Path) -> bool:
    """Whether a file is an SQLite database, and so meant to be a run file."""
    try:
        if not path.is_file():
            return False  # reading would consume the first bytes of a pipe
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def check_header(path: Path) -> None:
    """Checks the header's bytes without SQLite, which would create files beside the database.

    Raises:
        RunFileError: it cannot be read, is not a run file, or has another version.
    """
    try:
        if path.exists() and not path.is_file():  # reading would wait for the writer of a pipe
            raise RunFileError(f"{quoted(str(path))} is not a run file")
        header = _read_header(path)
    except OSError as error:
        raise RunFileError(f"run file {quoted(str(path))}: {error.strerror}") from None
    if not header.startswith(MAGIC):
        raise RunFileError(f"{quoted(str(path))} is not a run file")
    if int.from_bytes(header[APPLICATION_ID_BYTES]) != APPLICATION_ID:
        raise RunFileError(f"{quoted(str(path))} is a database, but not a run file")
    version = int.from_bytes(header[_USER_VERSION])
    if version < VERSION:
        raise RunFileError(
            f"run file {quoted(str(path))} has version {version}, this bulkeic supports {VERSION}; "
            "finish it with the older bulkeic that made it, or apply the targets file again"
        )
    if version > VERSION:
        raise RunFileError(
            f"run file {quoted(str(path))} has version {version}, this bulkeic supports {VERSION}; "
            "use the newer bulkeic that made it"
        )


def _read_header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER_BYTES)


def check_links(path: Path, draft: Path) -> None:
    """Checks that a run file has one name: SQLite finds the log only beside the name it opens.

    Args:
        path: of the run file.
        draft: its name while it was loaded, which a kill may have left.

    Raises:
        DamagedRunError: it has another name.
        OSError: it cannot be read.
    """
    known = 1
    if draft.exists() and draft.samefile(path):
        known += 1
    if path.stat().st_nlink > known:
        raise DamagedRunError(
            f"run file {quoted(str(path))} has another name (a hard link), and outcomes may be in "
            "the log beside that name",
            "delete the other name, or use a copy of the file",
        )


def check_log(path: Path, connection: sqlite3.Connection, *, shared: bool) -> None:
    """Checks that a run that was not closed still has its log.

    Args:
        path: of the run file.
        connection: to it, opened while there was no log.
        shared: whether another process may work on the run, and may have just created the log.

    Raises:
        DamagedRunError: the log is lost.
        OSError: the file cannot be read.
    """
    if _read_header(path)[_FORMAT_VERSIONS] != _WITH_LOG:
        return
    state = connection.execute("SELECT value FROM run WHERE key = ?", (SESSION,)).fetchone()
    if state == (OPEN,) and not (shared and _is_locked(path)):
        raise DamagedRunError(
            f"run file {quoted(str(path))} was not closed properly, and its log "
            f"{quoted(f'{path.name}-wal')} is missing: outcomes may be lost, unless another "
            "program has merged it",
            "move the log back, or continue without it with --accept-loss",
        )


def _is_locked(path: Path) -> bool:
    """Whether a process works on the run file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
