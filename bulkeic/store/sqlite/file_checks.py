"""Checks of a run file's header, names and log, before its content is read."""

import fcntl
import os
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

from bulkeic.core.errors import DamagedRunError, RunFileError, quoted
from bulkeic.store.integrity.digests import OPEN, SESSION
from bulkeic.store.schema import MAGIC
from bulkeic.store.sqlite.file_kind import APPLICATION_ID_BYTES, KINDS, RUN_FILE, FileKind
from bulkeic.store.sqlite.held_files import is_held, read_beginning
from bulkeic.version import __version__

# https://www.sqlite.org/fileformat.html#the_database_header
HEADER_BYTES = 100
SQLITE_ENDS = ("-wal", "-shm", "-journal")
"""Ends of the names of the files that SQLite keeps beside a database."""
_FORMAT_VERSIONS = slice(18, 20)
_WITH_LOG = b"\x02\x02"
_USER_VERSION = slice(60, 64)
_LAST_VERSION = "SELECT version FROM session ORDER BY id DESC LIMIT 1"
_match_version = re.compile(r"\d[0-9A-Za-z.+-]{0,30}").fullmatch


def is_run_file(path: Path) -> bool:
    """Whether a file is an SQLite database, and so meant to be a run file."""
    try:
        if not path.is_file():
            return False  # reading would consume the first bytes of a pipe
        return read_beginning(path, len(MAGIC)) == MAGIC
    except OSError:
        return False


def check_header(path: Path, kind: FileKind = RUN_FILE) -> None:
    """Checks the header's bytes without SQLite, which would create files beside the database.

    Raises:
        RunFileError: it cannot be read, is of another kind, or has another version.
    """
    name = quoted(str(path))
    try:
        if path.exists() and not path.is_file():  # reading would wait for the writer of a pipe
            raise RunFileError(f"{name} is not a {kind.noun}; expected a file of {kind.origin}")
        header = read_beginning(path, HEADER_BYTES)
    except OSError as error:
        raise RunFileError(f"{kind.noun} {name}: {error.strerror}") from None
    if not header.startswith(MAGIC):
        raise RunFileError(f"{name} is not a {kind.noun}; expected a file of {kind.origin}")
    found = KINDS.get(int.from_bytes(header[APPLICATION_ID_BYTES]))
    if found is None:
        raise RunFileError(f"{name} is a database, but not a {kind.noun}")
    if found.application_id != kind.application_id:
        raise RunFileError(
            f"{name} is a {found.noun}, not a {kind.noun}; {found.use} {shlex.quote(str(path))}"
        )
    version = int.from_bytes(header[_USER_VERSION])
    if version != kind.version:
        way_out = kind.remake if version < kind.version else f"use {_newer_bulkeic(path)}"
        raise RunFileError(
            f"{kind.noun} {name} has version {version}, this bulkeic supports {kind.version}; "
            f"{way_out}"
        )


def _newer_bulkeic(path: Path) -> str:
    """The bulkeic that made a file of a newer version, as the file's last session names it."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"  # no file is created beside it
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            (version,) = connection.execute(_LAST_VERSION).fetchone()
    except (sqlite3.Error, TypeError):
        version = None
    if version == __version__ or not _match_version(str(version)):
        return "the newer bulkeic that made it"
    return f"bulkeic {version} or newer"


def run_file_version(path: Path) -> int | None:
    """The version of a run file's schema, as its header says; ``None``: it is no run file."""
    try:
        if not path.is_file():
            return None
        header = read_beginning(path, HEADER_BYTES)
    except OSError:
        return None
    is_run = int.from_bytes(header[APPLICATION_ID_BYTES]) == RUN_FILE.application_id
    return int.from_bytes(header[_USER_VERSION]) if header.startswith(MAGIC) and is_run else None


def may_need_migration(path: Path) -> bool:
    """Whether a run file is of an older version, or a journal beside it may hold an older one."""
    version = run_file_version(path)
    if version is None:
        return False
    journal = path.with_name(f"{path.name}-journal")
    return version < RUN_FILE.version or journal.exists()


def check_links(path: Path, draft: Path, kind: FileKind = RUN_FILE) -> None:
    """Checks that a file has one name: SQLite finds the log only beside the name it opens.

    Args:
        path: of the file.
        draft: its name while it was loaded, which a kill may have left.
        kind: of the file.

    Raises:
        DamagedRunError: it has another name.
        OSError: it cannot be read.
    """
    known = 1
    if draft.exists() and draft.samefile(path):
        known += 1
    if path.stat().st_nlink > known:
        raise DamagedRunError(
            f"{kind.noun} {quoted(str(path))} has another name (a hard link), and its end may "
            "be in the log beside that name",
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
    if read_beginning(path, HEADER_BYTES)[_FORMAT_VERSIONS] != _WITH_LOG:
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
    if is_held(path):
        return True
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
