"""What a target needs next: (job, policy, last answer) → the next call, or the end of the job.

- What was read is stored before any call that changes the target (``BeforeImage``).
- A target that already has what it must have needs no call, no matter who changed it.
- The answer to a Delete does not name its function, so the target is read after it.
- Error codes decide, never messages. Update answers 404 where there is no configuration; Put, which
  would create one, answers 404 where there is no function.
- ``core.rollout.rollback_guard`` keeps targets from being overwritten that someone else changed.
"""

import functools
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from bulkeic.core.change.policy import (
    Apply,
    ApplyPlan,
    Change,
    Discover,
    Plan,
    Policy,
    Rewrite,
    Rollback,
    Verify,
    change_of,
    is_change,
    is_exact,
)
from bulkeic.core.change.snapshot import (
    ABSENT,
    drift_text,
    goal_snapshot,
    keeps_destination,
    snapshot_of,
    with_both_destinations,
)
from bulkeic.core.listing import LISTS, ListingJob
from bulkeic.core.model import Answer, Call, Failure, Job, Operation, Settings, Status
from bulkeic.core.pacing.retry import ANSWER_MISMATCH
from bulkeic.core.rollout.rollback_guard import find_outside_change

DRIFTED = "Drifted"
MISSING = "ResourceNotFoundException"
NO_FUNCTION = "there is no such function, or qualifier"

_ALREADY = "it is so already"
_NOT_FOUND = 404


class Action(StrEnum):
    """What a target needs, as far as reading it shows."""

    CHANGE = "change"
    CREATE = "create"
    DELETE = "delete"
    UNCHANGED = "unchanged"
    NOT_MATCHED = "not_matched"
    UNCONFIGURED = "unconfigured"
    MISSING = "missing"


_CHANGING_ACTIONS = frozenset({Action.CHANGE, Action.CREATE, Action.DELETE})


class BeforeImage(msgspec.Struct, frozen=True):
    """What a target had before its change.

    Attributes:
        config: as answered; ``None``: it had no configuration; unset: it is stored already.
        action: what the target needs.
        may_be_sent: whether a call that changes the target follows.
    """

    config: dict[str, Any] | msgspec.UnsetType | None
    action: Action
    may_be_sent: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether the target was only read, and needs a change."""
        return not self.may_be_sent and self.action in _CHANGING_ACTIONS


class Decision(msgspec.Struct, frozen=True, gc=False):
    """The end of a job.

    Attributes:
        status: ``None``: the job is pending, and what it needs is known.
        config: what the target has, API names, where that is known.
    """

    status: Status | None
    code: str | None = None
    message: str | None = None
    config: dict[str, Any] | None = None


class ReadConfig(msgspec.Struct, frozen=True):
    """A configuration that was read: as a snapshot, and as answered.

    Attributes:
        deletions: how often it was deleted since, as answered.
    """

    snapshot: Settings
    config: dict[str, Any] | None
    deletions: int = 0

    def as_answered(self) -> dict[str, Any]:
        """The configuration in the API's form; empty: there was none."""
        return self.snapshot.to_api() if self.config is None else self.config


class Step(msgspec.Struct, frozen=True, gc=False):
    """What happens next to a job.

    Attributes:
        then: a call, or the end.
        before_image: to be stored durably before that.
        read: what a call that changes the target is based on.
    """

    then: Call | Decision
    before_image: BeforeImage | None = None
    read: ReadConfig | None = None


_CREATING = (Apply, ApplyPlan)
CHANGING_CALLS = frozenset({Operation.UPDATE, Operation.PUT, Operation.DELETE})
"""The operations that change a target."""
_GET = Call(Operation.GET)
_READ = Step(_GET)
_LISTED = Step(Decision(Status.UNCHANGED))
# A function that was deleted after it was listed has nothing to list, and nothing failed.
_DELETED = Step(Decision(Status.UNCHANGED, MISSING, NO_FUNCTION))
_MAX_DELETIONS = 3
_NOTHING_READ = ReadConfig(ABSENT, None)


def first_step(job: Job, policy: Policy) -> Step:
    """The first step of a job; the first row that fits.

    =======================================================  ============
    job                                                      step
    =======================================================  ============
    lists                                                    its own call
    keeps a destination that it does not name                Get
    is planned, verified, rolled back or rewritten           Get
    applies a plan, also with force                          Get
    has an expected snapshot, a before-image or ``where``    Get
    has a whole configuration as its settings                Get
    else                                                     Update
    =======================================================  ============
    """
    step = _READ if job.expected is not None else _first_step(job.settings, policy)
    if step is not None:
        return step
    assert isinstance(job, ListingJob)  # noqa: S101 - all jobs of a discovery are
    return Step(job.call)


