"""Opens and locks the database file, and translates SQLite's errors."""

import copy
import errno
import os
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bulkeic.core.errors import DamagedRunError, InputError, RunFileError, printable, quoted
from bulkeic.store.integrity.file_integrity import DamagedError, check_integrity
from bulkeic.store.schema import MAGIC
from bulkeic.store.sqlite.file_checks import (
    HEADER_BYTES,
    check_header,
    check_links,
    check_log,
)
from bulkeic.store.sqlite.file_kind import APPLICATION_ID_BYTES, RUN_FILE, FileKind, kind_of_file
from bulkeic.store.sqlite.held_files import hold, lock_file, release

# Without an adapter, the module looks for one each time it binds None, which takes 0.15 us.
sqlite3.register_adapter(type(None), lambda none: none)

# What bulkeic writes is far smaller; SQLite itself would read rows of a gigabyte.
_ROW_BYTES = 8 << 20

_PIECE_BYTES = 1 << 20

_FREE_SPACE = "; free space on the disk, then run the command again"
_RAISE_LIMIT = "; raise the limit on open files, for example with ulimit -n 1024"

_PRIMARY_CODE = 0xFF
_UNREACHABLE = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)


class Database:
    """One SQLite file that belongs to this process until it is closed.

    Args:
        path: the file.
        create: create it; it must not exist. It has a draft name until ``publish``.
        shared: open it without a lock, for reading. SQLite may still complete a transaction that a
            kill interrupted.
        is_sound: skip the check for damage.
        accept_loss: open it although outcomes may be lost.
        kind: of the file.
        check: checks that its content is intact.
        copy_of: the file that messages name, if this one is a copy of it.

    Raises:
        DamagedRunError: it is damaged, or outcomes may be lost.
        RunFileError: it cannot be created or opened, is not a run file, or is in use by another
            process.
    """

    def __init__(
        self,
        path: Path,
        *,
        create: bool = False,
        shared: bool = False,
        is_sound: bool = False,
        accept_loss: bool = False,
        kind: FileKind = RUN_FILE,
        check: Callable[[sqlite3.Connection], None] = check_integrity,
        copy_of: Path | None = None,
    ) -> None:
        self.path = path
        self._kind = kind
        self._known_as = copy_of or path
        self._name = f"{kind.noun} {quoted(str(self._known_as))}"
        self._check_content = check
        self._file = _draft_path(path) if create else path
        self._connections: list[sqlite3.Connection] = []
        self._lock = -1
        if create:
            self._lock = _create(path, self._file, kind)
        else:
            check_header(path, kind)
        try:
            if create:
                lock_file(self._lock, self._name)
            else:
                if not shared:
                    self._lock = hold(path, self._name)
                check_links(path, _draft_path(path), kind)
                self._check(shared=shared, is_sound=is_sound, accept_loss=accept_loss)
        except OSError as error:
            self.close()
            raise RunFileError(f"{self._name}: {error.strerror}") from None
        except BaseException:
            self.close()
            raise

    def _check(self, *, shared: bool, is_sound: bool, accept_loss: bool) -> None:
        """Checks the file; a refused one is left unchanged, without new files beside it."""
        log, index = (self.path.with_name(f"{self.path.name}{end}") for end in ("-wal", "-shm"))
        beside, had_log = (log, index), log.exists()
        new = [path for path in beside if not path.exists()]
        # A writing connection would merge a log that may belong to another file. A journal, though,
        # is left by a killed process, and only a writing connection can roll it back.
        journal = self.path.with_name(f"{self.path.name}-journal")
        try:
            with self._damage():
                connection = self.connect(read_only=not journal.exists())
                _check_state(connection, self._name, self._kind)
                if not is_sound:
                    self._check_content(connection)
                if not had_log and not accept_loss:
                    check_log(self.path, connection, shared=shared)
        except BaseException:
            self.disconnect()
            for path in new:
                path.unlink(missing_ok=True)
            raise
        self.disconnect()  # the log can be closed only without other connections

    def connect(self, *, read_only: bool = False) -> sqlite3.Connection:
        """A new connection; use it from one thread at a time."""
        mode = "ro" if read_only else "rw"
        connection = sqlite3.connect(
            f"{self._file.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=10,
        )
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _ROW_BYTES)
        self._connections.append(connection)
        return connection

    def for_another_thread(self) -> "Database":
        """The same file, open already, with connections of its own: it is not locked again.

        SQLite itself must open it: a process that closes a file that it opened in another way loses
        the locks that SQLite holds on it.
        """
        other = copy.copy(self)
        other._connections, other._lock = [], -1  # noqa: SLF001 - a copy of this object
        return other

    def interrupt(self) -> None:
        """Ends what the connections do; may be called in any thread."""
        for connection in tuple(self._connections):
            connection.interrupt()

    def copy_from(self, path: Path) -> None:
        """Fills a created file, without connections yet, with the bytes of another one.

        Raises:
            RunFileError: it cannot be written.
        """
        with (
            self.errors("cannot be written"),
            path.open("rb") as source,
            os.fdopen(self._lock, "wb", closefd=False) as copy,
        ):
            while piece := source.read(_PIECE_BYTES):
                copy.write(piece)

    def publish(self) -> None:
        """Closes a created file and gives it its name, durably; never replaces another file.

        Raises:
            RunFileError: the name is taken by now, or the file system refuses.
        """
        self.disconnect()
        with self.errors("cannot be written"):
            os.fsync(self._lock)
            _rename_draft(self._file, self.path)
            _sync_folder(self.path.parent)
        self.close()

    def discard(self) -> None:
        """Closes a created file and deletes it."""
        self._file.unlink(missing_ok=True)
        self.close()

    def check_in_place(self) -> None:
        """Checks that the file still has its path.

        Raises:
            RunFileError: the file was deleted, moved or replaced.
        """
        try:
            in_place = os.path.samestat(self.path.stat(), os.fstat(self._lock))
        except OSError:
            in_place = False
        if not in_place:
            raise RunFileError(f"{self._name} was deleted, moved or replaced")

    def close(self) -> None:
        """Closes every connection and unlocks the file."""
        self.disconnect()
        if self._lock >= 0:
            release(self._lock)
            self._lock = -1

    def disconnect(self) -> None:
        """Closes every connection; the file stays locked."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    @contextmanager
    def _damage(self) -> Iterator[None]:
        """Translates errors on opening: damage names the command that saves the outcomes."""
        try:
            yield
        except (DamagedError, InputError, sqlite3.Error, UnicodeError) as error:
            if not is_damage(error):
                with self.errors("cannot be opened"):
                    raise
            problem = printable(str(error))
            raise DamagedRunError(
                f"{self._name}: cannot be opened: damaged: {problem}",
                f"{self._kind.save} {shlex.quote(str(self._known_as))}",
            ) from None

    @contextmanager
    def errors(self, doing: str) -> Iterator[None]:
        """Translates SQLite's errors and invalid values to ``RunFileError``.

        Args:
            doing: what fails, like ``cannot be read``.
        """
        place = f"{self._name}: {doing}"
        try:
            yield
        except (DamagedError, InputError, msgspec.DecodeError, RecursionError) as error:
            raise RunFileError(f"{place}: damaged: {printable(str(error))}") from None
        except (sqlite3.Error, OSError, UnicodeError) as error:
            what = (error.strerror or error) if isinstance(error, OSError) else error
            raise RunFileError(f"{place}: {printable(str(what))}{_way_out(error)}") from None


def _way_out(error: Exception) -> str:
    """What the user can do about an error of the system, to be appended to its message."""
    if isinstance(error, OSError):
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return _FREE_SPACE
        return _RAISE_LIMIT if error.errno == errno.EMFILE else ""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}:
        return _FREE_SPACE
    if code & _PRIMARY_CODE == sqlite3.SQLITE_CANTOPEN and not _can_open_files():
        return _RAISE_LIMIT
    return ""


def _can_open_files() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return False
    return True


def _draft_path(path: Path) -> Path:
    return path.parent / f"{path.name}.loading"  # with_name refuses a folder such as "."


def _create(path: Path, draft: Path, kind: FileKind) -> int:
    """Creates the file under its draft name, so that a kill leaves no incomplete file."""
    if path.is_dir():
        raise RunFileError(
            f"{quoted(str(path))} is a folder; give the name of a file, for example "
            f"{path / 'run.db'}"
        )
    name = f"{kind.noun} {quoted(str(path))}"
    if os.path.lexists(path):
        resume = f", or resume it: {kind.resume} {path}" if kind_of_file(path) is kind else ""
        raise RunFileError(f"{name} exists; give another name{resume}")
    _refuse_leftovers(path, kind)
    try:
        _create_folder(path.parent)
        if os.path.lexists(draft):
            _delete_draft(draft, name, kind)
        return os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise RunFileError(f"{name} cannot be created: {error.strerror}") from None


def _create_folder(folder: Path) -> None:
    """Creates a folder and its parents, each durably: a crash must not lose the run in it."""
    if folder.exists():
        return
    _create_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _refuse_leftovers(path: Path, kind: FileKind) -> None:
    """Refuses a name with a log that a killed process left of a deleted run file.

    SQLite would merge the log into the new file, and jobs would get outcomes of other jobs.
    """
    for ending in ("-wal", "-journal"):
        left = path.with_name(f"{path.name}{ending}")
        if os.path.lexists(left):
            raise RunFileError(
                f"{quoted(left.name)} belongs to another {kind.noun} of this name; "
                f"delete it, move it to that {kind.noun}, or give another name"
            )


def _delete_draft(draft: Path, name: str, kind: FileKind) -> None:
    """Deletes the draft of a killed process; a draft in use is left alone."""
    left = os.open(draft, os.O_RDWR | os.O_NOFOLLOW)
    try:
        lock_file(left, name)
        header = os.pread(left, HEADER_BYTES, 0)
        ours = int.from_bytes(header[APPLICATION_ID_BYTES]) == kind.application_id
        if header and not (header.startswith(MAGIC) and ours):
            raise RunFileError(
                f"{quoted(str(draft))} is in the way and is not a {kind.noun}; move it"
            )
        draft.unlink()
    finally:
        os.close(left)


def _rename_draft(draft: Path, path: Path) -> None:
    """Gives the file its name, unless the name is taken."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # not every file system has links
        if os.path.lexists(path):
            raise
        draft.rename(path)
    else:
        draft.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_damage(error: Exception) -> bool:
    """Whether an error means that a file is damaged, and not that it cannot be reached now."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & _PRIMARY_CODE not in _UNREACHABLE


def _check_state(connection: sqlite3.Connection, name: str, kind: FileKind) -> None:
    state = connection.execute("SELECT value FROM run WHERE key = 'state'").fetchone()
    if state != ("ready",):
        raise RunFileError(f"{name} was not loaded completely and nothing was sent; {kind.remake}")
