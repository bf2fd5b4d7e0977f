"""A target in the table of a report: what became of it, and what changed."""

import msgspec

from bulkeic.core.change.policy import Policy
from bulkeic.core.change.snapshot import (
    ABSENT,
    FieldChange,
    differences,
    goal_snapshot,
    named_fields,
    snapshot_of,
)
from bulkeic.core.model import Job, Lane, Outcome, Settings, Status
from bulkeic.core.targets.selection import JobState

_WRITTEN = frozenset({Status.UPDATED, Status.CREATED})
_WITHOUT_CHANGE = frozenset({Status.UNCHANGED, Status.NOT_MATCHED, Status.INVALID})


class TargetChange(msgspec.Struct, frozen=True, gc=False):
    """How the configuration of a target changed, or should have.

    Attributes:
        fields: those that differ; without ``knows_before`` all that are set.
        is_made: whether the change was made; otherwise it is only wanted.
        knows_before: whether it is known what the target had before.
    """

    fields: tuple[FieldChange, ...]
    is_made: bool
    knows_before: bool = True


class TargetEntry(msgspec.Struct, frozen=True, gc=False):
    """One target of a run.

    Attributes:
        seq: number of its row, from 0.
        line: of the targets file; 0: not from a file with lines.
        function: the bare name; of an invalid row, the text that was given.
        qualifier: ``None``: the row is invalid.
        lane: ``None``: the row is invalid.
        state: the status of its outcome, or ``pending``.
        change: ``None``: nothing was changed, and nothing will be.
        started_at: RFC 3339.
        managed_by: its owner; ``None``: nothing that is known.
    """

    seq: int
    line: int
    function: str
    qualifier: str | None
    lane: Lane | None
    state: JobState
    change: TargetChange | None = None
    error_code: str | None = None
    error_message: str | None = None
    attempts: int = 0
    throttles: int = 0
    started_at: str | None = None
    duration_s: float | None = None
    request_id: str | None = None
    managed_by: str | None = None


def entry_of_outcome(outcome: Outcome, policy: Policy) -> TargetEntry:
    """The entry of a target with an outcome.

    Args:
        outcome: of the target.
        policy: of the run.
    """
    target = outcome.target
    has_failed = outcome.error_code is not None
    return TargetEntry(
        outcome.seq,
        outcome.source.line,
        outcome.function_name if target is None else target.function,
        None if target is None else target.qualifier,
        None if target is None else target.lane,
        JobState(outcome.status.value),
        change_of_outcome(outcome, policy),
        outcome.error_code,
        outcome.error_message,
        outcome.attempts,
        outcome.throttles,
        outcome.started_at,
        outcome.duration_s,
        outcome.request_id if has_failed else None,
        outcome.managed_by,
    )


def change_of_outcome(outcome: Outcome, policy: Policy) -> TargetChange | None:
    """What an outcome changed, or what its job wanted to change.

    ======================  ==================  ============================
    status                  before-image        change
    ======================  ==================  ============================
    updated, created        known               before → the answer, made
    updated, created        unknown             the settings as sent, made
    failed, unknown         known               before → the goal, wanted
    failed, unknown         unknown             the settings as sent, wanted
    else                                        none
    ======================  ==================  ============================

    Args:
        outcome: of a target.
        policy: of the run.
    """
    if outcome.status in _WITHOUT_CHANGE:
        return None
    is_made = outcome.status in _WRITTEN
    settings = Settings.from_api(outcome.settings or {})
    if outcome.before is None:
        return TargetChange(tuple(named_fields(settings)), is_made, knows_before=False)
    before = snapshot_of(outcome.before)
    if is_made and (outcome.config is not None or settings == ABSENT):
        after = snapshot_of(outcome.config)
    else:
        after = goal_snapshot(settings, before, policy)
    return TargetChange(tuple(differences(before, after)), is_made)


def entry_of_pending(job: Job, policy: Policy) -> TargetEntry:
    """The entry of a target without an outcome.

    Args:
        job: with ``before_snapshot``, if the target was read.
        policy: of the run.
    """
    before = job.before_snapshot
    if before is None:
        change = TargetChange(tuple(named_fields(job.settings)), is_made=False, knows_before=False)
    else:
        goal = goal_snapshot(job.settings, before, policy)
        change = TargetChange(tuple(differences(before, goal)), is_made=False)
    target = job.target
    return TargetEntry(
        job.seq,
        job.source.line,
        target.function,
        target.qualifier,
        target.lane,
        JobState.PENDING,
        change,
        managed_by=job.managed_by,
    )
