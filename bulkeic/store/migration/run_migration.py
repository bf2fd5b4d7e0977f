"""Migrates a run file that an older bulkeic made, and keeps the file as it was.

A crash at any moment leaves the older file, intact, or the migrated one: the file is changed in one
transaction, which SQLite rolls back when the file is next opened.
"""

import contextlib
import filecmp
import functools
import itertools
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bulkeic.core.errors import RunFileError, quoted
from bulkeic.store.migration.migration_steps import FIRST_VERSION
from bulkeic.store.migration.older_tables import check_older_content
from bulkeic.store.migration.rebuilding import rebuild
from bulkeic.store.sqlite.database import Database
from bulkeic.store.sqlite.file_checks import run_file_version
from bulkeic.store.sqlite.file_kind import RUN_FILE
from bulkeic.store.sqlite.held_files import hold, release


class Migration(msgspec.Struct, frozen=True):
    """What was migrated.

    Attributes:
        path: of the run file.
        version: that it had.
        kept: the copy of the file as it was.
    """

    path: Path
    version: int
    kept: Path


def migrate(path: Path, *, accept_loss: bool = False) -> Migration | None:
    """Migrates a run file, if an older bulkeic made it.

    Args:
        path: of the run file.
        accept_loss: migrate it although its last outcomes may be lost.

    Returns:
        What was migrated; ``None``: nothing.

    Raises:
        DamagedRunError: it is damaged, or its last outcomes may be lost. It is left as it is.
        RunFileError: it cannot be migrated, and is left as it is.
    """
    roll_back(path)
    version = run_file_version(path)
    if version is None or not FIRST_VERSION <= version < RUN_FILE.version:
        return None
    database = open_older(path, version, accept_loss=accept_loss)
    try:
        _merge_log(database)
        kept, is_new = _keep_copy(path, version)
        try:
            rebuild_file(database, version)
        except BaseException:
            if is_new:
                kept.unlink(missing_ok=True)  # the file itself is as it was
            raise
    finally:
        database.close()
    return Migration(path, version, kept)


def open_older(
    path: Path, version: int, *, accept_loss: bool, copy_of: Path | None = None
) -> Database:
    """Opens a run file of an older version, locks it and checks it.

    Args:
        path: of the run file.
        version: that it has.
        accept_loss: open it although its last outcomes may be lost.
        copy_of: the file that messages name, if this one is a copy of it.
    """
    return Database(
        path,
        accept_loss=accept_loss,
        kind=msgspec.structs.replace(RUN_FILE, version=version),
        check=functools.partial(check_older_content, version=version),
        copy_of=copy_of,
    )


def rebuild_file(database: Database, version: int) -> None:
    """Turns an older run file into one of the present version; all or nothing.

    Raises:
        RunFileError: it is damaged, or cannot be written.
    """
    with database.errors("cannot be migrated"):
        writer = database.connect()
        writer.execute("PRAGMA synchronous = FULL")
        rebuild(writer, version)


def roll_back(path: Path) -> None:
    """Rolls a migration back that a crash has interrupted, before the version is read.

    Does what it can: a file that is locked is in use, and needs nothing.
    """
    if not path.with_name(f"{path.name}-journal").exists() or run_file_version(path) is None:
        return
    with contextlib.suppress(OSError, sqlite3.Error, RunFileError), _locked(path):
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = hold(path, quoted(str(path)))
    try:
        yield
    finally:
        release(lock)


def _merge_log(database: Database) -> None:
    """Merges the log into the file, so that its copy is complete and SQLite needs no log."""
    with database.errors("cannot be migrated"):
        connection = database.connect()
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        if mode != "delete":
            raise sqlite3.OperationalError("another program uses it")
        database.disconnect()


def _keep_copy(path: Path, version: int) -> tuple[Path, bool]:
    """Copies a file that no one changes; an equal copy of an earlier attempt is used again.

    Returns:
        The copy, and whether it is new.

    Raises:
        RunFileError: it cannot be written.
    """
    names = (path.with_name(name) for name in _copy_names(path, version))
    kept = next(name for name in names if not os.path.lexists(name) or _are_equal(path, name))
    if os.path.lexists(kept):
        return kept, False
    copy = Database(kept, create=True)
    try:
        copy.copy_from(path)
        copy.publish()
    except BaseException:
        copy.discard()
        raise
    return kept, True


def _are_equal(path: Path, other: Path) -> bool:
    try:
        return other.is_file() and filecmp.cmp(path, other, shallow=False)
    except OSError:
        return False


def _copy_names(path: Path, version: int) -> Iterator[str]:
    """``run.v3.db``, ``run.v3-2.db``, and so on."""
    for number in itertools.count(1):
        again = f"-{number}" if number > 1 else ""
        yield f"{path.stem}.v{version}{again}{path.suffix}"
