"""The files that a report is written to."""

import os

from bulkeic.app.setup.output_files import check_not_read
from bulkeic.core.errors import UsageError
from bulkeic.output.files.new_file import check_new_file


def check_report_files(files: dict[str, str | None], *read: str | None) -> None:
    """Checks files to write before anything is read.

    Args:
        files: their paths by flag; ``None``: not asked for.
        read: paths of files that the command reads.

    Raises:
        UsageError: one exists with content, cannot be written, is read, or is given twice.
    """
    flags: dict[str, str] = {}
    for flag, path in files.items():
        if path is None:
            continue
        check_not_read(flag, path, *read)
        check_new_file(flag, path)
        file = os.path.realpath(path)
        if file in flags:
            raise UsageError(f"{flags[file]} and {flag} name the same file; use two files")
        flags[file] = flag
