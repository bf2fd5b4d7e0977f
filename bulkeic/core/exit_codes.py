"""Exit codes of every command."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code means."""

    OK = 0
    FAILED = 1
    USAGE = 2
    STOPPED = 3
    DRIFT = 4
    INTERRUPTED = 130
