"""Policies, what was read, and the steps that follow, for the truth tables of changes."""

from typing import Any

import msgspec

from bulkeic.core.change.policy import Apply, Plan, Rollback, Verify
from bulkeic.core.change.reconcile import (
    Action,
    BeforeImage,
    Decision,
    ReadConfig,
    Step,
)
from bulkeic.core.change.snapshot import ABSENT
from bulkeic.core.model import Call, Job, Operation, Settings, Status, Success
from tests.core.example_configs import (
    CONFIG,
    GOAL,
    HAD,
    WISH,
    job_of,
)

APPLY, CREATE, REPLACE = Apply(), Apply(create_missing=True), Apply(replace_destinations=True)
replace = msgspec.structs.replace

PLAN, PLAN_CREATE, VERIFY = Plan(), Plan(CREATE), Verify()
RESTORE = Rollback()
CHANGED = {**CONFIG, "MaximumRetryAttempts": 1}
READ, READ_GOAL, READ_NOTHING = (
    ReadConfig(HAD, CONFIG),
    ReadConfig(GOAL, CHANGED),
    ReadConfig(ABSENT, None),
)
FOUND = Success(200, "r")
GET, GET_FUNCTION = Call(Operation.GET), Call(Operation.GET_FUNCTION)
DELETE, UPDATE, PUT = (
    Call(Operation.DELETE),
    Call(Operation.UPDATE, WISH),
    Call(Operation.PUT, WISH),
)
JOB = job_of(WISH)


def known(
    job: Job = JOB,
    *,
    before_snapshot: Settings | None = None,
    expected: Settings | None = None,
    may_be_sent: bool = False,
) -> Job:
    return replace(job, before_snapshot=before_snapshot, expected=expected, may_be_sent=may_be_sent)


def failed(code: str, message: str, config: dict[str, Any] | None = None) -> Step:
    return Step(Decision(Status.FAILED, code, message, config))


def ended(status: Status, config: dict[str, Any] | None = None, message: str | None = None) -> Step:
    return Step(Decision(status, message=message, config=config))


def written(call: Call, action: Action, read: ReadConfig, *, is_kept: bool = False) -> Step:
    config = msgspec.UNSET if is_kept else read.config
    return Step(call, BeforeImage(config, action, may_be_sent=True), read)


SO_ALREADY = ended(Status.UNCHANGED, CHANGED, "it is so already")
