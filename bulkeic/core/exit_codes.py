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


MEANINGS = {
    ExitCode.OK: "every target succeeded",
    ExitCode.FAILED: "some targets failed or are unknown, or --skip-invalid left some out",
    ExitCode.USAGE: "bad input or usage; nothing was sent",
    ExitCode.STOPPED: "stopped early with jobs pending; the last line is the command that resumes",
    ExitCode.DRIFT: "targets differ from the wanted settings (verify, plan --detailed-exitcode)",
    ExitCode.INTERRUPTED: "interrupted twice",
}
"""What each code means, for people, where the help of a command says nothing else."""
