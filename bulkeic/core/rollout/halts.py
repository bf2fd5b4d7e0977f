"""Halts: stops because of what a run did. A halted run can roll itself back."""

from enum import StrEnum

from bulkeic.core.exit_codes import ExitCode


class Halt(StrEnum):
    """Why a run was halted. An interruption, an answer or the end of a window is not a halt."""

    GATE = "gate"
    ALARM = "alarm"
    DRIFT = "drift"
    FAILURES = "failures"


def halted_exit_code(rollback: int | None) -> int:
    """The exit code of a run that was halted and rolled itself back.

    ======================================  ===
    the rollback                            code
    ======================================  ===
    restored everything, or did not start   3
    stopped early                           3
    could not restore some targets          1
    was interrupted twice                   130
    ======================================  ===

    Args:
        rollback: exit code of the rollback; ``None``: it did not start.
    """
    return ExitCode.STOPPED if rollback in {None, ExitCode.OK} else rollback or ExitCode.STOPPED