@functools.lru_cache(1024)  # the jobs of a run share few settings
def _first_step(settings: Settings, policy: Policy) -> Step | None:
    """The first step of all jobs with some settings; ``None``: each has its own."""
    if isinstance(policy, Discover):
        return None
    is_plain = isinstance(policy, Apply) and not policy.before_image and policy.where is None
    if not is_plain or is_exact(policy) or keeps_destination(settings, policy):
        return _READ
    return Step(Call(Operation.UPDATE, with_both_destinations(settings, ABSENT, policy)))


def next_step(
    job: Job, policy: Policy, call: Call, answer: Answer, read: ReadConfig | None
) -> Step:
    """The step after a call that is not retried, from the table ``_STEPS``.

    Args:
        job: the job.
        policy: of the run.
        call: the last one.
        answer: of that call.
        read: what was read of the target before; ``None``: nothing.
    """
    rule = _STEPS.get((call.operation, _event(answer)))
    step = None if rule is None else rule(_Answered(job, policy, answer, read))
    if step is not None:
        return step
    code, message = (answer.code, answer.message) if isinstance(answer, Failure) else (None, None)
    return Step(Decision(Status.FAILED, code, message))


class _Event(StrEnum):
    """What kind of answer a call got."""

    __hash__ = str.__hash__
    SUCCESS = "success"
    MISSING = "404"
    FAILURE = "any other failure"


def _event(answer: Answer) -> _Event:
    if not isinstance(answer, Failure):
        return _SUCCESS
    return _Event.MISSING if is_missing(answer) else _Event.FAILURE


def is_missing(failure: Failure) -> bool:
    """Whether a failure means that there is no configuration, or no function."""
    return failure.http_status == _NOT_FOUND and failure.code == MISSING


class _Answered(msgspec.Struct, frozen=True, gc=False):
    """A job whose last call got an answer."""

    job: Job
    policy: Policy
    answer: Answer
    read: ReadConfig | None

    @property
    def config(self) -> dict[str, Any] | None:
        """The configuration in the answer."""
        return None if isinstance(self.answer, Failure) else self.answer.config


def _after_config(case: _Answered) -> Step:
    deletions = case.read.deletions if case.read else 0
    read = ReadConfig(snapshot_of(case.config), case.config, deletions)
    if deletions >= _MAX_DELETIONS:
        message = "the configuration is still there after it was deleted"
        return Step(Decision(Status.FAILED, ANSWER_MISMATCH, message, case.config))
    if isinstance(case.policy, Rewrite):
        image = BeforeImage(case.config, Action.CHANGE, may_be_sent=True)
        return Step(Call(Operation.UPDATE, read.snapshot), image, read)
    return step_after_read(case.job, case.policy, read)


def _after_no_config(case: _Answered) -> Step:
    if case.read is not None and case.read.deletions:
        return Step(Decision(Status.UPDATED))
    if _asks_for_function(case.job, case.policy):
        return Step(Call(Operation.GET_FUNCTION))
    return step_after_read(case.job, case.policy, _NOTHING_READ)


def _asks_for_function(job: Job, policy: Policy) -> bool:
    """Whether to tell a function without a configuration from one that is missing."""
    if isinstance(policy, Verify):
        return policy.finds_missing and goal_snapshot(job.settings, ABSENT, policy) != ABSENT
    return isinstance(policy, Plan) and not isinstance(policy.change, Rollback)


def _after_function(case: _Answered) -> Step:
    return step_after_read(case.job, case.policy, _NOTHING_READ)


def _after_no_function(case: _Answered) -> Step:
    image = BeforeImage(None, Action.MISSING) if isinstance(case.policy, Plan) else None
    return Step(Decision(Status.FAILED, MISSING, NO_FUNCTION), image)


def _after_unknown_function(case: _Answered) -> Step | None:
    """Without permission for GetFunction, a verification reports the drift that it has seen."""
    if isinstance(case.policy, Verify):
        return step_after_read(case.job, case.policy, _NOTHING_READ)
    return None


def _after_missing_update(case: _Answered) -> Step | None:
    if case.read is None and _creates_missing(case.policy):
        return Step(Call(Operation.PUT, case.job.settings))
    return None


def _after_put(case: _Answered) -> Step:
    is_new = case.read is None or case.read.snapshot == ABSENT
    return Step(Decision(Status.CREATED if is_new else Status.UPDATED, config=case.config))


def _after_deletion(case: _Answered) -> Step:
    """Reads the target: the answer to a Delete does not name its function."""
    read = case.read or _NOTHING_READ
    return Step(_GET, read=msgspec.structs.replace(read, deletions=read.deletions + 1))


_Rule = Callable[[_Answered], Step | None]
_SUCCESS, _UPDATED = _Event.SUCCESS, Status.UPDATED  # looking up a member is slow

