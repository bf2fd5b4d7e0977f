"""Changes: the truth tables of the steps, row by row."""

from typing import Any

import msgspec
import pytest

from bulkeic.core.change.policy import Apply, ApplyPlan, Plan, Policy, Rollback, Verify
from bulkeic.core.change.reconcile import (
    DRIFTED,
    MISSING,
    NO_FUNCTION,
    Action,
    BeforeImage,
    Decision,
    ReadConfig,
    Step,
    first_step,
    next_step,
    step_after_read,
)
from bulkeic.core.change.snapshot import ABSENT
from bulkeic.core.model import CLEARED, Answer, Call, Job, Operation, Settings, Status, Success
from bulkeic.core.rollout.rollback_guard import CHANGED_SINCE, PLAN_OUTDATED
from tests.core.example_configs import (
    CONFIG,
    DENIED,
    GOAL,
    HAD,
    HALF,
    NO_CONFIG,
    QUEUE,
    TOPIC,
    WISH,
    Aws,
    do,
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


@pytest.mark.parametrize(
    ("job", "policy", "step"),
    [
        (JOB, APPLY, Step(UPDATE)),
        (JOB, CREATE, Step(UPDATE)),
        (JOB, Apply(force=True), Step(UPDATE)),
        (job_of(HALF), REPLACE, Step(Call(Operation.UPDATE, Settings(None, None, "", QUEUE)))),
        (job_of(HALF), APPLY, Step(GET)),
        (JOB, Apply(before_image=True), Step(GET)),
        (JOB, Apply(where=lambda _: None), Step(GET)),
        (JOB, Apply(exact=True), Step(GET)),
        (JOB, RESTORE, Step(GET)),
        (JOB, PLAN, Step(GET)),
        (JOB, VERIFY, Step(GET)),
        (known(expected=HAD), APPLY, Step(GET)),
        (known(expected=HAD), Apply(force=True), Step(GET)),
        (known(before_snapshot=HAD, expected=HAD), ApplyPlan(), Step(GET)),
        (known(before_snapshot=HAD, expected=HAD), Rollback(force=True), Step(GET)),
        (known(before_snapshot=HAD, expected=HAD), Plan(Apply(force=True)), Step(GET)),
        (known(before_snapshot=HAD, expected=HAD), Verify(Apply(force=True)), Step(GET)),
        (known(before_snapshot=HAD, expected=HAD), ApplyPlan(force=True), Step(GET)),
        (known(before_snapshot=ABSENT, expected=ABSENT), ApplyPlan(force=True), Step(GET)),
        (
            known(job_of(HALF), before_snapshot=HAD, expected=HAD),
            ApplyPlan(force=True, replace_destinations=True),
            Step(GET),
        ),
    ],
)
def test_the_first_step(job: Job, policy: Policy, step: Step) -> None:
    assert first_step(job, policy) == step


@pytest.mark.parametrize(
    ("policy", "call", "answer", "read", "step"),
    [
        # Get, a configuration: see step_after_read
        (APPLY, GET, Success(200, "r", CONFIG), None, written(UPDATE, Action.CHANGE, READ)),
        (APPLY, GET, Success(200, "r", CHANGED), None, SO_ALREADY),
        # Get, 404: the same with none, and a plan asks whether there is a function
        (APPLY, GET, NO_CONFIG, None, failed(MISSING, "there is no configuration")),
        (CREATE, GET, NO_CONFIG, None, written(PUT, Action.CREATE, READ_NOTHING)),
        (VERIFY, GET, NO_CONFIG, None, failed(DRIFTED, "there is no configuration")),
        (Verify(finds_missing=True), GET, NO_CONFIG, None, Step(GET_FUNCTION)),
        (VERIFY, GET_FUNCTION, FOUND, None, failed(DRIFTED, "there is no configuration")),
        (VERIFY, GET_FUNCTION, NO_CONFIG, None, failed(MISSING, NO_FUNCTION)),
        (VERIFY, GET_FUNCTION, DENIED, None, failed(DRIFTED, "there is no configuration")),
        (PLAN, GET, NO_CONFIG, None, Step(GET_FUNCTION)),
        (PLAN_CREATE, GET, NO_CONFIG, None, Step(GET_FUNCTION)),
        (
            Plan(RESTORE),
            GET,
            NO_CONFIG,
            None,
            Step(Decision(None), BeforeImage(None, Action.CREATE)),
        ),
        # GetFunction, it is there: see step_after_read
        (
            PLAN_CREATE,
            GET_FUNCTION,
            Success(200, "r"),
            READ_NOTHING,
            Step(Decision(None), BeforeImage(None, Action.CREATE)),
        ),
        (
            PLAN,
            GET_FUNCTION,
            NO_CONFIG,
            READ_NOTHING,
            replace(
                failed(MISSING, NO_FUNCTION),
                before_image=BeforeImage(None, Action.MISSING),
            ),
        ),
        # Update, 404, nothing read, may create: Put
        (CREATE, UPDATE, NO_CONFIG, None, Step(PUT)),
        (CREATE, UPDATE, NO_CONFIG, READ, failed(MISSING, NO_CONFIG.message)),
        (APPLY, UPDATE, NO_CONFIG, None, failed(MISSING, NO_CONFIG.message)),
        (CREATE, UPDATE, replace(NO_CONFIG, code="Else"), None, failed("Else", NO_CONFIG.message)),
        (
            CREATE,
            UPDATE,
            replace(NO_CONFIG, http_status=400),
            None,
            failed(MISSING, NO_CONFIG.message),
        ),
        # Delete, success or 404: read, since neither names the function
        (RESTORE, DELETE, NO_CONFIG, READ, Step(GET, read=replace(READ, deletions=1))),
        (RESTORE, DELETE, Success(204, "r"), READ, Step(GET, read=replace(READ, deletions=1))),
        (RESTORE, GET, NO_CONFIG, replace(READ, deletions=1), ended(Status.UPDATED)),
        (
            RESTORE,
            GET,
            Success(200, "r", CONFIG),
            replace(READ, deletions=3),
            Step(
                Decision(
                    Status.FAILED,
                    "AnswerMismatch",
                    "the configuration is still there after it was deleted",
                    CONFIG,
                )
            ),
        ),
        # Put, success, there was none: created
        (CREATE, PUT, Success(200, "r", CHANGED), None, ended(Status.CREATED, CHANGED)),
        (CREATE, PUT, Success(200, "r", CHANGED), READ_NOTHING, ended(Status.CREATED, CHANGED)),
        # any change, success: updated
        (RESTORE, PUT, Success(200, "r", CHANGED), READ, ended(Status.UPDATED, CHANGED)),
        (APPLY, UPDATE, Success(200, "r", CHANGED), None, ended(Status.UPDATED, CHANGED)),
        (APPLY, UPDATE, Success(200, "r", CHANGED), READ, ended(Status.UPDATED, CHANGED)),
        # any, else: failed
        (CREATE, PUT, NO_CONFIG, READ_NOTHING, failed(MISSING, NO_CONFIG.message)),
        *(
            (policy, call, DENIED, None, failed("AccessDeniedException", DENIED.message))
            for policy in (CREATE, PLAN, VERIFY, RESTORE)
            for call in (GET, GET_FUNCTION, UPDATE, PUT, DELETE)
            if (policy, call) != (VERIFY, GET_FUNCTION)
        ),
    ],
)
def test_the_step_after_a_call(
    policy: Policy, call: Call, answer: Answer, read: ReadConfig | None, step: Step
) -> None:
    assert next_step(JOB, policy, call, answer, read) == step


def other(_: dict[str, Any]) -> str:
    return "it is another"


@pytest.mark.parametrize(
    ("job", "policy", "read", "step"),
    [
        # is not one that is looked for
        (JOB, Apply(where=other), READ, ended(Status.NOT_MATCHED, CONFIG, "it is another")),
        (JOB, Apply(where=other), READ_NOTHING, ended(Status.NOT_MATCHED, None, "it is another")),
        (
            known(expected=GOAL),
            Verify(Apply(where=other)),
            READ,
            ended(Status.NOT_MATCHED, CONFIG, "it is another"),
        ),
        (
            JOB,
            Plan(Apply(where=other)),
            READ,
            replace(
                ended(Status.NOT_MATCHED, CONFIG, "it is another"),
                before_image=BeforeImage(CONFIG, Action.NOT_MATCHED),
            ),
        ),
        # or is as it should be
        (JOB, APPLY, READ_GOAL, SO_ALREADY),
        (JOB, VERIFY, READ_GOAL, SO_ALREADY),
        (
            JOB,
            PLAN,
            READ_GOAL,
            replace(SO_ALREADY, before_image=BeforeImage(CHANGED, Action.UNCHANGED)),
        ),
        (known(expected=HAD), APPLY, READ_GOAL, SO_ALREADY),
        (known(before_snapshot=HAD), APPLY, READ_GOAL, SO_ALREADY),
        (known(before_snapshot=GOAL, may_be_sent=True), APPLY, READ_GOAL, SO_ALREADY),
        (
            known(before_snapshot=Settings(2, 60, "", ""), may_be_sent=True),
            APPLY,
            READ_GOAL,
            SO_ALREADY,
        ),
        # … and this run made it so
        (
            known(before_snapshot=HAD, may_be_sent=True),
            APPLY,
            READ_GOAL,
            ended(Status.UPDATED, CHANGED),
        ),
        (known(before_snapshot=HAD, may_be_sent=True), VERIFY, READ_GOAL, SO_ALREADY),
        (
            known(before_snapshot=HAD, may_be_sent=True),
            Apply(where=other),
            READ_GOAL,
            ended(Status.UPDATED, CHANGED),
        ),
        (
            known(before_snapshot=ABSENT, may_be_sent=True),
            CREATE,
            ReadConfig(Settings(1, None, "", ""), CHANGED),
            ended(Status.CREATED, CHANGED),
        ),
        (
            known(job_of(ABSENT), before_snapshot=HAD, may_be_sent=True),
            RESTORE,
            READ_NOTHING,
            ended(Status.UPDATED),
        ),
        # is to be verified
        (JOB, VERIFY, READ, failed(DRIFTED, "MaximumRetryAttempts is 2, wanted 1", CONFIG)),
        (known(expected=GOAL), VERIFY, READ_NOTHING, failed(DRIFTED, "there is no configuration")),
        (
            job_of(ABSENT),
            Verify(RESTORE),
            READ,
            failed(DRIFTED, "there is a configuration, wanted none", CONFIG),
        ),
        (
            job_of(Settings(None, 60, CLEARED, QUEUE)),
            VERIFY,
            READ,
            failed(
                DRIFTED,
                "MaximumEventAgeInSeconds is not set, wanted 60, "
                f"DestinationConfig.OnSuccess is {TOPIC}, wanted not set, "
                f"DestinationConfig.OnFailure is not set, wanted {QUEUE}",
                CONFIG,
            ),
        ),
        (
            job_of(ABSENT),
            Verify(Apply(exact=True)),
            READ,
            failed(DRIFTED, "there is a configuration, wanted none", CONFIG),
        ),
        # … and code that does not set a number wants it gone
        (
            job_of(HAD),
            Apply(exact=True),
            ReadConfig(Settings(2, 60, TOPIC, CLEARED), CONFIG),
            written(
                Call(Operation.PUT, HAD),
                Action.CHANGE,
                ReadConfig(Settings(2, 60, TOPIC, CLEARED), CONFIG),
            ),
        ),
        (job_of(GOAL), Apply(exact=True), READ_GOAL, SO_ALREADY),
        (
            job_of(GOAL),
            Apply(exact=True),
            READ_NOTHING,
            failed(MISSING, "there is no configuration"),
        ),
        # is not what it has to be
        (
            known(expected=replace(HAD, maximum_retry_attempts=0)),
            ApplyPlan(),
            READ,
            failed(PLAN_OUTDATED, "MaximumRetryAttempts is 2, was 0", CONFIG),
        ),
        (
            known(expected=ABSENT),
            ApplyPlan(),
            READ,
            failed(PLAN_OUTDATED, "there is a configuration now", CONFIG),
        ),
        (
            known(job_of(HAD), expected=GOAL),
            RESTORE,
            READ_NOTHING,
            failed(CHANGED_SINCE, "the configuration is gone"),
        ),
        (
            known(expected=GOAL),
            ApplyPlan(force=True),
            READ,
            written(UPDATE, Action.CHANGE, READ),
        ),
        # has nothing, and may not get it
        (JOB, APPLY, READ_NOTHING, failed(MISSING, "there is no configuration")),
        (
            known(expected=HAD),
            Apply(force=True),
            READ_NOTHING,
            failed(MISSING, "there is no configuration"),
        ),
        (
            JOB,
            PLAN,
            READ_NOTHING,
            replace(
                failed(MISSING, "there is no configuration"),
                before_image=BeforeImage(None, Action.UNCONFIGURED),
            ),
        ),
        # is to be planned
        (JOB, PLAN, READ, Step(Decision(None), BeforeImage(CONFIG, Action.CHANGE))),
        (
            job_of(ABSENT),
            Plan(RESTORE),
            READ,
            Step(Decision(None), BeforeImage(CONFIG, Action.DELETE)),
        ),
        # else
        (JOB, APPLY, READ, written(UPDATE, Action.CHANGE, READ)),
        (
            known(before_snapshot=HAD),
            APPLY,
            READ,
            written(UPDATE, Action.CHANGE, READ, is_kept=True),
        ),
        (known(before_snapshot=ABSENT), APPLY, READ, written(UPDATE, Action.CHANGE, READ)),
        (JOB, CREATE, READ_NOTHING, written(PUT, Action.CREATE, READ_NOTHING)),
        (
            job_of(HALF),
            APPLY,
            READ,
            written(
                Call(Operation.UPDATE, Settings(None, None, TOPIC, QUEUE)), Action.CHANGE, READ
            ),
        ),
        (
            job_of(GOAL),
            RESTORE,
            READ,
            written(Call(Operation.PUT, GOAL), Action.CHANGE, READ),
        ),
        (
            job_of(GOAL),
            RESTORE,
            READ_NOTHING,
            written(Call(Operation.PUT, GOAL), Action.CREATE, READ_NOTHING),
        ),
        (job_of(ABSENT), RESTORE, READ, written(DELETE, Action.DELETE, READ)),
    ],
)
def test_what_a_target_needs(job: Job, policy: Policy, read: ReadConfig, step: Step) -> None:
    assert step_after_read(job, policy, read) == step


@pytest.mark.parametrize(
    ("policy", "has_function", "status", "calls"),
    [
        (APPLY, True, Status.FAILED, ["Update"]),
        (APPLY, False, Status.FAILED, ["Update"]),
        (CREATE, True, Status.CREATED, ["Update", "Put"]),
        (CREATE, False, Status.FAILED, ["Update", "Put"]),
        (Apply(before_image=True), True, Status.FAILED, ["Get"]),
        (Apply(before_image=True), False, Status.FAILED, ["Get"]),
        (replace(CREATE, before_image=True), True, Status.CREATED, ["Get", "Put"]),
        (replace(CREATE, before_image=True), False, Status.FAILED, ["Get", "Put"]),
        (PLAN, True, Status.FAILED, ["Get", "GetFunction"]),
        (PLAN, False, Status.FAILED, ["Get", "GetFunction"]),
        (PLAN_CREATE, True, None, ["Get", "GetFunction"]),
        (PLAN_CREATE, False, Status.FAILED, ["Get", "GetFunction"]),
    ],
)
def test_where_there_is_no_configuration(
    policy: Policy,
    has_function: bool,  # noqa: FBT001
    status: Status | None,
    calls: list[str],
) -> None:
    aws = Aws()
    if has_function:
        aws.have(ABSENT)
    end = do(aws, JOB, policy).end
    assert end.status is status
    assert end.code == (MISSING if status is Status.FAILED else None)
    assert [call.removesuffix("FunctionEventInvokeConfig") for call in aws.calls] == calls


def test_a_configuration_that_is_still_there_is_deleted_again() -> None:
    read = replace(READ, deletions=1)

    step = next_step(job_of(ABSENT), RESTORE, GET, Success(200, "r", CONFIG), read)

    assert step.then == DELETE
    assert step.read == read
