"""Files that can complete a word. Only headers are read, and of a limited number of files."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bulkeic.app.options.command_options import RUNS_FOLDER
from bulkeic.store.sqlite.file_kind import RUN_FILE, FileKind, kind_of_file

_MAX_NAMES = 5000
_MAX_HEADERS = 300
_BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a file


def files_of_kind(incomplete: str, kind: FileKind) -> list[str]:
    """Paths of files of a kind that begin with what was typed, and of folders.

    Args:
        incomplete: what was typed.
        kind: of the files.

    Returns:
        Files of the usual folder first, the newest first. A folder ends in ``/``.
    """
    paths = [path for path in _names(incomplete) if not path.endswith(_BESIDE)]
    files = [path for path in paths if not path.endswith("/")]
    read = sorted(files, key=_is_unlikely)[:_MAX_HEADERS]
    fit = {path for path in read if kind_of_file(Path(path)) is kind}
    found = [*_usual(incomplete, kind), *(path for path in paths if path in fit)]
    folders = [path for path in paths if path.endswith("/")]
    return list(dict.fromkeys([*found, *folders]))


def source_files(incomplete: str) -> list[str]:
    """Paths of files and folders that begin with what was typed. A folder ends in ``/``.

    The run files of the usual folder come last, the newest first.
    """
    paths = [path for path in _names(incomplete) if not path.endswith(_BESIDE)]
    return list(dict.fromkeys([*paths, *_usual(incomplete, RUN_FILE)]))


def _usual(incomplete: str, kind: FileKind) -> Iterator[str]:
    """The files of a kind in the usual folder, the newest first: their names are times."""
    names = sorted(_names(f"{RUNS_FOLDER}/"), reverse=True)
    paths = [path for path in names if path.startswith(incomplete) and not path.endswith(_BESIDE)]
    return (path for path in paths[:_MAX_HEADERS] if kind_of_file(Path(path)) is kind)


def _is_unlikely(path: str) -> bool:
    return not path.endswith((".db", ".discovery"))


def _names(incomplete: str) -> list[str]:
    """The entries of a folder that begin with what was typed, sorted."""
    folder, name = os.path.split(incomplete)
    try:
        with os.scandir(folder or ".") as entries:
            fit = (
                os.path.join(folder, entry.name) + "/" * entry.is_dir()  # noqa: PTH118 - as typed
                for entry in entries
                if entry.name.startswith(name or "")
                and (name.startswith(".") or not entry.name.startswith("."))
            )
            return sorted(islice(fit, _MAX_NAMES))
    except (OSError, ValueError):
        return []
