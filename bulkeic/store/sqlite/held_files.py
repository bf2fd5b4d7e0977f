"""The files that this process works on, which it must not open and close in another way.

A process that closes any descriptor of a file loses all locks that SQLite holds on it
(https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
Another program could then delete the log that holds the newest outcomes. A program that uses the
library reads the report of a run while it works on it.
"""

import fcntl
import os
import threading
from pathlib import Path

from bulkeic.core.errors import RunFileError

_held: dict[tuple[int, int], int] = {}
"""Device and inode of each file → its descriptor, which is locked."""
_mutex = threading.Lock()


def hold(path: Path, name: str) -> int:
    """Opens a file and locks it for this process, until ``release``: its descriptor.

    Args:
        path: of the file.
        name: of the file, for messages.

    Raises:
        OSError: it cannot be opened.
        RunFileError: it is in use.
    """
    with _mutex:
        if _descriptor(path) is not None:
            raise _in_use(name)
        lock = os.open(path, os.O_RDWR)
        try:
            lock_file(lock, name)
        except BaseException:
            os.close(lock)
            raise
        found = os.fstat(lock)
        _held[found.st_dev, found.st_ino] = lock
    return lock


def release(lock: int) -> None:
    """Closes a locked file, and unlocks it."""
    with _mutex:
        for identity in [each for each, held in _held.items() if held == lock]:
            del _held[identity]
        os.close(lock)


def is_held(path: Path) -> bool:
    """Whether this process works on a file."""
    with _mutex:
        return _descriptor(path) is not None


def read_beginning(path: Path, size: int) -> bytes:
    """The first bytes of a file.

    Raises:
        OSError: it cannot be read.
    """
    with _mutex:
        held = _descriptor(path)
        if held is not None:
            return os.pread(held, size, 0)
        with path.open("rb") as file:
            return file.read(size)


def lock_file(lock: int, name: str) -> None:
    """Locks an open file for this process.

    Raises:
        RunFileError: another process has locked it.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _in_use(name) from None


def _descriptor(path: Path) -> int | None:
    """The descriptor of a file that this process works on."""
    found = path.stat()
    return _held.get((found.st_dev, found.st_ino))


def _in_use(name: str) -> RunFileError:
    return RunFileError(
        f"{name}: another bulkeic process uses it; wait until it has ended, or stop it with Ctrl-C"
    )
