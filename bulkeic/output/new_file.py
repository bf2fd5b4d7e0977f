"""Writes a file as a whole: under its name there is either nothing or all of it."""

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from bulkeic.core.errors import UsageError, quoted


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
        if target.exists() and target.stat().st_size:
            raise UsageError(f"{place} exists already; use another file")
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
