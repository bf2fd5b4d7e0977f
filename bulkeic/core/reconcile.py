"""What is to be done for a target: (job, rules, what was answered) → the next call, or the end.

- Whatever has been read is kept before anything is sent that changes the target.
- A target that has become what it should be needs no call, whoever made it so.
- Who is in the way is told by codes, never by messages: Update answers 404 where there is no
  configuration, and Put, which would create it, where there is no function.
"""

from enum import StrEnum
from typing import Any

import msgspec

from bulkeic.core.model import Answer, Call, Failure, Job, Operation, Settings, Status
from bulkeic.core.policy import Policy, Purpose
from bulkeic.core.snapshot import ABSENT, change_text, completed, drift_text, snapshot_of, wanted

PLAN_OUTDATED = "PlanOutdated"
CHANGED_SINCE = "ChangedSince"
DRIFTED = "Drifted"
MISSING = "ResourceNotFoundException"

_SO_ALREADY = "it is so already"
_NOT_FOUND = 404


class Action(StrEnum):
    """What a target needs, as far as reading it tells."""

    CHANGE = "change"
    CREATE = "create"
    DELETE = "delete"
    UNCHANGED = "unchanged"
    UNCONFIGURED = "unconfigured"
    MISSING = "missing"


_TO_DO = frozenset({Action.CHANGE, Action.CREATE, Action.DELETE})


class Seen(msgspec.Struct, frozen=True):
    """What a target had, to be kept.

    Attributes:
        config: as answered; ``None``: it had no configuration; unset: what is kept already.
        action: what it needs.
        may_be_sent: whether a call that changes it follows.
    """

    config: dict[str, Any] | msgspec.UnsetType | None
    action: Action
    may_be_sent: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether all that was to be done now was to find out what the target needs."""
        return not self.may_be_sent and self.action in _TO_DO


class Decision(msgspec.Struct, frozen=True):
    """The end of a job.

    Attributes:
        status: ``None``: it is pending, now that it is known what it needs.
        config: what the target has, API names, where that is known.
    """

    status: Status | None
    code: str | None = None
    message: str | None = None
    config: dict[str, Any] | None = None


class Read(msgspec.Struct, frozen=True):
    """A configuration that was read: as an image, and as answered."""

    image: Settings
    config: dict[str, Any] | None

    def as_answered(self) -> dict[str, Any]:
        """The configuration in the API's form; empty: there was none."""
        return self.image.to_api() if self.config is None else self.config


class Step(msgspec.Struct, frozen=True):
    """What is to be done next.

    Attributes:
        then: a call, or the end.
        seen: to be kept before that, durably.
        read: what a call that changes the target is based on.
    """

    then: Call | Decision
    seen: Seen | None = None
    read: Read | None = None


_CHANGING = frozenset({Operation.UPDATE, Operation.PUT, Operation.DELETE})
_LOOK = Call(Operation.GET)
_GET = Step(_LOOK)
_GET_FUNCTION = Step(Call(Operation.GET_FUNCTION))
_NOTHING_READ = Read(ABSENT, None)


def begin(job: Job, rules: Policy) -> Step:
    """The first step of a job."""
    if _is_forced(job, rules) and job.seen is not None:
        return _write(job, rules, Read(job.seen, job.before or None))
    if _reads_first(job, rules):
        return _GET
    return Step(Call(Operation.UPDATE, completed(job.settings, ABSENT, rules)))


def follow(job: Job, rules: Policy, call: Call, answer: Answer, read: Read | None) -> Step:
    """The step after a call that needs no other try.

    ===============  ================================  ======================================
    call             answer                            step
    ===============  ================================  ======================================
    Get              a configuration                   see ``decide``; Update, of all of it, where
                                                       it is to be written back
    Get              404                               the same, with none; a plan asks first
                                                       whether there is a function
    GetFunction      it is there                       see ``decide``
    Update           404, nothing read, may create     Put
    Delete           404                               the end: it is gone
    Put              success, there was none           the end: created
    any change       success                           the end: updated
    any              else                              the end: failed
    ===============  ================================  ======================================

    Args:
        job: what is to be done.
        rules: of the run.
        call: the last one.
        answer: what came of it.
        read: what was read of the target before; ``None``: nothing.
    """
    if isinstance(answer, Failure):
        step = _after_missing(job, rules, call, read) if _is_missing(answer) else None
        return step or Step(Decision(Status.FAILED, answer.code, answer.message))
    operation = call.operation
    if operation is Operation.GET_FUNCTION:
        return decide(job, rules, _NOTHING_READ)
    if operation is Operation.GET:
        found = Read(snapshot_of(answer.config), answer.config)
        return _rewrite(found) if rules.rewrite else decide(job, rules, found)
    created = operation is Operation.PUT and (read is None or read.image == ABSENT)
    return Step(Decision(Status.CREATED if created else Status.UPDATED, config=answer.config))


def look_again(job: Job, rules: Policy, call: Call, read: Read | None) -> tuple[Job, Call]:
    """A job and its call, when what was read of the target is too old to be relied on.

    The change may have been made by a call that was not answered: it goes on as if a run was
    carried on.
    """
    if read is None or call.operation not in _CHANGING or _is_forced(job, rules):
        return job, call
    seen = read.image
    return msgspec.structs.replace(job, seen=seen, may_be_sent=True, expected=seen), _LOOK


