"""How a run ended, as far as its sessions and its outcomes show it."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from bulkeic.core.model import NOT_DONE, Status
from bulkeic.core.summary import Summary, Traffic

DONE = "done"
"""How a session ends that was not stopped."""

IN_PROGRESS = "in progress, or killed"
"""The end of a session that has none, in words."""


class SessionRecord(msgspec.Struct, frozen=True):
    """One session of work on a run.

    Attributes:
        doing: ``apply`` or ``plan``.
        started_at: RFC 3339.
        elapsed_s: seconds.
        ended: why it ended; ``None``: it has not, or was killed.
        calls: number of calls that it sent.
        throttles: number of calls that were throttled.
        conflicts: number of calls that met a conflict.
        retries: number of calls that were retried.
        version: of bulkeic; ``None``: an older one, which recorded no caller and no flags.
        caller_arn: the principal whose credentials were used; ``None``: each account has its own
            profile, or nothing was called but the sandbox.
        words: the given flags.
    """

    doing: str
    started_at: str
    elapsed_s: float
    ended: str | None
    calls: int = 0
    throttles: int = 0
    conflicts: int = 0
    retries: int = 0
    version: str | None = None
    caller_arn: str | None = None
    words: list[str] = []

    @property
    def traffic(self) -> Traffic:
        """What it sent."""
        return Traffic(self.calls, self.throttles, self.conflicts, self.retries, self.elapsed_s)


class RunState(StrEnum):
    """How far a run is."""

    NOT_STARTED = "not_started"
    OPEN = "open"
    PLANNED = "planned"
    STOPPED = "stopped"
    FAILED = "failed"
    DONE = "done"


class RunEnd(msgspec.Struct, frozen=True):
    """How a run ended.

    Attributes:
        state: how far it is.
        reason: why its last session ended early; ``None``: it did not, or was killed.
    """

    state: RunState
    reason: str | None = None


def run_end(
    sessions: Sequence[SessionRecord], summary: Summary, *, is_plan: bool, has_unread: bool
) -> RunEnd:
    """How a run ended.

    ==============================================  ============
    the run                                         state
    ==============================================  ============
    has no session                                  not_started
    has a last session that did not end             open
    has pending targets, and was applied            stopped
    is a plan that did not read every target        stopped
    has failed, unknown or invalid targets          failed
    is a plan                                       planned
    has a last session that ended early             stopped
    else                                            done
    ==============================================  ============

    A last session that did not end is in progress, or was killed.

    Args:
        sessions: of the run, in order.
        summary: the run in numbers.
        is_plan: whether it is a plan that was not applied.
        has_unread: whether the plan has not read every target.
    """
    if not sessions:
        return RunEnd(RunState.NOT_STARTED)
    ended = sessions[-1].ended
    if ended is None:
        return RunEnd(RunState.OPEN)
    reason = None if ended == DONE else ended
    if has_unread if is_plan else summary.pending:
        return RunEnd(RunState.STOPPED, reason)
    if any(summary.statuses[each] for each in (*NOT_DONE, Status.INVALID)):
        return RunEnd(RunState.FAILED, reason)
    if is_plan:
        return RunEnd(RunState.PLANNED, reason)
    return RunEnd(RunState.DONE if reason is None else RunState.STOPPED, reason)
