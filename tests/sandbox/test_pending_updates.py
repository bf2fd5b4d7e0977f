"""Writes during other writes, and destinations that have not propagated."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox import Faults
from bulkeic.sandbox.behavior.destination_checks import DestinationPropagation
from bulkeic.sandbox.behavior.pending_updates import PendingUpdates
from bulkeic.sandbox.protocol.aws_errors import AwsError
from bulkeic.sandbox.state.invoke_settings import DestinationPair

from .sandbox_client import ACCOUNT, REGION, StartSandbox, expect_error, update_bytes

FUNCTION = (ACCOUNT, REGION, "fn")
FN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:fn"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"


def test_a_write_is_pending_until_it_is_answered() -> None:
    pending = PendingUpdates()
    assert not pending.is_pending(FUNCTION, 0.0)
    pending.start(FUNCTION)
    assert pending.is_pending(FUNCTION, 1e9)
    assert not pending.is_pending((ACCOUNT, "eu-west-1", "fn"), 1e9)
    pending.finish(FUNCTION, 1e9, 0.0)
    assert not pending.is_pending(FUNCTION, 1e9)


@given(settle=st.floats(0.001, 1000), at=st.floats(0, 1e6))
def test_a_write_stays_pending_while_it_settles(settle: float, at: float) -> None:
    pending = PendingUpdates()
    pending.start(FUNCTION)
    pending.finish(FUNCTION, at, settle)
    assert pending.is_pending(FUNCTION, at + settle * 0.99)
    assert not pending.is_pending(FUNCTION, at + settle)


def test_settled_writes_are_forgotten() -> None:
    pending = PendingUpdates()
    for number in range(10_000):
        pending.start((ACCOUNT, REGION, f"fn-{number}"))
        pending.finish((ACCOUNT, REGION, f"fn-{number}"), float(number), 1.0)
    assert len(pending) < 2000


def test_an_update_during_another_one_conflicts(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(faults=Faults(latency_s=3600))
    sandbox.add_function("fn")
    aws = sandbox.client()
    update = aws.update_function_event_invoke_config
    with sandbox.connect() as first:
        first.sendall(update_bytes("fn", b'{"MaximumRetryAttempts":0}'))
        sandbox.wait_for_stats(lambda stats: bool(stats["in_flight"]))
        sandbox.admin("PUT", "faults", {})
        got = expect_error(update, FunctionName="fn", MaximumRetryAttempts=1)
        assert (got.code, got.status) == ("ResourceConflictException", 409)
        assert list(got.body) == ["Type", "message"]
        assert got.message == (
            f"The EventInvokeConfig for function {FN}:$LATEST could not be updated due to a "
            "concurrent update operation."
        )
        read = aws.get_function_event_invoke_config(FunctionName="fn")
        assert read["MaximumRetryAttempts"] == 0
    # A client that hangs up does not block the function.
    sandbox.wait_for_stats(lambda stats: not stats["in_flight"])
    update(FunctionName="fn", MaximumRetryAttempts=1)


def test_an_update_after_a_reply_succeeds(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(faults=Faults(latency_s=0.002))
    sandbox.add_function("fn")
    answers = [sandbox.send_raw(update_bytes("fn")) for _ in range(50)]
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)


def test_a_write_while_another_one_settles_conflicts(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(faults=Faults(settle_s=3600))
    sandbox.add_function("fn")
    aws = sandbox.client()
    aws.update_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1)
    for name in ("update", "put"):
        call = getattr(aws, f"{name}_function_event_invoke_config")
        assert expect_error(call, FunctionName="fn", MaximumRetryAttempts=1).status == 409
    assert expect_error(aws.delete_function_event_invoke_config, FunctionName="fn").status == 409
    aws.get_function_event_invoke_config(FunctionName="fn")


def test_a_refused_update_is_not_pending(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(faults=Faults(settle_s=3600))
    sandbox.add_function("fn")
    update = sandbox.client().update_function_event_invoke_config
    assert expect_error(update, FunctionName="fn").status == 400
    update(FunctionName="fn", MaximumRetryAttempts=1)


def is_valid(propagation: DestinationPropagation, now_s: float, *arns: str) -> bool:
    arns = tuple(arn and f"arn:aws:sqs:{REGION}:{ACCOUNT}:{arn}" for arn in arns)
    failure, success = (*arns, None)[:2]
    try:
        propagation.check(DestinationPair(failure, success), int(now_s * 1000), 10.0)
    except AwsError:
        return False
    return True


def test_a_destination_is_valid_after_propagation() -> None:
    propagation = DestinationPropagation()
    assert not is_valid(propagation, 100, "a")
    assert not is_valid(propagation, 109.9, "a")
    assert not is_valid(propagation, 110, "a", "b")
    assert is_valid(propagation, 110, "a")
    assert is_valid(propagation, 120, "a", "b")
    assert is_valid(propagation, 120, "", "a")


def test_the_oldest_destination_is_forgotten_first() -> None:
    propagation = DestinationPropagation(limit=3)
    for arn in "abcd":
        assert not is_valid(propagation, 0, arn)
    assert [is_valid(propagation, 10, arn) for arn in "bcd"] == [True] * 3
    assert not is_valid(propagation, 10, "a")


def test_a_new_destination_is_refused(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(faults=Faults(iam_propagation_s=3600))
    sandbox.add_function("fn")
    update = sandbox.client().update_function_event_invoke_config
    config: dict[str, Any] = {"OnFailure": {"Destination": QUEUE}}
    got = expect_error(update, FunctionName="fn", DestinationConfig=config)
    assert (got.code, got.status) == ("InvalidParameterValueException", 400)
    assert got.message == (
        f"The function's execution role does not have permissions to call SendMessage on {QUEUE}"
    )
    update(FunctionName="fn", DestinationConfig={})
    update(FunctionName="fn", MaximumRetryAttempts=1)
    sandbox.admin("PUT", "faults", {})
    update(FunctionName="fn", DestinationConfig=config)
