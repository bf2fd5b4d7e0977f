"""What became of a change without a clear answer: the tables of ``core.change.confirmation``."""

import msgspec
import pytest
from hypothesis import given, settings

from bulkeic.core.change.confirmation import (
    CONFIRMING_READ,
    OUTCOME_UNKNOWN,
    Doubt,
    confirmed,
    doubt_after,
    doubt_before,
    first_doubt,
    step_in_doubt,
)
from bulkeic.core.change.policy import Apply, Policy, Rewrite, Rollback, Verify
from bulkeic.core.change.reconcile import Decision, ReadConfig, Step
from bulkeic.core.change.snapshot import ABSENT, goal_snapshot, snapshot_of
from bulkeic.core.model import Answer, Call, Failure, Fault, Operation, Settings, Status, Success
from bulkeic.core.rollout.rollback_guard import CHANGED_SINCE

from .example_configs import (
    CONFIG,
    DENIED,
    HAD,
    NO_CONFIG,
    WISH,
    Case,
    cases,
    configured,
    images,
    job_of,
)

READ_FIRST, PLAIN, RESTORE = Apply(before_image=True), Apply(), Rollback()
UPDATE, PUT, DELETE = (
    Call(Operation.UPDATE, WISH),
    Call(Operation.PUT, WISH),
    Call(Operation.DELETE),
)
GET = Call(Operation.GET)
LOST = Failure(Fault.TIMEOUT, "ReadTimeoutError", "no answer within the timeout")
JOB = job_of(WISH)
READ, READ_NOTHING = ReadConfig(HAD, CONFIG), ReadConfig(ABSENT, None)
CHANGED = {**CONFIG, "MaximumRetryAttempts": 1}
OTHER = {**CONFIG, "MaximumRetryAttempts": 0}
NOTE = "the change is made; its call ended with ReadTimeoutError: no answer within the timeout"


def ok(config: dict[str, object] | None) -> Answer:
    return Success(200, "r", config)


FAILED = (Status.FAILED, LOST.code)
UNKNOWN = (Status.UNKNOWN, OUTCOME_UNKNOWN)
UPDATED, CREATED = (Status.UPDATED, None), (Status.CREATED, None)


@pytest.mark.parametrize(
    ("wish", "policy", "call", "read", "answer", "end"),
    [
        # cannot be read
        (WISH, READ_FIRST, UPDATE, READ, DENIED, UNKNOWN),
        (WISH, PLAIN, UPDATE, None, LOST, UNKNOWN),
        (ABSENT, RESTORE, DELETE, READ, DENIED, UNKNOWN),
        # has what it must have
        (WISH, READ_FIRST, UPDATE, READ, ok(CHANGED), UPDATED),
        (WISH, PLAIN, UPDATE, None, ok(CHANGED), UPDATED),
        (WISH, PLAIN, PUT, None, ok(CHANGED), CREATED),
        (Settings(1), READ_FIRST, PUT, READ_NOTHING, ok({"MaximumRetryAttempts": 1}), CREATED),
        (ABSENT, RESTORE, DELETE, READ, NO_CONFIG, UPDATED),
        (HAD, RESTORE, PUT, READ, ok(CONFIG), UPDATED),
        # has what it had before, or that is not known
        (WISH, READ_FIRST, UPDATE, READ, ok(CONFIG), FAILED),
        (WISH, PLAIN, UPDATE, None, ok(CONFIG), FAILED),
        (WISH, PLAIN, UPDATE, None, NO_CONFIG, FAILED),
        (WISH, READ_FIRST, PUT, READ_NOTHING, NO_CONFIG, FAILED),
        (ABSENT, RESTORE, DELETE, READ, ok(CONFIG), FAILED),
        # has neither
        (WISH, READ_FIRST, UPDATE, READ, ok(OTHER), UNKNOWN),
        (WISH, READ_FIRST, UPDATE, READ, NO_CONFIG, UNKNOWN),
        (ABSENT, RESTORE, DELETE, READ, ok(OTHER), UNKNOWN),
    ],
)
def test_the_end_of_a_job_whose_target_was_read_again(  # noqa: PLR0917 - a row
    wish: Settings,
    policy: Policy,
    call: Call,
    read: ReadConfig | None,
    answer: Answer,
    end: tuple[Status, str | None],
) -> None:
    decision = confirmed(job_of(wish), policy, answer, read, Doubt(call, LOST, True))  # noqa: FBT003
    assert (decision.status, decision.code) == end
    if decision.status in {Status.UPDATED, Status.CREATED}:
        assert decision.message == NOTE
    elif decision.status is Status.FAILED:
        assert decision.message == LOST.message
    else:
        assert decision.message is not None
        assert decision.message.startswith("the change may have been made (ReadTimeoutError); ")


@settings(deadline=None, max_examples=200)
@given(cases(), images)
def test_a_confirmed_end_says_what_the_target_has(case: Case, now: Settings) -> None:
    """Whatever the target has now, the decision is true."""
    read = ReadConfig(case.had, case.first)
    goal = goal_snapshot(case.wish, case.had, case.policy)
    config = None if now == ABSENT else now.to_api()
    answer = NO_CONFIG if config is None else ok(config)
    doubt = Doubt(Call(Operation.UPDATE, case.wish), LOST, True)  # noqa: FBT003
    decision = confirmed(job_of(case.wish), case.policy, answer, read, doubt)
    if now == goal:
        assert decision.status is Status.UPDATED
        assert snapshot_of(decision.config) == goal
    else:
        assert decision.status is (Status.FAILED if now == case.had else Status.UNKNOWN)


