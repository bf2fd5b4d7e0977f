"""Changes that meet each other, and destinations that are new."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox import Faults
from bulkeic.sandbox.behavior.destination_checks import Propagation
from bulkeic.sandbox.behavior.pending_updates import PendingUpdates
from bulkeic.sandbox.protocol.aws_errors import AwsError
from bulkeic.sandbox.state.invoke_settings import DestinationPair

from .sandbox_client import ACCOUNT, REGION, Running, refusal, update_bytes

FN = (ACCOUNT, REGION, "fn")
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"


def test_a_change_goes_on_until_it_is_answered() -> None:
    changes = PendingUpdates()
    assert not changes.go_on(FN, 0.0)
    changes.begin(FN)
    assert changes.go_on(FN, 1e9)
    assert not changes.go_on((ACCOUNT, "eu-west-1", "fn"), 1e9)
    changes.end(FN, 1e9, 0.0)
    assert not changes.go_on(FN, 1e9)


@given(settle=st.floats(0.001, 1000), at=st.floats(0, 1e6))
def test_a_change_settles(settle: float, at: float) -> None:
    changes = PendingUpdates()
    changes.begin(FN)
    changes.end(FN, at, settle)
    assert changes.go_on(FN, at + settle * 0.99)
    assert not changes.go_on(FN, at + settle)


def test_changes_that_have_settled_are_forgotten() -> None:
    changes = PendingUpdates()
    for number in range(10_000):
        changes.begin((ACCOUNT, REGION, f"fn-{number}"))
        changes.end((ACCOUNT, REGION, f"fn-{number}"), float(number), 1.0)
    assert len(changes) < 2000


def test_an_update_that_meets_another_one(start: Callable[..., Running]) -> None:
    running = start(faults=Faults(latency_s=3600))
    running.hold("fn")
    aws = running.client()
    update = aws.update_function_event_invoke_config
    with running.connect() as first:
        first.sendall(update_bytes("fn", b'{"MaximumRetryAttempts":0}'))
        running.until(lambda stats: bool(stats["in_flight"]))
        running.window("PUT", "faults", {})
        got = refusal(update, FunctionName="fn", MaximumRetryAttempts=1)
        assert (got.code, got.status) == ("ResourceConflictException", 409)
        assert list(got.body) == ["Type", "message"]
        assert got.message is not None
        assert "concurrent update operation" in got.message
        read = aws.get_function_event_invoke_config(FunctionName="fn")
        assert read["MaximumRetryAttempts"] == 0
    # Who hangs up does not hold the function for ever.
    running.until(lambda stats: not stats["in_flight"])
    update(FunctionName="fn", MaximumRetryAttempts=1)


def test_an_update_after_an_answer_meets_none(start: Callable[..., Running]) -> None:
    running = start(faults=Faults(latency_s=0.002))
    running.hold("fn")
    answers = [running.talk(update_bytes("fn")) for _ in range(50)]
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)


def test_an_update_while_another_one_settles(start: Callable[..., Running]) -> None:
    running = start(faults=Faults(settle_s=3600))
    running.hold("fn")
    aws = running.client()
    aws.update_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1)
    for name in ("update", "put"):
        call = getattr(aws, f"{name}_function_event_invoke_config")
        assert refusal(call, FunctionName="fn", MaximumRetryAttempts=1).status == 409
    assert refusal(aws.delete_function_event_invoke_config, FunctionName="fn").status == 409
    aws.get_function_event_invoke_config(FunctionName="fn")


def test_a_refused_update_holds_nothing(start: Callable[..., Running]) -> None:
    running = start(faults=Faults(settle_s=3600))
    running.hold("fn")
    update = running.client().update_function_event_invoke_config
    assert refusal(update, FunctionName="fn").status == 400
    update(FunctionName="fn", MaximumRetryAttempts=1)


def sent(propagation: Propagation, now_s: float, *arns: str) -> bool:
    failure, success = (*arns, None)[:2]
    try:
        propagation.check(DestinationPair(failure, success), int(now_s * 1000), 10.0)
    except AwsError:
        return False
    return True


def test_a_destination_propagates() -> None:
    propagation = Propagation()
    assert not sent(propagation, 100, "a")
    assert not sent(propagation, 109.9, "a")
    assert not sent(propagation, 110, "a", "b")
    assert sent(propagation, 110, "a")
    assert sent(propagation, 120, "a", "b")
    assert sent(propagation, 120, "", "a")


def test_what_is_forgotten_is_the_oldest() -> None:
    propagation = Propagation(limit=3)
    for arn in "abcd":
        assert not sent(propagation, 0, arn)
    assert [sent(propagation, 10, arn) for arn in "bcd"] == [True] * 3
    assert not sent(propagation, 10, "a")


def test_a_new_destination_is_refused(start: Callable[..., Running]) -> None:
    running = start(faults=Faults(iam_propagation_s=3600))
    running.hold("fn")
    update = running.client().update_function_event_invoke_config
    config: dict[str, Any] = {"OnFailure": {"Destination": QUEUE}}
    got = refusal(update, FunctionName="fn", DestinationConfig=config)
    assert (got.code, got.status) == ("InvalidParameterValueException", 400)
    assert got.message is not None
    assert "does not have permissions" in got.message
    update(FunctionName="fn", DestinationConfig={})
    update(FunctionName="fn", MaximumRetryAttempts=1)
    running.window("PUT", "faults", {})
    update(FunctionName="fn", DestinationConfig=config)
