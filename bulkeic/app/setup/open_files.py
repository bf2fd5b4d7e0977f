"""The limit on open files: raised as far as a command needs it and the system allows."""

import resource
from contextlib import suppress

from bulkeic.core.errors import UsageError

_OWN_FILES = 64
"""Files that a command has open besides its connections, with room to spare."""
PAGE_FILES = 128
"""Those of a live page: its connections, those that wait, and its own."""
_PAGE_SHARE = 16


def allow_open_files(connections: int) -> None:
    """Raises the soft limit on open files for a number of connections.

    Raises:
        UsageError: the hard limit is too low for a run file and a few connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OWN_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed < _OWN_FILES:
        raise UsageError(
            f"only {allowed} open files are allowed, and at least {_OWN_FILES} are needed; "
            "raise the limit, for example with ulimit -n 1024"
        )
    with suppress(ValueError, OSError):  # macOS allows less than its hard limit says
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(allowed, soft), hard))


def page_connections(most: int) -> int:
    """How many connections a live page may have, so that the run keeps most of the files.

    Args:
        most: that it wants.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if soft == resource.RLIM_INFINITY else min(most, max(1, soft // _PAGE_SHARE))