# A call and its answer → the step. Everything else fails with the answer's code and message.
_STEPS: dict[tuple[Operation, _Event], _Rule] = {
    (Operation.GET, _Event.SUCCESS): _after_config,
    (Operation.GET, _Event.MISSING): _after_no_config,
    (Operation.GET_FUNCTION, _Event.SUCCESS): _after_function,
    (Operation.GET_FUNCTION, _Event.MISSING): _after_no_function,
    (Operation.GET_FUNCTION, _Event.FAILURE): _after_unknown_function,
    (Operation.UPDATE, _Event.SUCCESS): lambda case: Step(Decision(_UPDATED, config=case.config)),
    (Operation.UPDATE, _Event.MISSING): _after_missing_update,
    (Operation.PUT, _Event.SUCCESS): _after_put,
    (Operation.DELETE, _Event.SUCCESS): _after_deletion,
    (Operation.DELETE, _Event.MISSING): _after_deletion,
    **{(each, _Event.SUCCESS): lambda _: _LISTED for each in LISTS},
    (Operation.LIST_ALIASES, _Event.MISSING): lambda _: _DELETED,
    (Operation.LIST_CONFIGS, _Event.MISSING): lambda _: _DELETED,
}


def step_after_read(job: Job, policy: Policy, read: ReadConfig) -> Step:
    """What a target needs, now that it was read; the first row that fits.

    ====================================  ==========================================
    target                                step
    ====================================  ==========================================
    does not match ``where``              not matched; updated, if this run changed it
    has what it must have                 unchanged; updated, if this run changed it
    is verified                           failed, ``Drifted``
    was changed by someone else           failed, see ``rollback_guard``
    has no configuration, and none may    failed, as Update would
    be created
    is planned                            pending
    else                                  the call that changes it
    ====================================  ==========================================
    """
    is_plan = isinstance(policy, Plan)
    change = change_of(policy)
    where = change.where if isinstance(change, Apply) else None
    mismatch = None if where is None else where(read.config or {})
    goal = goal_snapshot(job.settings, read.snapshot, policy)
    if mismatch is not None or goal == read.snapshot:
        return _leave(job, policy, read, mismatch)
    if isinstance(policy, Verify):
        text = drift_text(read.snapshot, goal)
        return Step(Decision(Status.FAILED, DRIFTED, text, read.config))
    outside = find_outside_change(job.expected, read.snapshot, policy)
    if outside is not None:
        return Step(Decision(Status.FAILED, outside.code, outside.message, read.config))
    if read.snapshot == ABSENT and not (isinstance(change, Rollback) or _creates_missing(policy)):
        image = BeforeImage(None, Action.UNCONFIGURED) if is_plan else None
        return Step(Decision(Status.FAILED, MISSING, "there is no configuration"), image)
    if is_plan:
        return Step(Decision(None), BeforeImage(read.config, _action(read.snapshot, goal)))
    return _write(job, policy, read, goal)


def _leave(job: Job, policy: Policy, read: ReadConfig, mismatch: str | None) -> Step:
    """The end of a job whose target needs no call.

    Args:
        job: the job.
        policy: of the run.
        read: what the target has.
        mismatch: why it does not match ``where``; ``None``: it has what it must have.
    """
    status, message = _status_of_unchanged(job, policy, read.snapshot), None
    if status is Status.UNCHANGED:
        status = status if mismatch is None else Status.NOT_MATCHED
        message = mismatch or _ALREADY
    action = Action.UNCHANGED if mismatch is None else Action.NOT_MATCHED
    image = BeforeImage(read.config, action) if isinstance(policy, Plan) else None
    return Step(Decision(status, message=message, config=read.config), image)


def _creates_missing(policy: Policy) -> bool:
    change: Change = change_of(policy)
    return isinstance(change, _CREATING) and change.create_missing


def _write(job: Job, policy: Policy, read: ReadConfig, goal: Settings) -> Step:
    if goal == ABSENT:
        call = Call(Operation.DELETE)
    elif is_exact(policy) or read.snapshot == ABSENT:
        call = Call(Operation.PUT, job.settings)
    else:
        settings = with_both_destinations(job.settings, read.snapshot, policy)
        call = Call(Operation.UPDATE, settings)
    is_stored = job.before_snapshot == read.snapshot
    config = msgspec.UNSET if is_stored else read.config
    action = _action(read.snapshot, goal)
    return Step(call, BeforeImage(config, action, may_be_sent=True), read)


def _action(current: Settings, goal: Settings) -> Action:
    if goal == ABSENT:
        return Action.DELETE
    return Action.CREATE if current == ABSENT else Action.CHANGE


def _status_of_unchanged(job: Job, policy: Policy, current: Settings) -> Status:
    """Distinguishes a change that this run made before it was killed from no change at all."""
    before = job.before_snapshot if is_change(policy) else None
    if before is None or not job.may_be_sent or before == current:
        return Status.UNCHANGED
    if goal_snapshot(job.settings, before, policy) != current:
        return Status.UNCHANGED
    return Status.CREATED if before == ABSENT else Status.UPDATED
