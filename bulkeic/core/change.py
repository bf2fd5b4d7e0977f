"""What is to be done for a target: (job, rules, what was answered) → the next call, or the end.

- An *image* is a configuration as ``Settings``, without ``LastModified``: both halves of the
  destinations are always named, ``CLEARED`` where they are unset. ``ABSENT``, with nothing named at
  all, is no configuration.
- Update merges, but whether it keeps the half of ``DestinationConfig`` that is not sent is not
  documented. So who names one half reads first, and both are sent.
- Whatever has been read is kept before anything is sent that changes the target.
- A target that has become what it should be needs no call, whoever made it so.
- Who is in the way is told by codes, never by messages: Update answers 404 where there is no
  configuration, and Put, which would create it, where there is no function.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from bulkeic.core.model import (
    CLEARED,
    Answer,
    Call,
    Failure,
    Job,
    Operation,
    Settings,
    Status,
)

ABSENT = Settings()
PLAN_OUTDATED = "PlanOutdated"
CHANGED_SINCE = "ChangedSince"
DRIFTED = "Drifted"
MISSING = "ResourceNotFoundException"

_SO_ALREADY = "it is so already"
_NOT_FOUND = 404

Where = Callable[[dict[str, Any]], str | None]
"""Why a configuration (API names) is not one that is looked for; ``None``: it is."""


class Purpose(StrEnum):
    """What a pass over the targets is for."""

    APPLY = "apply"
    PLAN = "plan"
    VERIFY = "verify"


class Action(StrEnum):
    """What a target needs, as far as reading it tells."""

    CHANGE = "change"
    CREATE = "create"
    DELETE = "delete"
    UNCHANGED = "unchanged"
    UNCONFIGURED = "unconfigured"
    MISSING = "missing"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How the jobs of a run are done.

    Attributes:
        restore: their settings are images that are to be put back, ``ABSENT`` by Delete.
        before_image: read each target before it is changed.
        create_missing: where a function has no configuration, make one.
        replace_destinations: a half that is not named is cleared.
        planned: what a target has to have (``Job.expected``) is what a plan saw.
        force: change it even if it has something else.
        where: change only such targets.
    """

    purpose: Purpose = Purpose.APPLY
    restore: bool = False
    before_image: bool = False
    create_missing: bool = False
    replace_destinations: bool = False
    planned: bool = False
    force: bool = False
    where: Where | None = None


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


class Verdict(msgspec.Struct, frozen=True):
    """The end of a job.

    Attributes:
        status: ``None``: it is pending, now that it is known what it needs.
        config: what the target has, API names, where that is known.
    """

    status: Status | None
    code: str | None = None
    message: str | None = None
    config: dict[str, Any] | None = None


class Step(msgspec.Struct, frozen=True):
    """What is to be done next.

    Attributes:
        then: a call, or the end.
        seen: to be kept before that, durably.
    """

    then: Call | Verdict
    seen: Seen | None = None


class Read(msgspec.Struct, frozen=True):
    """A configuration that was read: as an image, and as answered."""

    image: Settings
    config: dict[str, Any] | None


_GET = Step(Call(Operation.GET))
_GET_FUNCTION = Step(Call(Operation.GET_FUNCTION))
_NOTHING_READ = Read(ABSENT, None)


def image_of(config: dict[str, Any] | None) -> Settings:
    """A configuration as an image.

    Args:
        config: as answered; ``None`` or empty: there is none.
    """
    if not config:
        return ABSENT
    settings = Settings.from_api(config)
    return msgspec.structs.replace(
        settings,
        on_success=settings.on_success or CLEARED,
        on_failure=settings.on_failure or CLEARED,
    )


def completed(settings: Settings, image: Settings, rules: Rules) -> Settings:
    """The settings with both halves of the destinations, if they name one.

    ==========  ======================  ==============
    it names    the other half is
    ..          else                    ``replace_destinations``
    ==========  ======================  ==============
    both, none  as it is                as it is
    one half    what the target has     cleared
    ==========  ======================  ==============
    """
    if not settings.names_half():
        return settings
    other = ABSENT if rules.replace_destinations else image
    success, failure = settings.on_success, settings.on_failure
    return msgspec.structs.replace(
        settings,
        on_success=(other.on_success or CLEARED) if success is None else success,
        on_failure=(other.on_failure or CLEARED) if failure is None else failure,
    )


def wanted(settings: Settings, image: Settings, rules: Rules) -> Settings:
    """The image that a target is to have.

    Args:
        settings: of the job.
        image: what it has.
        rules: of the run.
    """
    if rules.restore:
        return settings
    settings = completed(settings, image, rules)
    values = zip(msgspec.structs.astuple(settings), msgspec.structs.astuple(image), strict=True)
    merged = Settings(*(old if new is None else new for new, old in values))
    return msgspec.structs.replace(
        merged,
        on_success=merged.on_success or CLEARED,
        on_failure=merged.on_failure or CLEARED,
    )


class Difference(msgspec.Struct, frozen=True):
    """A field of a configuration that is not as it should be; ``None``: it is not set."""

    field: str
    before: int | str | None
    after: int | str | None


_FIELDS = (
    "MaximumRetryAttempts",
    "MaximumEventAgeInSeconds",
    "DestinationConfig.OnSuccess",
    "DestinationConfig.OnFailure",
)


def differences(before: Settings, after: Settings) -> list[Difference]:
    """The fields in which two images differ, in the API's order."""
    values = zip(
        _FIELDS, msgspec.structs.astuple(before), msgspec.structs.astuple(after), strict=True
    )
    return [
        Difference(field, _shown(old), _shown(new))
        for field, old, new in values
        if _shown(old) != _shown(new)
    ]


