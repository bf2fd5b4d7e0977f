"""An answer that can belong to another call is not an answer of this one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.aws.answers.answer_identity import error_problem, names_target, role_session_problem
from bulkeic.core.listing import LISTS
from bulkeic.core.model import (
    CLEARED,
    LATEST,
    Call,
    Failure,
    Fault,
    Job,
    Lane,
    Operation,
    Settings,
    SourceLine,
    Success,
    Target,
)
from tests.aws.both_clients import LANE, BothClients, make_job, make_listing

from .test_responses import ARN, CONFIG, FUNCTION, respond

QUEUE = "arn:aws:sqs:us-east-1:123456789012:dead"
OTHER_ARNS = (
    ARN.replace("function:f", "function:g"),
    ARN.replace("$LATEST", "live"),
    ARN.replace("123456789012", "210987654321"),
    ARN.replace("us-east-1", "us-east-2"),
    ARN.replace(":lambda:", ":sqs:"),
    ARN + ":x",
    "f",
    "",
)
MISSING = "Function not found: {}"
NO_CONFIG = "The function {} doesn't have an EventInvokeConfig"
names = st.text("abc", min_size=1, max_size=2)
targets = st.builds(
    Target,
    st.builds(Lane, st.sampled_from(("1" * 12, "2" * 12)), st.sampled_from(("r-1", "r-2"))),
    names,
    st.sampled_from((LATEST, "live", "1")),
)


def is_mismatch(answer: object) -> bool:
    if not isinstance(answer, Failure):
        return False
    assert (answer.fault, answer.code, answer.sent) == (Fault.SERVER, "AnswerMismatch", True)
    return True


@given(asked=targets, answered=targets)
def test_an_arn_names_its_own_target_alone(asked: Target, answered: Target) -> None:
    assert names_target(f"{answered.arn}:{answered.qualifier}", asked) == (asked == answered)


@pytest.mark.parametrize("arn", OTHER_ARNS)
@pytest.mark.parametrize("operation", [Operation.GET, Operation.UPDATE, Operation.PUT])
def test_a_configuration_of_another_function_is_not_an_answer(
    clients: BothClients, operation: Operation, arn: str
) -> None:
    response = respond(200, CONFIG | {"FunctionArn": arn})

    _, answer = clients.run(clients.responses(response, make_job("f"), operation))

    assert is_mismatch(answer)


@pytest.mark.parametrize("arn", [each for each in OTHER_ARNS if each])
def test_another_function_is_not_an_answer_of_get_function(clients: BothClients, arn: str) -> None:
    response = respond(200, FUNCTION | {"Configuration": {"FunctionArn": arn}})

    _, answer = clients.run(clients.responses(response, make_job("f"), Operation.GET_FUNCTION))

    assert is_mismatch(answer)


@pytest.mark.parametrize(
    ("arn", "qualifier"),
    [
        (ARN, LATEST),
        (ARN.removesuffix(":$LATEST"), LATEST),
        (ARN.replace("arn:aws:", "arn:aws-cn:"), LATEST),
        (ARN.replace("$LATEST", "live"), "live"),
        (ARN.replace("$LATEST", "7"), "7"),
    ],
)
def test_every_form_of_the_functions_own_arn_is_accepted(
    clients: BothClients, arn: str, qualifier: str
) -> None:
    job = make_job("f", qualifier)
    response = respond(200, CONFIG | {"FunctionArn": arn})
    _, answer = clients.run(clients.responses(response, job, Operation.GET))
    assert isinstance(answer, Success)

    response = respond(200, {"Configuration": {"FunctionArn": ARN.removesuffix(":$LATEST")}})
    _, answer = clients.run(clients.responses(response, job, Operation.GET_FUNCTION))
    assert isinstance(answer, Success)


@pytest.mark.parametrize(
    ("operation", "sent", "is_it"),
    [
        (Operation.UPDATE, Settings(1), True),
        (Operation.UPDATE, Settings(2), False),
        (Operation.UPDATE, Settings(None, 3600), True),
        (Operation.UPDATE, Settings(1, 60), False),
        (Operation.UPDATE, Settings(on_success=CLEARED), True),
        (Operation.UPDATE, Settings(on_failure=CLEARED), False),
        (Operation.UPDATE, Settings(1, 3600, CLEARED, QUEUE), True),
        (Operation.UPDATE, Settings(1, 3600, QUEUE, QUEUE), False),
        (Operation.PUT, Settings(1, 3600, CLEARED, QUEUE), True),
        (Operation.PUT, Settings(1, 3600, None, QUEUE), True),
        (Operation.PUT, Settings(1, None, CLEARED, QUEUE), False),
        (Operation.PUT, Settings(1, 3600), False),
    ],
)
def test_the_answer_to_a_change_shows_what_was_sent(
    clients: BothClients, operation: Operation, sent: Settings, *, is_it: bool
) -> None:
    job = make_job("f", settings=sent)

    _, answer = clients.run(clients.responses(respond(200, CONFIG), job, operation))

    assert is_mismatch(answer) != is_it


def test_a_put_may_show_defaults_for_what_it_did_not_send(clients: BothClients) -> None:
    shown = {"FunctionArn": ARN, "LastModified": 1, "MaximumEventAgeInSeconds": 21600}
    response = respond(200, shown | {"MaximumRetryAttempts": 2})
    job = make_job("f", settings=Settings(2))

    _, answer = clients.run(clients.responses(response, job, Operation.PUT))

    assert isinstance(answer, Success)


def job_of(operation: Operation) -> Job:
    return make_listing(operation) if operation in LISTS else make_job("f")


@pytest.mark.parametrize("status", [403, 404, 409])
@pytest.mark.parametrize("operation", list(Operation))
def test_an_error_that_names_another_function_is_not_an_answer(
    clients: BothClients, operation: Operation, status: int
) -> None:
    job = job_of(operation)
    for arn in OTHER_ARNS[:4]:
        response = respond(status, {"Message": MISSING.format(arn), "code": "OddException"})
        _, answer = clients.run(clients.responses(response, job, operation))
        assert is_mismatch(answer), arn

    response = respond(status, {"Message": MISSING.format(ARN), "code": "OddException"})
    _, answer = clients.run(clients.responses(response, job, operation))
    assert isinstance(answer, Failure)
    # The list of all functions is of none of them.
    is_of_function = operation is not Operation.LIST_FUNCTIONS
    assert answer.code == ("OddException" if is_of_function else "AnswerMismatch")


@pytest.mark.parametrize("operation", list(Operation))
def test_a_missing_configuration_is_no_answer_to_a_call_that_needs_none(
    clients: BothClients, operation: Operation
) -> None:
    response = respond(404, {"Type": "User", "Message": NO_CONFIG.format(ARN)})

    _, answer = clients.run(clients.responses(response, job_of(operation), operation))

    assert isinstance(answer, Failure)
    is_believed = operation not in {Operation.PUT, Operation.GET_FUNCTION} | LISTS
    assert answer.code == ("404" if is_believed else "AnswerMismatch")


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("The function doesn't exist.", 404),
        (f"The destination ARN {OTHER_ARNS[0]} is invalid.", 400),
        (f"Function not found: {ARN.removesuffix(':$LATEST')}", 404),
        (f"{OTHER_ARNS[0]} and {ARN}", 404),
    ],
)
def test_an_error_that_may_be_this_calls_is_believed(message: str, status: int) -> None:
    target = Job(0, SourceLine(""), "f", Target(LANE, "f"), Settings()).target
    assert error_problem(message, status, target, Call(Operation.PUT)) is None


@pytest.mark.parametrize(
    ("arn", "is_it"),
    [
        ("arn:aws:sts::111111111111:assumed-role/deploy/bulkeic", True),
        ("arn:aws:sts::222222222222:assumed-role/deploy/bulkeic", False),
        ("arn:aws:sts::111111111111:assumed-role/other/bulkeic", False),
        (None, False),
    ],
)
def test_a_role_session_is_one_of_the_role(arn: str | None, *, is_it: bool) -> None:
    role = "arn:aws:iam::111111111111:role/team/deploy"
    assert (role_session_problem(arn, role) is None) == is_it
