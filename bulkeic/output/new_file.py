"""Writes a file as a whole: under its name there is either nothing or all of it."""

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from bulkeic.core.errors import UsageError, quoted


def check_new_file(flag: str, path: str) -> None:
    """Checks that a file to write does not exist, is empty, or is not a regular file.

    Raises:
        UsageError: it has content.
    """
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return  # there is none, or what cannot be read is reported where it is opened
    if stat.S_ISREG(found.st_mode) and found.st_size:
        raise UsageError(f"{flag} {quoted(path)} exists already; use another file")


def free_name(path: str) -> str:
    """The first of ``name-2.csv``, ``name-3.csv``, … beside a file that does not exist."""
    file = Path(path)
    number = 2
    while (free := file.with_name(f"{file.stem}-{number}{file.suffix}")).exists():
        number += 1
    return str(free)


def write_new_file(flag: str, path: str, pieces: Iterable[bytes]) -> None:
    """Writes a new file, or to something that is not a regular file, such as a pipe.

    Args:
        flag: that names the file, for errors.
        path: of the file. An empty file is replaced.
        pieces: its content. Nothing has been read of them if the file cannot be created.

    Raises:
        UsageError: the file exists with content, or cannot be written.
    """
    target, draft = Path(path), Path(f"{path}.part")
    place = f"{flag} {quoted(path)}"
    try:
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            with target.open("wb") as file:
                file.writelines(pieces)
            return
        check_new_file(flag, path)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(pieces)
            draft.rename(target)
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise
    except OSError as error:
        what = f"delete {quoted(str(draft))}" if isinstance(error, FileExistsError) else None
        raise UsageError(f"{place} cannot be written: {what or error.strerror}") from None