def _shown(value: int | str | None) -> int | str | None:
    return None if value == CLEARED else value


def begin(job: Job, rules: Rules) -> Step:
    """The first step of a job."""
    unasked = rules.force and rules.purpose is Purpose.APPLY and not rules.restore
    if unasked and job.seen is not None and job.expected is not None:
        return _write(job, rules, Read(job.seen, None))
    if _reads_first(job, rules):
        return _GET
    return Step(Call(Operation.UPDATE, completed(job.settings, ABSENT, rules)))


def follow(job: Job, rules: Rules, call: Call, answer: Answer, read: Read | None) -> Step:
    """The step after a call that needs no other try.

    ===============  ================================  ======================================
    call             answer                            step
    ===============  ================================  ======================================
    Get              a configuration                   see ``decide``
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
        return step or Step(Verdict(Status.FAILED, answer.code, answer.message))
    operation = call.operation
    if operation is Operation.GET_FUNCTION:
        return decide(job, rules, _NOTHING_READ)
    if operation is Operation.GET:
        return decide(job, rules, Read(image_of(answer.config), answer.config))
    created = operation is Operation.PUT and (read is None or read.image == ABSENT)
    return Step(Verdict(Status.CREATED if created else Status.UPDATED, config=answer.config))


def decide(job: Job, rules: Rules, read: Read) -> Step:
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
        return Step(Verdict(status, message=message, config=read.config), seen)
    if rules.purpose is Purpose.VERIFY:
        return Step(Verdict(Status.FAILED, DRIFTED, _drift(read.image, goal), read.config))
    if job.expected is not None and read.image != job.expected and not rules.force:
        return Step(_outdated(job.expected, rules, read))
    if read.image == ABSENT and not rules.restore and not rules.create_missing:
        seen = Seen(None, Action.UNCONFIGURED) if rules.purpose is Purpose.PLAN else None
        return Step(Verdict(Status.FAILED, MISSING, "there is no configuration"), seen)
    if rules.purpose is Purpose.PLAN:
        return Step(Verdict(None), Seen(read.config, _action(read.image, goal)))
    return _write(job, rules, read)


def _reads_first(job: Job, rules: Rules) -> bool:
    half = job.settings.names_half() and not rules.replace_destinations
    return (
        half
        or rules.before_image
        or rules.restore
        or rules.where is not None
        or rules.purpose is not Purpose.APPLY
        or job.expected is not None
    )


def _after_missing(job: Job, rules: Rules, call: Call, read: Read | None) -> Step | None:
    """The step after a 404; ``None``: there is none but to fail."""
    match call.operation:
        case Operation.GET if rules.purpose is Purpose.PLAN and not rules.restore:
            return _GET_FUNCTION
        case Operation.GET:
            return decide(job, rules, _NOTHING_READ)
        case Operation.UPDATE if rules.create_missing and read is None:
            return Step(Call(Operation.PUT, job.settings))
        case Operation.DELETE:
            return Step(Verdict(Status.UPDATED))
        case Operation.GET_FUNCTION:
            failed = Verdict(Status.FAILED, MISSING, "there is no such function, or qualifier")
            return Step(failed, Seen(None, Action.MISSING))
        case _:
            return None


def _is_missing(failure: Failure) -> bool:
    return failure.http_status == _NOT_FOUND and failure.code == MISSING


def _write(job: Job, rules: Rules, read: Read) -> Step:
    goal = wanted(job.settings, read.image, rules)
    if goal == ABSENT:
        call = Call(Operation.DELETE)
    elif rules.restore or read.image == ABSENT:
        call = Call(Operation.PUT, job.settings)
    else:
        call = Call(Operation.UPDATE, completed(job.settings, read.image, rules))
    config = msgspec.UNSET if job.seen == read.image else read.config
    return Step(call, Seen(config, _action(read.image, goal), may_be_sent=True))


def _action(image: Settings, goal: Settings) -> Action:
    if goal == ABSENT:
        return Action.DELETE
    return Action.CREATE if image == ABSENT else Action.CHANGE


def _status_of_same(job: Job, rules: Rules, image: Settings) -> Status:
    """Whether it was this run, before it was killed, that made a target what it should be."""
    before = job.seen if rules.purpose is Purpose.APPLY else None
    if before is None or not job.may_be_sent or before == image:
        return Status.UNCHANGED
    if wanted(job.settings, before, rules) != image:
        return Status.UNCHANGED
    return Status.CREATED if before == ABSENT else Status.UPDATED


def _drift(image: Settings, goal: Settings) -> str:
    if image == ABSENT:
        return "there is no configuration"
    if goal == ABSENT:
        return "there is a configuration, wanted none"
    return ", ".join(
        f"{each.field} is {_value(each.before)}, wanted {_value(each.after)}"
        for each in differences(image, goal)
    )


def _outdated(expected: Settings, rules: Rules, read: Read) -> Verdict:
    code = PLAN_OUTDATED if rules.planned else CHANGED_SINCE
    return Verdict(Status.FAILED, code, _unexpected(read.image, expected), read.config)


def _unexpected(image: Settings, expected: Settings) -> str:
    if image == ABSENT:
        return "the configuration is gone"
    if expected == ABSENT:
        return "there is a configuration now"
    return ", ".join(
        f"{each.field} is {_value(each.after)}, was {_value(each.before)}"
        for each in differences(expected, image)
    )


def _value(value: int | str | None) -> str:
    return "not set" if value is None else str(value)
