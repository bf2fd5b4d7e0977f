"""Writes a file as a whole: under its name there is either nothing or all of it."""

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from bulkeic.core.errors import UsageError, quoted


def check_new_file(flag: str, path: str) -> None:
    """Checks that a file can be written, before what it will hold is known.

    Raises:
        UsageError: see ``write_new_file``.
    """
    with _errors(flag, path):
        if not _is_stream(path):
            os.close(_create_draft(flag, path))
            _draft(path).unlink()


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
    target, draft = Path(path), _draft(path)
    with _errors(flag, path):
        if _is_stream(path):
            with target.open("wb") as file:
                file.writelines(pieces)
            return
        descriptor = _create_draft(flag, path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(pieces)
            draft.rename(target)
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise


def _draft(path: str) -> Path:
    return Path(f"{path}.part")


def _is_stream(path: str) -> bool:
    """Whether there is something that is neither a regular file nor a folder."""
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return target.exists() and not target.is_file()


def _create_draft(flag: str, path: str) -> int:
    """Creates the file under its draft name. Returns its descriptor."""
    target = Path(path)
    if target.exists() and target.stat().st_size:
        raise UsageError(f"{flag} {quoted(path)} exists already; use another file")
    return os.open(_draft(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


@contextlib.contextmanager
def _errors(flag: str, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        is_left = isinstance(error, FileExistsError)
        what = f"delete {quoted(str(_draft(path)))}" if is_left else error.strerror
        raise UsageError(f"{flag} {quoted(path)} cannot be written: {what}") from None
