"""The admin endpoints."""

import asyncio
import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from bulkeic.sandbox import Faults
from bulkeic.sandbox.stats import target_calls

from .sandbox_client import ACCOUNT, REGION, SandboxThread, StartSandbox, update_bytes


def test_stats_count(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    sandbox.add_function("fn")
    sandbox.send_raw(update_bytes("fn"))
    sandbox.send_raw(update_bytes("fn", b"{}"))
    sandbox.send_raw(update_bytes("fn", region="eu-west-1"))
    sandbox.send_raw(b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n")
    sandbox.send_raw(b"rubbish\r\n\r\n")
    stats = sandbox.stats()
    assert stats["calls"] == 4
    assert stats["by_operation"] == {"Unknown": 1, "UpdateFunctionEventInvokeConfig": 3}
    assert stats["by_status"] == {"200": 1, "400": 1, "404": 2}
    assert stats["by_lane"] == {
        f"{ACCOUNT}/eu-west-1": {"calls": 1, "throttled": 0},
        f"{ACCOUNT}/{REGION}": {"calls": 2, "throttled": 0},
    }
    assert (stats["refused"], stats["malformed"]) == (0, 1)
    assert (stats["in_flight"], stats["in_flight_max"]) == (0, 1)
    assert stats["connections_accepted"] == 7
    assert sandbox.wait_for_stats(lambda stats: stats["connections"] == 1)


def test_reset_stats_sets_counts_to_zero(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    sandbox.send_raw(update_bytes("fn"))
    assert sandbox.admin("POST", "reset-stats") == (200, {})
    stats = sandbox.stats()
    assert stats["calls"] == stats["in_flight_max"] == 0
    assert stats["by_operation"] == stats["by_status"] == stats["by_lane"] == {}


def test_calls_are_counted_by_target(
    start_sandbox: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = start_sandbox()
    for name in ("a", "a%3Alive"):
        sandbox.add_function("a", name.partition("%3A")[2] or "$LATEST")
    faults: tuple[dict[str, float], ...] = (
        {}, {"cut_after": 1}, {"truncated": 1}, {"garbage": 1}, {"cut_before": 1}, {"hang": 0}
    )  # fmt: skip
    for each in faults:
        sandbox.admin("PUT", "faults", each)
        sandbox.send_raw(update_bytes("a"))
    sandbox.send_raw(update_bytes("a%3Alive"))
    sandbox.send_raw(update_bytes("a", b"{}", region="eu-west-1"))

    operation = "UpdateFunctionEventInvokeConfig"
    expected = {
        f"{ACCOUNT}/eu-west-1": {
            "a": {"$LATEST": {operation: {"calls": 1, "changed": 0, "acknowledged": 0}}}
        },
        f"{ACCOUNT}/{REGION}": {
            "a": {
                "$LATEST": {operation: {"calls": 6, "changed": 5, "acknowledged": 2}},
                "live": {operation: {"calls": 1, "changed": 1, "acknowledged": 1}},
            }
        },
    }
    assert sandbox.admin("GET", "targets") == (200, {"targets": expected, "others": 0})

    monkeypatch.setattr(target_calls, "TARGETS_LIMIT", 3)
    sandbox.send_raw(update_bytes("b"))
    sandbox.send_raw(update_bytes("a%3Alive"))
    counted = sandbox.admin("GET", "targets")[1]
    assert counted["others"] == 1
    assert counted["targets"][f"{ACCOUNT}/{REGION}"]["a"]["live"][operation]["calls"] == 2
    sandbox.admin("POST", "reset-stats")
    assert sandbox.admin("GET", "targets") == (200, {"targets": {}, "others": 0})


def test_in_flight_max_is_for_one_function(start_sandbox: StartSandbox) -> None:
    def has_in_flight(number: int) -> Callable[[Any], bool]:
        return lambda stats: bool(stats["in_flight"] == number)

    sandbox = start_sandbox(faults=Faults(hang=1.0))
    alias = f"arn%3Aaws%3Alambda%3A{REGION}%3A{ACCOUNT}%3Afunction%3Aa%3Alive"
    with ExitStack() as stack:
        for in_flight, (name, most) in enumerate([("a", 1), ("b", 1), (alias, 2), ("c", 2)], 1):
            stack.enter_context(sandbox.connect()).sendall(update_bytes(name))
            stats = sandbox.wait_for_stats(has_in_flight(in_flight))
            assert stats["in_flight_max"] == most
        sandbox.admin("POST", "reset-stats")
        assert sandbox.stats()["in_flight_max"] == 2
    sandbox.wait_for_stats(has_in_flight(0))
    sandbox.admin("POST", "reset-stats")
    assert sandbox.stats()["in_flight_max"] == 0


async def test_pipelined_calls_are_answered_one_by_one(
    start_sandbox: StartSandbox,
) -> None:
    sandbox = start_sandbox(faults=Faults(latency_s=0.01))
    sandbox.add_function("fn")
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
    bodies = [b'{"MaximumRetryAttempts":%d}' % (number % 3) for number in range(9)]
    calls = [update_bytes("fn", body, close=body is bodies[-1]) for body in bodies]
    writer.write(b"".join(calls))
    answers = (await reader.read()).split(b"HTTP/1.1 200 OK")[1:]
    assert [answer[-2:] for answer in answers] == [b"%d}" % (number % 3) for number in range(9)]
    writer.close()
    await writer.wait_closed()
    assert sandbox.stats()["in_flight_max"] == 1


def test_state_is_replaced_and_returned(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    config = {
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::b"}, "OnSuccess": {}},
        "LastModified": 1763880000.123,
        "MaximumEventAgeInSeconds": 60,
        "MaximumRetryAttempts": None,
    }
    state = {
        "111111111111/eu-west-1": {"a": {"$LATEST": config, "live": None}},
        "222222222222/us-east-1": {"b": {"$LATEST": None}, "c": {"$LATEST": config}},
    }
    assert sandbox.admin("PUT", "state", state) == (200, {})
    assert sandbox.admin("GET", "state") == (200, state)
    aws = sandbox.client("111111111111", "eu-west-1")
    assert aws.get_function_event_invoke_config(FunctionName="a")["MaximumEventAgeInSeconds"] == 60
    assert list(sandbox.admin("GET", "state")[1]) == sorted(state)


@pytest.mark.parametrize(
    "state",
    [
        [],
        {"1/us-east-1": {"a": {}}},
        {"111111111111/mars": {"a": {}}},
        {"111111111111/us-east-1": []},
        {"111111111111/us-east-1": {"a b": {}}},
        {"111111111111/us-east-1": {"a": {"b c": None}}},
        {"111111111111/us-east-1": {"a": {"$LATEST": 1}}},
        {"111111111111/us-east-1": {"a": {"$LATEST": {"MaximumRetryAttempts": 9}}}},
        {"111111111111/us-east-1": {"a": {"$LATEST": {"MaximumRetryAttempts": "1"}}}},
        {"111111111111/us-east-1": {"a": {"$LATEST": {"LastModified": "now"}}}},
        {"111111111111/us-east-1": {"a": {"$LATEST": {"LastModified": 1e300}}}},
    ],
)
def test_an_invalid_state_changes_nothing(sandbox: SandboxThread, state: Any) -> None:
    sandbox.add_function("kept")
    before = sandbox.admin("GET", "state")
    status, answer = sandbox.admin("PUT", "state", state)
    assert (status, list(answer)) == (400, ["error"])
    assert sandbox.admin("GET", "state") == before


def test_faults_are_returned_and_replaced(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    assert sandbox.admin("GET", "faults")[1]["throttle"] == 0.0
    assert sandbox.admin("PUT", "faults", {"throttle": 1, "slow": 0.5})[0] == 200
    assert sandbox.send_raw(update_bytes("fn")).startswith(b"HTTP/1.1 429")
    assert sandbox.admin("PUT", "faults", {"unknown": 1})[0] == 400
    assert sandbox.admin("PUT", "faults", {"throttle": 0.5})[1]["slow"] == 0.0


@pytest.mark.parametrize(
    "function",
    [
        {},
        {"account_id": "1", "region": REGION, "function_name": "a"},
        {"account_id": ACCOUNT, "region": "", "function_name": "a"},
        {"account_id": ACCOUNT, "region": REGION, "function_name": "a:b"},
        {"account_id": ACCOUNT, "region": REGION, "function_name": "a" * 65},
        {"account_id": ACCOUNT, "region": REGION, "function_name": "a", "qualifier": ""},
        {"account_id": ACCOUNT, "region": REGION, "function_name": "a", "alias": "b"},
        {"account_id": ACCOUNT, "region": REGION, "function_name": 1},
        "a",
    ],
)
def test_a_malformed_function_adds_none(sandbox: SandboxThread, function: Any) -> None:
    good = {"account_id": ACCOUNT, "region": REGION, "function_name": "not-added"}
    assert sandbox.admin("POST", "hold", [good, function])[0] == 400
    assert "not-added" not in str(sandbox.admin("GET", "state"))


def test_unknown_endpoints_and_methods_are_refused(sandbox: SandboxThread) -> None:
    assert sandbox.admin("GET", "nothing")[0] == 404
    assert sandbox.admin("DELETE", "state")[0] == 405
    assert sandbox.admin("POST", "hold", {})[0] == 400
    assert sandbox.send_raw(
        b"PUT /_sandbox/state HTTP/1.1\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{"
    ).startswith(b"HTTP/1.1 400")


def test_admin_calls_take_no_quota_and_no_latency(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(rate=1e-6, burst=1, faults=Faults(latency_s=3600))
    sandbox.admin("PUT", "faults", {"hang": 1, "throttle": 1})
    for _ in range(20):
        sandbox.add_function("fn")
    assert sandbox.stats()["calls"] == 0


def test_the_admin_page_loads_nothing_from_elsewhere(sandbox: SandboxThread) -> None:
    answer = sandbox.send_raw(b"GET /_sandbox/ HTTP/1.1\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"Content-Security-Policy: default-src 'none'; script-src 'sha256-" in head
    assert b"unsafe" not in head
    assert b"Content-Type: text/html; charset=utf-8" in head
    urls = re.findall(rb"https?://[^'\"]+", body)
    assert set(urls) == {b"http://www.w3.org/2000/svg"}
    assert sandbox.admin("POST", "")[0] == sandbox.admin("PUT", "live", {})[0] == 405