@pytest.mark.parametrize(
    ("policy", "call", "failure", "is_doubtful"),
    [
        (PLAIN, UPDATE, LOST, True),
        (PLAIN, PUT, LOST, True),
        (RESTORE, DELETE, LOST, True),
        (PLAIN, UPDATE, msgspec.structs.replace(LOST, sent=False), False),
        (PLAIN, UPDATE, msgspec.structs.replace(LOST, code="ConnectTimeoutError"), False),
        (PLAIN, UPDATE, DENIED, False),
        (PLAIN, UPDATE, Failure(Fault.REFUSED, "AnswerMismatch", "", 404), True),
        (PLAIN, GET, LOST, False),
        (Rewrite(), UPDATE, LOST, False),
    ],
)
def test_which_failure_raises_a_doubt(
    policy: Policy,
    call: Call,
    failure: Failure,
    is_doubtful: bool,  # noqa: FBT001
) -> None:
    assert doubt_after(None, call, failure, policy) == (
        Doubt(call, failure) if is_doubtful else None
    )
    earlier = Doubt(PUT, LOST)
    kept = None if isinstance(policy, Rewrite) else earlier
    assert doubt_after(earlier, call, failure, policy) == (
        Doubt(call, failure) if is_doubtful else kept
    )


DOUBT = Doubt(UPDATE, LOST)


@pytest.mark.parametrize(
    ("doubt", "previous", "call", "read", "after"),
    [
        # a change, after the target was read
        (DOUBT, GET, UPDATE, READ, None),
        (None, GET, UPDATE, READ, None),
        # a read that follows a change, to prove it
        (None, DELETE, GET, READ, Doubt(DELETE, None)),
        (DOUBT, UPDATE, GET, None, DOUBT),
        # else
        (None, None, GET, None, None),
        (None, None, UPDATE, None, None),
        (DOUBT, UPDATE, PUT, None, DOUBT),
        (DOUBT, GET, GET, None, DOUBT),
    ],
)
def test_the_doubt_before_the_next_call(
    doubt: Doubt | None,
    previous: Call | None,
    call: Call,
    read: ReadConfig | None,
    after: Doubt | None,
) -> None:
    assert doubt_before(doubt, previous, call, read) == after


@pytest.mark.parametrize(
    ("call", "answer", "read", "end"),
    [
        (UPDATE, LOST, READ, CONFIRMING_READ),
        (UPDATE, DENIED, READ, CONFIRMING_READ),
        (UPDATE, NO_CONFIG, None, CONFIRMING_READ),
        (UPDATE, ok(CHANGED), READ, UPDATED),
        (GET, ok(OTHER), READ, UNKNOWN),
        (GET, NO_CONFIG, READ, UNKNOWN),
        (GET, DENIED, READ, UNKNOWN),
        (GET, ok(CHANGED), READ, UPDATED),
        (GET, ok(CONFIG), READ, "Update"),
    ],
)
def test_the_step_while_a_change_may_have_been_made(
    call: Call,
    answer: Answer,
    read: ReadConfig | None,
    end: Step | tuple[Status, str | None] | str,
) -> None:
    job = msgspec.structs.replace(JOB, before_snapshot=HAD, expected=HAD, may_be_sent=True)
    step = step_in_doubt(job, READ_FIRST, call, answer, read=read, doubt=DOUBT)
    if isinstance(end, Step):
        assert step is end
    elif isinstance(end, str):
        assert isinstance(step.then, Call)
        assert step.then.operation is Operation.UPDATE
    else:
        assert isinstance(step.then, Decision)
        assert (step.then.status, step.then.code) == end


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (DENIED, UNKNOWN),
        (ok(CHANGED), UPDATED),
        (ok(OTHER), (Status.FAILED, CHANGED_SINCE)),
        (NO_CONFIG, (Status.FAILED, CHANGED_SINCE)),
    ],
)
def test_a_change_of_a_killed_session_that_cannot_be_read_is_unknown(
    answer: Answer, end: tuple[Status, str | None]
) -> None:
    job = msgspec.structs.replace(JOB, before_snapshot=HAD, expected=HAD, may_be_sent=True)
    doubt = first_doubt(job, READ_FIRST)
    assert doubt is not None
    step = step_in_doubt(job, READ_FIRST, GET, answer, read=None, doubt=doubt)
    assert isinstance(step.then, Decision)
    assert (step.then.status, step.then.code) == end
    assert first_doubt(JOB, READ_FIRST) is None
    assert first_doubt(job, Verify()) is None


@settings(deadline=None, max_examples=50)
@given(configured)
def test_a_read_that_shows_no_change_goes_on(had: Settings) -> None:
    read = ReadConfig(had, had.to_api())
    job = msgspec.structs.replace(JOB, before_snapshot=had, expected=had, may_be_sent=True)
    step = step_in_doubt(job, READ_FIRST, GET, ok(had.to_api()), read=read, doubt=DOUBT)
    if goal_snapshot(WISH, had, READ_FIRST) != had:
        assert isinstance(step.then, Call)
        assert step.read is not None
