"""The kinds of SQLite files that bulkeic keeps, and how messages speak of each."""

from pathlib import Path

import msgspec

from bulkeic.store.sqlite.held_files import read_beginning

APPLICATION_ID_BYTES = slice(68, 72)
"""Where the header of an SQLite file has its application id."""


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of file. Its ``run`` table has the rows ``state`` and ``session``.

    Attributes:
        noun: what messages call it.
        application_id: in the header, shown by file(1).
        version: of its schema.
        resume: the command that resumes a file, which its name follows.
        save: what to do with a damaged file, which its name follows.
        remake: how to make such a file again.
        origin: which commands write such a file.
        use: the command for a file of this kind that was given to another command, which its name
            follows.
    """

    noun: str
    application_id: int
    version: int
    resume: str
    save: str
    remake: str
    origin: str
    use: str


RUN_FILE = FileKind(
    noun="run file",
    application_id=0x62656963,  # "beic"
    version=10,
    resume="bulkeic apply",
    save="save its intact outcomes with: bulkeic export",
    remake="apply the targets file again",
    origin="plan, apply or rollback",
    use="show it with: bulkeic report",
)
DISCOVERY_FILE = FileKind(
    noun="discovery file",
    application_id=0x62656964,  # "beid"
    version=1,
    resume="bulkeic discover --run",
    save="discover again without --run, and delete",
    remake="discover again",
    origin="discover",
    use="write its targets with: bulkeic discover --out targets.csv --run",
)
KINDS = {kind.application_id: kind for kind in (RUN_FILE, DISCOVERY_FILE)}
"""Every kind, by the application id in the header."""


def kind_of_file(path: Path) -> FileKind | None:
    """The kind of a file, as its header says; ``None``: another file, or none that can be read."""
    try:
        if not path.is_file():  # reading would wait for the writer of a pipe
            return None
        header = read_beginning(path, APPLICATION_ID_BYTES.stop)
    except (OSError, ValueError):
        return None
    return KINDS.get(int.from_bytes(header[APPLICATION_ID_BYTES]))