def decide(job: Job, rules: Policy, read: Read) -> Step:
    """What a target needs that has been read; the first row that fits.

    =================================  ==========================================
    target                             step
    =================================  ==========================================
    is not one that is looked for,     unchanged; updated, if this run made it so
    or is as it should be
    is to be verified                  failed, ``Drifted``
    is not what it has to be           failed, ``PlanOutdated``, ``ChangedSince``
    has nothing, and may not get it    failed, as Update would
    is to be planned                   pending
    else                               the call that makes it so
    =================================  ==========================================
    """
    reason = rules.where(read.config or {}) if rules.where else None
    goal = wanted(job.settings, read.image, rules)
    if reason is not None or goal == read.image:
        status = _status_of_same(job, rules, read.image)
        message = (reason or _SO_ALREADY) if status is Status.UNCHANGED else None
        seen = Seen(read.config, Action.UNCHANGED) if rules.purpose is Purpose.PLAN else None
        return Step(Decision(status, message=message, config=read.config), seen)
    if rules.purpose is Purpose.VERIFY:
        return Step(Decision(Status.FAILED, DRIFTED, drift_text(read.image, goal), read.config))
    if job.expected is not None and read.image != job.expected and not rules.force:
        return Step(_outdated(job.expected, rules, read))
    if read.image == ABSENT and not rules.restore and not rules.create_missing:
        seen = Seen(None, Action.UNCONFIGURED) if rules.purpose is Purpose.PLAN else None
        return Step(Decision(Status.FAILED, MISSING, "there is no configuration"), seen)
    if rules.purpose is Purpose.PLAN:
        return Step(Decision(None), Seen(read.config, _action(read.image, goal)))
    return _write(job, rules, read)


def _is_forced(job: Job, rules: Policy) -> bool:
    """Whether a plan is carried out without looking again; for half a destination one has to."""
    planned = rules.planned and rules.purpose is Purpose.APPLY and not rules.restore
    return planned and rules.force and not _keeps_half(job, rules)


def _keeps_half(job: Job, rules: Policy) -> bool:
    return job.settings.names_half() and not rules.replace_destinations


def _reads_first(job: Job, rules: Policy) -> bool:
    return (
        _keeps_half(job, rules)
        or rules.before_image
        or rules.restore
        or rules.rewrite
        or rules.where is not None
        or rules.purpose is not Purpose.APPLY
        or job.expected is not None
    )


def _after_missing(job: Job, rules: Policy, call: Call, read: Read | None) -> Step | None:
    """The step after a 404; ``None``: there is none but to fail."""
    match call.operation:
        case Operation.GET if rules.purpose is Purpose.PLAN and not rules.restore:
            return _GET_FUNCTION
        case Operation.GET:
            return decide(job, rules, _NOTHING_READ)
        case Operation.UPDATE if rules.create_missing and read is None:
            return Step(Call(Operation.PUT, job.settings))
        case Operation.DELETE:
            return Step(Decision(Status.UPDATED))
        case Operation.GET_FUNCTION:
            failed = Decision(Status.FAILED, MISSING, "there is no such function, or qualifier")
            return Step(failed, Seen(None, Action.MISSING))
        case _:
            return None


def _is_missing(failure: Failure) -> bool:
    return failure.http_status == _NOT_FOUND and failure.code == MISSING


def _write(job: Job, rules: Policy, read: Read) -> Step:
    goal = wanted(job.settings, read.image, rules)
    if goal == ABSENT:
        call = Call(Operation.DELETE)
    elif rules.restore or read.image == ABSENT:
        call = Call(Operation.PUT, job.settings)
    else:
        call = Call(Operation.UPDATE, completed(job.settings, read.image, rules))
    config = msgspec.UNSET if job.seen == read.image else read.config
    return Step(call, Seen(config, _action(read.image, goal), may_be_sent=True), read)


def _rewrite(read: Read) -> Step:
    seen = Seen(read.config, Action.CHANGE, may_be_sent=True)
    return Step(Call(Operation.UPDATE, read.image), seen, read)


def _action(image: Settings, goal: Settings) -> Action:
    if goal == ABSENT:
        return Action.DELETE
    return Action.CREATE if image == ABSENT else Action.CHANGE


def _status_of_same(job: Job, rules: Policy, image: Settings) -> Status:
    """Whether it was this run, before it was killed, that made a target what it should be."""
    before = job.seen if rules.purpose is Purpose.APPLY else None
    if before is None or not job.may_be_sent or before == image:
        return Status.UNCHANGED
    if wanted(job.settings, before, rules) != image:
        return Status.UNCHANGED
    return Status.CREATED if before == ABSENT else Status.UPDATED


def _outdated(expected: Settings, rules: Policy, read: Read) -> Decision:
    code = PLAN_OUTDATED if rules.planned else CHANGED_SINCE
    return Decision(Status.FAILED, code, change_text(read.image, expected), read.config)
