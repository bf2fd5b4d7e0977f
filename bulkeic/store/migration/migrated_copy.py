"""A migrated temporary copy of a run file that cannot be migrated itself, to read."""

import contextlib
import fcntl
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bulkeic.core.errors import RunFileError, quoted
from bulkeic.store.migration.run_migration import open_older, rebuild_file, roll_back
from bulkeic.store.run_file import RunFile
from bulkeic.store.sqlite.file_checks import run_file_version

_ENDS = ("", "-wal", "-journal")


class MigratedCopy(RunFile):
    """A run file of an older version that is in use, or that cannot be written, as it is now.

    Args:
        path: of the run file, which is not changed.
        accept_loss: read it although its last outcomes may be lost.

    Raises:
        DamagedRunError: it is damaged, or its last outcomes may be lost.
        RunFileError: it cannot be read, or there is no room for the copy.
    """

    def __init__(self, path: Path, *, accept_loss: bool = False) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="bulkeic-")
            copy = Path(self._folder.name) / "run.db"
            copy_run(path, copy)
        except (OSError, sqlite3.Error) as error:
            self._clean_up()
            problem = getattr(error, "strerror", None) or error
            raise RunFileError(f"run file {quoted(str(path))}: {problem}") from None
        try:
            _migrate(copy, path, accept_loss=accept_loss)
            super().__init__(copy, read_only=True)
        except BaseException:
            self._clean_up()
            raise
        self.path = path

    def close(self) -> None:
        """Closes the copy and deletes it."""
        super().close()
        self._clean_up()

    def for_another_thread(self) -> RunFile:
        """See ``RunFile``; this object deletes the copy."""
        other = super().for_another_thread()
        assert isinstance(other, MigratedCopy)  # noqa: S101 - a copy of this object
        other._folder = None  # noqa: SLF001 - a copy of this object
        return other

    def _clean_up(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def copy_run(path: Path, copy: Path) -> None:
    """Copies a run file with its log, as it is at one moment.

    Raises:
        OSError: it cannot be copied.
        sqlite3.Error: it is in use and cannot be read.
    """
    with path.open("rb") as file, _unchanged(file.fileno()) as is_unchanged:
        if is_unchanged:
            for end in _ENDS:
                beside = path.with_name(f"{path.name}{end}")
                if beside.exists():
                    shutil.copyfile(beside, copy.with_name(f"{copy.name}{end}"))
            return
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)


@contextlib.contextmanager
def _unchanged(descriptor: int) -> Iterator[bool]:
    """Keeps other processes from working on a file; yields ``False`` if one does already."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
        return
    try:
        yield True
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _migrate(copy: Path, path: Path, *, accept_loss: bool) -> None:
    roll_back(copy)
    version = run_file_version(copy)
    assert version is not None  # noqa: S101 - it is a copy of a run file
    database = open_older(copy, version, accept_loss=accept_loss, copy_of=path)
    try:
        rebuild_file(database, version)
    finally:
        database.close()
