"""The steps of a job that reads one page of a listing."""

import pytest

from bulkeic.core.change.confirmation import doubt_after, doubt_before, first_doubt
from bulkeic.core.change.policy import Discover
from bulkeic.core.change.reconcile import NO_FUNCTION, Decision, Step, first_step, next_step
from bulkeic.core.listing import LISTS, ListingJob
from bulkeic.core.model import (
    Answer,
    Call,
    Failure,
    Fault,
    Lane,
    Operation,
    Page,
    PageRequest,
    Settings,
    SourceLine,
    Status,
    Success,
    Target,
)
from bulkeic.core.pacing.retry import RetryLimit, retry_limit

DISCOVER = Discover()
MISSING = "ResourceNotFoundException"
NOT_FOUND = Failure(Fault.REFUSED, MISSING, "Function not found: …", 404)
DENIED = Failure(Fault.DENIED, "AccessDeniedException", "User … is not authorized", 403)
NO_ANSWER = Failure(Fault.TIMEOUT, "ReadTimeoutError", "no answer within the timeout")
SENSELESS = Failure(Fault.SERVER, "AnswerMismatch", "HTTP 200, but …", 200)
LISTED = Success(200, "r", page=Page([{"FunctionName": "f"}], "next"))
EMPTY = Success(200, "r", page=Page([]))
DONE = Step(Decision(Status.UNCHANGED))


def listing(operation: Operation, marker: str = "", *, all_versions: bool = False) -> ListingJob:
    function = "" if operation is Operation.LIST_FUNCTIONS else "f"
    target = Target(Lane("123456789012", "us-east-1"), function)
    call = Call(operation, page=PageRequest(marker, all_versions))
    return ListingJob(0, SourceLine(""), function, target, Settings(), call=call)


@pytest.mark.parametrize("operation", sorted(LISTS))
def test_the_first_step_is_the_jobs_own_call(operation: Operation) -> None:
    for job in (listing(operation), listing(operation, "m"), listing(operation, all_versions=True)):
        assert first_step(job, DISCOVER) == Step(job.call)


@pytest.mark.parametrize("operation", sorted(LISTS))
@pytest.mark.parametrize("answer", [LISTED, EMPTY])
def test_a_page_ends_its_job(operation: Operation, answer: Answer) -> None:
    job = listing(operation)
    assert next_step(job, DISCOVER, job.call, answer, None) == DONE


@pytest.mark.parametrize("operation", sorted(LISTS))
@pytest.mark.parametrize("failure", [DENIED, NO_ANSWER, SENSELESS])
def test_a_failure_is_the_end_and_never_in_doubt(operation: Operation, failure: Failure) -> None:
    job = listing(operation)
    expected = Step(Decision(Status.FAILED, failure.code, failure.message))
    assert next_step(job, DISCOVER, job.call, failure, None) == expected
    assert first_doubt(job, DISCOVER) is None
    assert doubt_after(None, job.call, failure, DISCOVER) is None
    assert doubt_before(None, job.call, job.call, None) is None


@pytest.mark.parametrize(
    ("operation", "decision"),
    [
        (Operation.LIST_FUNCTIONS, Decision(Status.FAILED, MISSING, NOT_FOUND.message)),
        (Operation.LIST_ALIASES, Decision(Status.UNCHANGED, MISSING, NO_FUNCTION)),
        (Operation.LIST_CONFIGS, Decision(Status.UNCHANGED, MISSING, NO_FUNCTION)),
    ],
)
def test_a_function_that_was_deleted_meanwhile_is_no_failure(
    operation: Operation, decision: Decision
) -> None:
    job = listing(operation)
    assert next_step(job, DISCOVER, job.call, NOT_FOUND, None) == Step(decision)


@pytest.mark.parametrize(
    ("failure", "limit"),
    [
        (Failure(Fault.THROTTLED, "TooManyRequestsException", "", 429), RetryLimit.THROTTLE_BUDGET),
        (NO_ANSWER, RetryLimit.ATTEMPTS),
        (SENSELESS, RetryLimit.ATTEMPTS),
        (DENIED, RetryLimit.NEVER),
        (Failure(Fault.REFUSED, "InvalidParameterValueException", "", 400), RetryLimit.NEVER),
    ],
)
def test_a_page_is_retried_as_any_other_read(failure: Failure, limit: RetryLimit) -> None:
    assert retry_limit(failure, listing(Operation.LIST_FUNCTIONS).call) is limit


@pytest.mark.parametrize("operation", sorted(LISTS))
def test_a_list_takes_a_token_of_its_lane(operation: Operation) -> None:
    assert operation.is_metered
