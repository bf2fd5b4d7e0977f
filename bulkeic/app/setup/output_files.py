"""Checks of the files that a command reads and writes."""

import stat
from os.path import realpath
from pathlib import Path

from bulkeic.core.errors import UsageError, quoted


def check_writable(path: Path, name: str) -> None:
    """Checks that a file can be created at a path.

    Args:
        path: of the file.
        name: of the file, for the error.

    Raises:
        UsageError: the path is a folder, or its folder does not exist.
    """
    if path.is_dir():
        raise UsageError(f"{name}: Is a directory")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{name}: there is no such folder")


def check_not_overwritten(flag: str, path: str) -> None:
    """Checks that a file to write is new or empty, or is not a regular file.

    Args:
        flag: that names the file.
        path: of the file.

    Raises:
        UsageError: it has content.
    """
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return  # there is none, or what cannot be read is reported where it is opened
    if stat.S_ISREG(found.st_mode) and found.st_size:
        raise UsageError(
            f"{flag} {quoted(path)} exists already, and this run did not start it; "
            "use another file, or replace it with --overwrite"
        )


def check_not_read(flag: str, written: str, *read: str | None) -> None:
    """Checks that a file to write is not a file to read.

    Args:
        flag: that names the file to write.
        written: its path.
        read: paths of files to read; ``None`` and empty ones are skipped.

    Raises:
        UsageError: it is one of them.
    """
    for path in read:
        if path and _is_same_file(written, path):
            raise UsageError(f"{flag} {quoted(written)} is also an input file; use another file")


def check_replaceable(flag: str, path: str) -> None:
    """Checks that a file can be created at a path, or is a regular file to replace.

    Args:
        flag: that names the file.
        path: of the file.

    Raises:
        UsageError: it is something else, or its folder does not exist.
    """
    check_writable(Path(path), f"{flag} {quoted(path)}")
    if Path(path).exists() and not Path(path).is_file():
        raise UsageError(f"{flag} {quoted(path)} is not a regular file; use another path")


def check_not_used(flag: str, written: str, *others: str | None) -> None:
    """Checks that the command uses a file that it replaces for nothing else.

    Args:
        flag: that names the file.
        written: its path.
        others: paths of other files; ``None`` and empty ones are skipped.

    Raises:
        UsageError: it is one of them.
    """
    for other in others:
        if other and (realpath(written) == realpath(other) or _is_same_file(written, other)):
            raise UsageError(f"{flag} {quoted(written)} is used by this command; use another file")


def _is_same_file(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False
