"""Changes: the truth tables of the steps, row by row."""

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
)
from bulkeic.core.change.snapshot import ABSENT
from bulkeic.core.model import Answer, Call, Job, Operation, Settings, Status, Success
from tests.core.example_configs import (
    CONFIG,
    DENIED,
    HAD,
    HALF,
    NO_CONFIG,
    QUEUE,
    Aws,
    do,
    job_of,
)
from tests.core.example_steps import (
    APPLY,
    CHANGED,
    CREATE,
    DELETE,
    FOUND,
    GET,
    GET_FUNCTION,
    JOB,
    PLAN,
    PLAN_CREATE,
    PUT,
    READ,
    READ_NOTHING,
    REPLACE,
    RESTORE,
    SO_ALREADY,
    UPDATE,
    VERIFY,
    ended,
    failed,
    known,
    written,
)

replace = msgspec.structs.replace


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
