"""Files that a command is going to write."""

from pathlib import Path

from bulkeic.core.errors import UsageError


def check_writable(path: Path, name: str) -> None:
    """Makes sure, before anything is done, that there can be such a file.

    Args:
        path: of the file.
        name: what to call it.

    Raises:
        UsageError: it is a folder, or lies in none.
    """
    if path.is_dir():
        raise UsageError(f"{name}: Is a directory")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{name}: there is no such folder")
