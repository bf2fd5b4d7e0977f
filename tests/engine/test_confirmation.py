"""``failed`` means not changed: a change without a clear answer is confirmed by a read."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.change.confirmation import OUTCOME_UNKNOWN
from bulkeic.core.change.policy import Apply, Policy
from bulkeic.core.change.snapshot import ABSENT, snapshot_of
from bulkeic.core.model import Failure, Fault, Operation, Settings, Status
from tests.core.example_configs import Aws, images

from .call_audit import Run
from .engine_runs import run
from .example_jobs import fleet, job
from .fake_lambda import CONFLICT, REFUSED, SERVER, THROTTLED, TIMEOUT, Sent, Server

HAD, GOAL = Settings(2, None, "", ""), Settings(1, None, "", "")
READ, CREATE = Apply(before_image=True), Apply(create_missing=True)
GARBAGE = Failure(Fault.SERVER, "ResponseParserError", "not JSON", 200)
MISMATCH = Failure(Fault.CONNECTION, "AnswerMismatch", "of another function", 200)
DENIED = Failure(Fault.DENIED, "AccessDeniedException", "not authorized", 403, "r-403")
INVALID = Failure(Fault.REFUSED, "ValidationException", "out of range", 400, "r-400")
AMBIGUOUS = (GARBAGE, MISMATCH, SERVER, TIMEOUT)
GET = Operation.GET


def change(
    policy: Policy,
    answers: list[Failure | None],
    *,
    made: bool,
    had: Settings = HAD,
    read_fails: Failure | None = None,
) -> tuple[Run, Aws]:
    """Change one target; the attempts of the change get these answers, later ones the last one.

    Args:
        policy: of the run.
        answers: of the attempts.
        made: whether the changes are carried out nevertheless.
        had: what the target has at first.
        read_fails: the answer of each read after a change; ``None``: it succeeds.
    """
    aws = Aws()
    aws.have(had, "fn-0")
    changes = 0

    def fault(call: Sent) -> Failure | None:
        nonlocal changes
        if not call.changes:
            return read_fails if changes else None
        changes += 1
        return answers[min(changes, len(answers)) - 1]

    # The calls of others answer, so that the lane is not taken for unresponsive.
    others = fleet(1, 400)[1:]
    for each in others:
        aws.have(GOAL, each.target.function)

    def fault_of_one(call: Sent) -> Failure | None:
        return fault(call) if call.job.seq == 0 else None

    server = Server(
        aws=aws,
        fault=fault_of_one,
        carries_out=lambda call, _: made and call.changes and call.job.seq == 0,
    )
    return run([job(0), *others], server, policy=policy, max_attempts=3), aws


@pytest.mark.parametrize("failure", AMBIGUOUS, ids=lambda failure: failure.code)
@pytest.mark.parametrize("policy", [Apply(), READ], ids=["plain", "read first"])
def test_a_change_that_was_made_is_updated(policy: Policy, failure: Failure) -> None:
    done, aws = change(policy, [failure], made=True)
    outcome = done.of(0)
    assert snapshot_of(aws.config("fn-0")) == GOAL
    assert (outcome.status, outcome.error_code) == (Status.UPDATED, None)
    assert outcome.error_message is not None
    assert outcome.error_message.startswith("the change is made; its call ended with ")
    assert snapshot_of(outcome.config) == GOAL


@pytest.mark.parametrize("failure", AMBIGUOUS, ids=lambda failure: failure.code)
@pytest.mark.parametrize("policy", [Apply(), READ], ids=["plain", "read first"])
def test_a_change_that_was_not_made_is_failed(policy: Policy, failure: Failure) -> None:
    done, aws = change(policy, [failure], made=False)
    outcome = done.of(0)
    assert snapshot_of(aws.config("fn-0")) == HAD
    assert (outcome.status, outcome.error_code) == (Status.FAILED, failure.code)
    assert outcome.error_message == failure.message


@pytest.mark.parametrize("read_fails", [DENIED, SERVER], ids=["denied", "server"])
@pytest.mark.parametrize("made", [True, False], ids=["made", "not made"])
@pytest.mark.parametrize("policy", [Apply(), READ], ids=["plain", "read first"])
def test_a_change_that_cannot_be_confirmed_is_unknown(
    policy: Policy,
    made: bool,  # noqa: FBT001
    read_fails: Failure,
) -> None:
    done, _ = change(policy, [GARBAGE], made=made, read_fails=read_fails)
    outcome = done.of(0)
    assert (outcome.status, outcome.error_code) == (Status.UNKNOWN, OUTCOME_UNKNOWN)
    assert outcome.config is None
    reads = [call for call in done.server.attempts(0) if not call.changes]
    assert len(reads) == (1 if read_fails is DENIED else 3) + (policy == READ)
    assert done.engine.stopped_lanes() == {}


def test_a_confirming_read_is_retried_like_any_call() -> None:
    aws, answers = Aws(), [TIMEOUT, SERVER, THROTTLED, None]
    aws.have(HAD, "fn-0")
    server = Server(
        aws=aws,
        fault=lambda call: GARBAGE if call.changes else answers[call.attempt - 1],
        carries_out=lambda call, _: call.changes,
    )
    done = run([job(0)], server, max_attempts=3)
    assert done.of(0).status is Status.UPDATED
    assert [call.call.operation for call in server.calls][-4:] == [GET] * 4


@pytest.mark.parametrize("refusal", [REFUSED, DENIED], ids=["refused", "denied"])
@pytest.mark.parametrize("made", [True, False], ids=["made", "not made"])
def test_a_refusal_after_an_unclear_answer_is_confirmed_too(made: bool, refusal: Failure) -> None:  # noqa: FBT001
    done, _ = change(READ, [GARBAGE, refusal], made=made)
    outcome = done.of(0)
    if made:
        assert outcome.status is Status.UPDATED
    else:
        assert (outcome.status, outcome.error_code) == (Status.FAILED, refusal.code)
        assert outcome.http_status == refusal.http_status


@pytest.mark.parametrize("failure", [REFUSED, DENIED, CONFLICT], ids=lambda failure: failure.code)
def test_a_clear_refusal_costs_no_read(failure: Failure) -> None:
    aws = Aws()
    aws.have(HAD, "fn-0")
    server = Server(aws=aws, fault=lambda _: failure)
    done = run([job(0)], server, throttle_budget_s=10.0)
    assert done.of(0).status is Status.FAILED
    assert {call.call.operation for call in server.calls} == {Operation.UPDATE}


def test_a_call_without_a_connection_costs_no_read() -> None:
    refused = Failure(Fault.TIMEOUT, "ConnectTimeoutError", "no connection")
    done, aws = change(Apply(), [refused], made=False)
    assert done.of(0).status is Status.FAILED
    assert GET not in aws.calls


def test_a_configuration_that_a_lost_put_created_is_created() -> None:
    missing = Failure(Fault.REFUSED, "ResourceNotFoundException", "none", 404)
    for policy, answers in ((CREATE, [missing, GARBAGE]), (READ, [GARBAGE])):
        changing = msgspec.structs.replace(policy, create_missing=True)
        done, aws = change(changing, list(answers), made=True, had=ABSENT)
        assert snapshot_of(aws.config("fn-0")) == GOAL
        assert done.of(0).status is Status.CREATED


def test_a_target_that_others_changed_meanwhile_is_unknown() -> None:
    aws = Aws()
    aws.have(HAD, "fn-0")
    theirs = Settings(0, 90, "", "")

    def fault(call: Sent) -> Failure | None:
        if call.changes:
            aws.have(theirs, "fn-0")
            return GARBAGE
        return None

    done = run([job(0)], Server(aws=aws, fault=fault), policy=READ, max_attempts=1)
    outcome = done.of(0)
    assert (outcome.status, outcome.error_code) == (Status.UNKNOWN, OUTCOME_UNKNOWN)
    assert snapshot_of(outcome.config) == theirs
    assert snapshot_of(outcome.before) == HAD


def test_unknown_outcomes_count_as_failures() -> None:
    jobs, aws = fleet(1, 20), Aws()
    for each in jobs:
        aws.have(HAD, each.target.function)
    server = Server(aws=aws, fault=lambda call: GARBAGE if call.changes else DENIED)
    done = run(jobs, server, max_attempts=1, max_failures=5, concurrency=1)
    assert done.engine.stopped == "5 failed, the maximum allowed"
    assert done.statuses() == {Status.UNKNOWN: 5}


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    failure_rate=st.floats(0, 0.9),
    policy=st.builds(Apply, before_image=st.booleans(), create_missing=st.booleans()),
    had=images,
    max_attempts=st.integers(1, 4),
)
def test_no_outcome_is_false(
    seed: int, failure_rate: float, policy: Apply, had: Settings, max_attempts: int
) -> None:
    rng, aws, jobs = random.Random(seed), Aws(), fleet(1, 6)
    for each in jobs:
        aws.have(had, each.target.function)
    # No timeouts: while nothing answers, attempts do not count, and runs get long.
    faults = [GARBAGE, MISMATCH, SERVER, INVALID, THROTTLED]
    server = Server(
        aws=aws,
        fault=lambda _: rng.choice(faults) if rng.random() < failure_rate else None,
        carries_out=lambda call, failure: (
            call.changes and failure in AMBIGUOUS and rng.random() < 0.5
        ),
    )
    done = run(jobs, server, policy=policy, max_attempts=max_attempts, concurrency=4)
    for each in jobs:
        outcome = done.of(each.seq)
        now = snapshot_of(aws.config(each.target.function))
        if outcome.status in {Status.UPDATED, Status.CREATED}:
            assert now == snapshot_of(outcome.config)
            assert now.maximum_retry_attempts == 1
        elif outcome.status is Status.FAILED:
            assert now == had
