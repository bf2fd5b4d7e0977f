"""What a target needs, now that it was read: the truth table, row by row."""

from typing import Any

import msgspec
import pytest

from bulkeic.core.change.policy import Apply, ApplyPlan, Plan, Policy, Verify
from bulkeic.core.change.reconcile import (
    DRIFTED,
    MISSING,
    Action,
    BeforeImage,
    Decision,
    ReadConfig,
    Step,
    step_after_read,
)
from bulkeic.core.change.snapshot import ABSENT
from bulkeic.core.model import CLEARED, Call, Job, Operation, Settings, Status
from bulkeic.core.rollout.rollback_guard import CHANGED_SINCE, PLAN_OUTDATED
from tests.core.example_configs import (
    CONFIG,
    GOAL,
    HAD,
    HALF,
    QUEUE,
    TOPIC,
    job_of,
)
from tests.core.example_steps import (
    APPLY,
    CHANGED,
    CREATE,
    DELETE,
    JOB,
    PLAN,
    PUT,
    READ,
    READ_GOAL,
    READ_NOTHING,
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
