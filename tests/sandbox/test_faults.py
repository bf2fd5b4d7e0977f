"""Faults: what is drawn, and what a client gets to see of it."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox import Faults, SandboxOptions
from bulkeic.sandbox.behavior.faults import Mishap, draw, faults_from_json, faults_to_json

from .sandbox_client import Running, refusal, update_bytes

chances = st.floats(0, 1)
all_faults = st.builds(
    Faults,
    slow=chances,
    slow_s=st.floats(0, 100),
    retry_after_s=st.none() | st.floats(0, 100),
    **{mishap.value: chances for mishap in Mishap},
)


@given(faults=all_faults, seed=st.integers())
def test_a_seed_repeats_itself(faults: Faults, seed: int) -> None:
    one, two = Random(seed), Random(seed)
    assert [draw(one, faults) for _ in range(20)] == [draw(two, faults) for _ in range(20)]


@given(before=all_faults, faults=all_faults, seed=st.integers())
def test_a_draw_does_not_depend_on_those_before(before: Faults, faults: Faults, seed: int) -> None:
    one, two = Random(seed), Random(seed)
    draw(one, before)
    draw(two, Faults())
    assert draw(one, faults) == draw(two, faults)


@pytest.mark.parametrize("mishap", Mishap)
def test_what_is_certain_strikes_unless_an_earlier_one_does(mishap: Mishap) -> None:
    order = list(Mishap)
    later = {other.value: 1.0 for other in order[order.index(mishap) :]}
    assert draw(Random(0), Faults(**later)).mishap is mishap


def test_what_is_impossible_does_not_strike() -> None:
    dice = Random(0)
    assert all(draw(dice, Faults()).mishap is None for _ in range(1000))


def test_probabilities_are_kept() -> None:
    dice, faults = Random(1), Faults(conflict=0.25, slow=0.5, slow_s=3)
    fates = [draw(dice, faults) for _ in range(10_000)]
    assert 2300 < sum(fate.mishap is Mishap.CONFLICT for fate in fates) < 2700
    assert 4700 < sum(fate.slow_s == 3 for fate in fates) < 5300


@given(faults=all_faults)
def test_faults_survive_json(faults: Faults) -> None:
    assert faults_from_json(faults_to_json(faults)) == faults


@pytest.mark.parametrize(
    "data",
    [[], {"thottle": 1}, {"throttle": True}, {"throttle": "1"}, {"throttle": 2}, {"slow_s": -1},
     {"throttle": None}, {"error": float("nan")}],
)  # fmt: skip
def test_faults_that_are_none(data: Any) -> None:
    with pytest.raises(ValueError, match=r"not|unknown"):
        faults_from_json(data)


@pytest.mark.parametrize(
    "options",
    [{"rate": 0}, {"rate": -1}, {"burst": 0}, {"session_duration_s": -1}, {"port": 65536}],
)
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        SandboxOptions(**options)


def retries(running: Running) -> Any:
    state = running.window("GET", "state")[1]
    return state["123456789012/us-east-1"]["fn"]["$LATEST"]["MaximumRetryAttempts"]


def striking(start: Callable[..., Running], **faults: Any) -> Running:
    running = start(faults=Faults(**faults))
    running.hold("fn")
    return running


def update(running: Running, **config: Any) -> Any:
    return running.client(**config).update_function_event_invoke_config


@pytest.mark.parametrize(
    ("fault", "code", "status", "keys"),
    [
        ("throttle", "TooManyRequestsException", 429, ["Reason", "Type", "message"]),
        ("conflict", "ResourceConflictException", 409, ["Type", "message"]),
        ("refuse", "AccessDeniedException", 403, ["Message"]),
        ("error", "ServiceException", 500, ["Type", "Message"]),
    ],
)
def test_errors_that_strike(
    start: Callable[..., Running], fault: str, code: str, status: int, keys: list[str]
) -> None:
    running = striking(start, **{fault: 1.0})
    got = refusal(update(running), FunctionName="fn", MaximumRetryAttempts=1)
    assert (got.code, got.status, list(got.body)) == (code, status, keys)
    assert retries(running) == 2


def test_a_refusal_says_who_may_not_do_what(start: Callable[..., Running]) -> None:
    running = striking(start, refuse=1.0)
    got = refusal(update(running), FunctionName="fn:live", MaximumRetryAttempts=1)
    assert got.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert got.message == (
        "User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform: "
        "lambda:UpdateFunctionEventInvokeConfig on resource: "
        "arn:aws:lambda:us-east-1:123456789012:function:fn:live because no identity-based policy "
        "allows the lambda:UpdateFunctionEventInvokeConfig action"
    )
    refused = refusal(running.client().list_functions)
    assert "ListFunctions on resource: * because" in refused.message


def test_a_refused_call_takes_quota(start: Callable[..., Running]) -> None:
    running = start(rate=1e-6, burst=1, faults=Faults(refuse=1.0))
    assert running.talk(update_bytes("fn")).startswith(b"HTTP/1.1 403")
    assert running.talk(update_bytes("fn")).startswith(b"HTTP/1.1 429")


def test_a_conflict_strikes_only_what_would_change_something(start: Callable[..., Running]) -> None:
    running = striking(start, conflict=1.0)
    running.client().get_function_event_invoke_config(FunctionName="fn")
    running.client().list_function_event_invoke_configs(FunctionName="fn")
    assert refusal(update(running), FunctionName="no", MaximumRetryAttempts=1).status == 404
    delete = running.client().delete_function_event_invoke_config
    assert refusal(delete, FunctionName="fn").status == 409


def test_a_drawn_throttle_takes_no_token(start: Callable[..., Running]) -> None:
    running = start(rate=1e-6, burst=1, faults=Faults(throttle=1.0))
    running.hold("fn")
    assert running.talk(update_bytes("fn")).startswith(b"HTTP/1.1 429")
    running.window("PUT", "faults", {})
    assert running.talk(update_bytes("fn")).startswith(b"HTTP/1.1 200")


def test_retry_after_is_whole_seconds(start: Callable[..., Running]) -> None:
    running = striking(start, throttle=1.0, retry_after_s=1.2)
    got = refusal(update(running), FunctionName="fn", MaximumRetryAttempts=1)
    assert got.headers["retry-after"] == "2"


@pytest.mark.parametrize(("fault", "left"), [("cut_before", 2), ("cut_after", 1)])
def test_cut_connections(start: Callable[..., Running], fault: str, left: int) -> None:
    running = striking(start, **{fault: 1.0})
    with pytest.raises(ConnectionClosedError):
        update(running)(FunctionName="fn", MaximumRetryAttempts=1)
    assert running.talk(update_bytes("fn")) == b""
    assert retries(running) == left
    assert running.stats()["by_status"] == {"cut": 2}


def test_calls_that_hang(start: Callable[..., Running]) -> None:
    running = striking(start, hang=1.0)
    with pytest.raises(ReadTimeoutError):
        update(running, read_timeout=0.1)(FunctionName="fn", MaximumRetryAttempts=1)
    assert retries(running) == 2
    stats = running.until(lambda stats: stats["calls"] == 1 and stats["in_flight"] == 0)
    assert stats["by_status"] == {"hang": 1}
    assert stats["in_flight_max"] == 1


def test_truncated_answers(start: Callable[..., Running]) -> None:
    running = striking(start, truncated=1.0)
    answer = running.talk(update_bytes("fn", close=False))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]) > len(body) > 0
    assert retries(running) == 1


def test_garbage(start: Callable[..., Running]) -> None:
    running = striking(start, garbage=1.0)
    answer = running.talk(update_bytes("fn"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"<html>" in answer
    assert retries(running) == 1


def test_slow_answers_come(start: Callable[..., Running]) -> None:
    running = striking(start, slow=1.0, slow_s=0.05)
    update(running)(FunctionName="fn", MaximumRetryAttempts=1)
    assert retries(running) == 1


def test_a_scenario_repeats_itself(start: Callable[..., Running]) -> None:
    faults = Faults(throttle=0.2, conflict=0.2, error=0.2, cut_before=0.1, garbage=0.2)

    def answers(seed: int) -> list[str]:
        running = start(faults=faults, seed=seed)
        running.hold("fn")
        raw = (running.talk(update_bytes("fn")) for _ in range(60))
        return [answer.decode().partition("\r\n")[0] + answer.decode()[-20:] for answer in raw]

    def shape(seed: int) -> list[str]:
        return [line[:12] for line in answers(seed)]

    assert shape(7) == shape(7) != shape(8)
