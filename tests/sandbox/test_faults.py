"""Faults: which are drawn, and the replies that a client gets."""

from collections import Counter
from dataclasses import fields
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox import Faults, SandboxOptions
from bulkeic.sandbox.behavior.faults import FaultKind, draw_faults, latency_s
from bulkeic.sandbox.behavior.scenario import faults_from_json, faults_to_json
from bulkeic.sandbox.server.lambda_handler import AFTER_CALL, INSTEAD_OF_CALL

from .sandbox_client import SandboxThread, StartSandbox, expect_error, update_bytes

probabilities = st.floats(0, 1)
faults_strategy = st.builds(
    Faults,
    slow=probabilities,
    slow_s=st.floats(0, 100),
    retry_after_s=st.none() | st.floats(0, 100),
    **{kind.value: probabilities for kind in FaultKind},
)


@given(faults=faults_strategy, seed=st.integers())
def test_the_same_seed_draws_the_same_faults(faults: Faults, seed: int) -> None:
    first, second = Random(seed), Random(seed)
    assert [draw_faults(first, faults) for _ in range(20)] == [
        draw_faults(second, faults) for _ in range(20)
    ]


@given(before=faults_strategy, faults=faults_strategy, seed=st.integers())
def test_a_draw_does_not_depend_on_earlier_draws(before: Faults, faults: Faults, seed: int) -> None:
    first, second = Random(seed), Random(seed)
    draw_faults(first, before)
    draw_faults(second, Faults())
    assert draw_faults(first, faults) == draw_faults(second, faults)


@pytest.mark.parametrize("kind", FaultKind)
def test_the_first_certain_fault_of_the_table_strikes(kind: FaultKind) -> None:
    order = list(FaultKind)
    later = {other.value: 1.0 for other in order[order.index(kind) :]}
    assert draw_faults(Random(0), Faults(**later)).kind is kind


def test_an_impossible_fault_never_strikes() -> None:
    rng = Random(0)
    assert all(draw_faults(rng, Faults()).kind is None for _ in range(1000))


def test_probabilities_are_kept() -> None:
    rng, faults = Random(1), Faults(conflict=0.25, slow=0.5, slow_s=3)
    draws = [draw_faults(rng, faults) for _ in range(10_000)]
    assert 2300 < sum(drawn.kind is FaultKind.CONFLICT for drawn in draws) < 2700
    assert 4700 < sum(drawn.slow_s == 3 for drawn in draws) < 5300


def test_latencies_have_the_median_and_percentile() -> None:
    rng, faults = Random(1), Faults(latency_s=0.05, latency_p99_s=0.4)
    drawn = sorted(latency_s(rng.random(), faults) for _ in range(20_000))
    assert 0.048 < drawn[10_000] < 0.052
    assert 0.36 < drawn[19_800] < 0.44


@given(
    quantile=st.floats(0, 1, exclude_max=True),
    median=st.floats(0.001, 10),
    spread=st.floats(1, 100),
)
def test_every_quantile_has_a_positive_finite_latency(
    quantile: float, median: float, spread: float
) -> None:
    assert latency_s(quantile, Faults(latency_s=median)) == median
    assert 0 < latency_s(quantile, Faults(latency_s=median, latency_p99_s=median * spread)) < 1e30


@given(faults=faults_strategy)
def test_faults_survive_json(faults: Faults) -> None:
    assert faults_from_json(faults_to_json(faults)) == faults


@pytest.mark.parametrize(
    "data",
    [[], {"thottle": 1}, {"throttle": True}, {"throttle": "1"}, {"throttle": 2}, {"slow_s": -1},
     {"throttle": None}, {"error": float("nan")}],
)  # fmt: skip
def test_invalid_faults_are_refused(data: Any) -> None:
    with pytest.raises(ValueError, match=r"not|unknown"):
        faults_from_json(data)


@pytest.mark.parametrize(
    "options",
    [{"rate": 0}, {"rate": -1}, {"burst": 0}, {"session_duration_s": -1}, {"port": 65536}],
)
def test_options_out_of_bounds_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        SandboxOptions(**options)


def retries(sandbox: SandboxThread) -> Any:
    state = sandbox.admin("GET", "state")[1]
    return state["123456789012/us-east-1"]["fn"]["$LATEST"]["MaximumRetryAttempts"]


def sandbox_with_faults(start_sandbox: StartSandbox, **faults: Any) -> SandboxThread:
    sandbox = start_sandbox(faults=Faults(**faults))
    sandbox.add_function("fn")
    return sandbox


def update(sandbox: SandboxThread, **config: Any) -> Any:
    return sandbox.client(**config).update_function_event_invoke_config


@pytest.mark.parametrize(
    ("fault", "code", "status", "keys"),
    [
        ("throttle", "TooManyRequestsException", 429, ["Reason", "Type", "message"]),
        ("conflict", "ResourceConflictException", 409, ["Type", "message"]),
        ("refuse", "AccessDeniedException", 403, ["Message"]),
        ("error", "ServiceException", 500, ["Type", "Message"]),
    ],
)
def test_drawn_errors_change_nothing(
    start_sandbox: StartSandbox, fault: str, code: str, status: int, keys: list[str]
) -> None:
    sandbox = sandbox_with_faults(start_sandbox, **{fault: 1.0})
    got = expect_error(update(sandbox), FunctionName="fn", MaximumRetryAttempts=1)
    assert (got.code, got.status, list(got.body)) == (code, status, keys)
    assert retries(sandbox) == 2


def test_a_refusal_names_user_operation_and_resource(start_sandbox: StartSandbox) -> None:
    sandbox = sandbox_with_faults(start_sandbox, refuse=1.0)
    got = expect_error(update(sandbox), FunctionName="fn:live", MaximumRetryAttempts=1)
    assert got.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert got.message == (
        "User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform: "
        "lambda:UpdateFunctionEventInvokeConfig on resource: "
        "arn:aws:lambda:us-east-1:123456789012:function:fn:live because no identity-based policy "
        "allows the lambda:UpdateFunctionEventInvokeConfig action"
    )
    same = expect_error(
        update(sandbox), FunctionName="fn", Qualifier="live", MaximumRetryAttempts=1
    )
    assert same.message == got.message
    refused = expect_error(sandbox.client().list_functions)
    assert "ListFunctions on resource: * because" in refused.message


def test_a_refused_call_takes_quota(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(rate=1e-6, burst=1, faults=Faults(refuse=1.0))
    assert sandbox.send_raw(update_bytes("fn")).startswith(b"HTTP/1.1 403")
    assert sandbox.send_raw(update_bytes("fn")).startswith(b"HTTP/1.1 429")


def test_a_conflict_strikes_only_effective_writes(
    start_sandbox: StartSandbox,
) -> None:
    sandbox = sandbox_with_faults(start_sandbox, conflict=1.0)
    sandbox.client().get_function_event_invoke_config(FunctionName="fn")
    sandbox.client().list_function_event_invoke_configs(FunctionName="fn")
    assert expect_error(update(sandbox), FunctionName="no", MaximumRetryAttempts=1).status == 404
    delete = sandbox.client().delete_function_event_invoke_config
    assert expect_error(delete, FunctionName="fn").status == 409


def test_a_drawn_throttle_takes_no_token(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(rate=1e-6, burst=1, faults=Faults(throttle=1.0))
    sandbox.add_function("fn")
    assert sandbox.send_raw(update_bytes("fn")).startswith(b"HTTP/1.1 429")
    sandbox.admin("PUT", "faults", {})
    assert sandbox.send_raw(update_bytes("fn")).startswith(b"HTTP/1.1 200")


def test_retry_after_is_whole_seconds(start_sandbox: StartSandbox) -> None:
    sandbox = sandbox_with_faults(start_sandbox, throttle=1.0, retry_after_s=1.2)
    got = expect_error(update(sandbox), FunctionName="fn", MaximumRetryAttempts=1)
    assert got.headers["retry-after"] == "2"


@pytest.mark.parametrize(("fault", "left"), [("cut_before", 2), ("cut_after", 1)])
def test_cut_before_and_after_the_change(
    start_sandbox: StartSandbox, fault: str, left: int
) -> None:
    sandbox = sandbox_with_faults(start_sandbox, **{fault: 1.0})
    with pytest.raises(ConnectionClosedError):
        update(sandbox)(FunctionName="fn", MaximumRetryAttempts=1)
    assert sandbox.send_raw(update_bytes("fn")) == b""
    assert retries(sandbox) == left
    assert sandbox.stats()["by_status"] == {"cut": 2}


def test_a_hanging_call_changes_nothing(start_sandbox: StartSandbox) -> None:
    sandbox = sandbox_with_faults(start_sandbox, hang=1.0)
    with pytest.raises(ReadTimeoutError):
        update(sandbox, read_timeout=0.1)(FunctionName="fn", MaximumRetryAttempts=1)
    assert retries(sandbox) == 2
    stats = sandbox.wait_for_stats(lambda stats: stats["calls"] == 1 and stats["in_flight"] == 0)
    assert stats["by_status"] == {"hang": 1}
    assert stats["in_flight_max"] == 1


def test_a_truncated_reply_announces_more_bytes(start_sandbox: StartSandbox) -> None:
    sandbox = sandbox_with_faults(start_sandbox, truncated=1.0)
    answer = sandbox.send_raw(update_bytes("fn", close=False))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]) > len(body) > 0
    assert retries(sandbox) == 1


def test_garbage_is_html(start_sandbox: StartSandbox) -> None:
    sandbox = sandbox_with_faults(start_sandbox, garbage=1.0)
    answer = sandbox.send_raw(update_bytes("fn"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"<html>" in answer
    assert retries(sandbox) == 1


def test_a_slow_reply_arrives(start_sandbox: StartSandbox) -> None:
    sandbox = sandbox_with_faults(start_sandbox, slow=1.0, slow_s=0.05)
    update(sandbox)(FunctionName="fn", MaximumRetryAttempts=1)
    assert retries(sandbox) == 1


def test_the_same_seed_gives_the_same_replies(start_sandbox: StartSandbox) -> None:
    faults = Faults(throttle=0.2, conflict=0.2, error=0.2, cut_before=0.1, garbage=0.2)

    def answers(seed: int) -> list[str]:
        sandbox = start_sandbox(faults=faults, seed=seed)
        sandbox.add_function("fn")
        raw = (sandbox.send_raw(update_bytes("fn")) for _ in range(60))
        return [answer.decode().partition("\r\n")[0] + answer.decode()[-20:] for answer in raw]

    def shape(seed: int) -> list[str]:
        return [line[:12] for line in answers(seed)]

    assert shape(7) == shape(7) != shape(8)


def test_every_fault_has_one_effect() -> None:
    kinds = [FaultKind.THROTTLE, FaultKind.CONFLICT, *INSTEAD_OF_CALL, *AFTER_CALL]
    assert Counter(kinds) == Counter(FaultKind)


def test_every_fault_is_named_after_its_probability() -> None:
    names = {field.name for field in fields(Faults)}
    assert {kind.value for kind in FaultKind} <= names
