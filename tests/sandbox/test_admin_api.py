"""The sandbox's own endpoints."""

import asyncio
import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from bulkeic.sandbox import Faults
from bulkeic.sandbox.stats import target_calls

from .sandbox_client import ACCOUNT, REGION, Running, update_bytes


def test_stats_count(start: Callable[..., Running]) -> None:
    running = start()
    running.hold("fn")
    running.talk(update_bytes("fn"))
    running.talk(update_bytes("fn", b"{}"))
    running.talk(update_bytes("fn", region="eu-west-1"))
    running.talk(b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n")
    running.talk(b"rubbish\r\n\r\n")
    stats = running.stats()
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
    assert running.until(lambda stats: stats["connections"] == 1)


def test_stats_start_anew(start: Callable[..., Running]) -> None:
    running = start()
    running.talk(update_bytes("fn"))
    assert running.window("POST", "reset-stats") == (200, {})
    stats = running.stats()
    assert stats["calls"] == stats["in_flight_max"] == 0
    assert stats["by_operation"] == stats["by_status"] == stats["by_lane"] == {}


def test_each_target_has_counts_of_its_own(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = start()
    for name in ("a", "a%3Alive"):
        running.hold("a", name.partition("%3A")[2] or "$LATEST")
    faults: tuple[dict[str, float], ...] = (
        {}, {"cut_after": 1}, {"truncated": 1}, {"garbage": 1}, {"cut_before": 1}, {"hang": 0}
    )  # fmt: skip
    for each in faults:
        running.window("PUT", "faults", each)
        running.talk(update_bytes("a"))
    running.talk(update_bytes("a%3Alive"))
    running.talk(update_bytes("a", b"{}", region="eu-west-1"))

    operation = "UpdateFunctionEventInvokeConfig"
    told = {
        f"{ACCOUNT}/eu-west-1": {
            "a": {"$LATEST": {operation: {"calls": 1, "changed": 0, "told": 0}}}
        },
        f"{ACCOUNT}/{REGION}": {
            "a": {
                "$LATEST": {operation: {"calls": 6, "changed": 5, "told": 2}},
                "live": {operation: {"calls": 1, "changed": 1, "told": 1}},
            }
        },
    }
    assert running.window("GET", "targets") == (200, {"targets": told, "others": 0})

    monkeypatch.setattr(target_calls, "TARGETS_LIMIT", 3)
    running.talk(update_bytes("b"))
    running.talk(update_bytes("a%3Alive"))
    counted = running.window("GET", "targets")[1]
    assert counted["others"] == 1
    assert counted["targets"][f"{ACCOUNT}/{REGION}"]["a"]["live"][operation]["calls"] == 2
    running.window("POST", "reset-stats")
    assert running.window("GET", "targets") == (200, {"targets": {}, "others": 0})


def test_the_most_in_flight_for_one_function(start: Callable[..., Running]) -> None:
    def flies(number: int) -> Callable[[Any], bool]:
        return lambda stats: bool(stats["in_flight"] == number)

    running = start(faults=Faults(hang=1.0))
    alias = f"arn%3Aaws%3Alambda%3A{REGION}%3A{ACCOUNT}%3Afunction%3Aa%3Alive"
    with ExitStack() as stack:
        for flying, (name, most) in enumerate([("a", 1), ("b", 1), (alias, 2), ("c", 2)], 1):
            stack.enter_context(running.connect()).sendall(update_bytes(name))
            stats = running.until(flies(flying))
            assert stats["in_flight_max"] == most
        running.window("POST", "reset-stats")
        assert running.stats()["in_flight_max"] == 2
    running.until(flies(0))
    running.window("POST", "reset-stats")
    assert running.stats()["in_flight_max"] == 0


async def test_pipelined_calls_are_answered_one_by_one(start: Callable[..., Running]) -> None:
    running = start(faults=Faults(latency_s=0.01))
    running.hold("fn")
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    bodies = [b'{"MaximumRetryAttempts":%d}' % (number % 3) for number in range(9)]
    calls = [update_bytes("fn", body, close=body is bodies[-1]) for body in bodies]
    writer.write(b"".join(calls))
    answers = (await reader.read()).split(b"HTTP/1.1 200 OK")[1:]
    assert [answer[-2:] for answer in answers] == [b"%d}" % (number % 3) for number in range(9)]
    writer.close()
    await writer.wait_closed()
    assert running.stats()["in_flight_max"] == 1


def test_state_is_loaded_and_told(start: Callable[..., Running]) -> None:
    running = start()
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
    assert running.window("PUT", "state", state) == (200, {})
    assert running.window("GET", "state") == (200, state)
    aws = running.client("111111111111", "eu-west-1")
    assert aws.get_function_event_invoke_config(FunctionName="a")["MaximumEventAgeInSeconds"] == 60
    assert list(running.window("GET", "state")[1]) == sorted(state)


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
def test_what_is_no_state_changes_nothing(sandbox: Running, state: Any) -> None:
    sandbox.hold("kept")
    before = sandbox.window("GET", "state")
    status, answer = sandbox.window("PUT", "state", state)
    assert (status, list(answer)) == (400, ["error"])
    assert sandbox.window("GET", "state") == before


def test_faults_are_told_and_changed(start: Callable[..., Running]) -> None:
    running = start()
    assert running.window("GET", "faults")[1]["throttle"] == 0.0
    assert running.window("PUT", "faults", {"throttle": 1, "slow": 0.5})[0] == 200
    assert running.talk(update_bytes("fn")).startswith(b"HTTP/1.1 429")
    assert running.window("PUT", "faults", {"unknown": 1})[0] == 400
    assert running.window("PUT", "faults", {"throttle": 0.5})[1]["slow"] == 0.0


@pytest.mark.parametrize(
    "place",
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
def test_an_ill_formed_place_holds_none(sandbox: Running, place: Any) -> None:
    good = {"account_id": ACCOUNT, "region": REGION, "function_name": "not-held"}
    assert sandbox.window("POST", "hold", [good, place])[0] == 400
    assert "not-held" not in str(sandbox.window("GET", "state"))


def test_what_there_is_not(sandbox: Running) -> None:
    assert sandbox.window("GET", "nothing")[0] == 404
    assert sandbox.window("DELETE", "state")[0] == 405
    assert sandbox.window("POST", "hold", {})[0] == 400
    assert sandbox.talk(
        b"PUT /_sandbox/state HTTP/1.1\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{"
    ).startswith(b"HTTP/1.1 400")


def test_it_costs_no_quota_and_no_latency(start: Callable[..., Running]) -> None:
    running = start(rate=1e-6, burst=1, faults=Faults(latency_s=3600))
    running.window("PUT", "faults", {"hang": 1, "throttle": 1})
    for _ in range(20):
        running.hold("fn")
    assert running.stats()["calls"] == 0


def test_the_page_admits_nothing_from_elsewhere(sandbox: Running) -> None:
    answer = sandbox.talk(b"GET /_sandbox/ HTTP/1.1\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"Content-Security-Policy: default-src 'none'; script-src 'sha256-" in head
    assert b"unsafe" not in head
    assert b"Content-Type: text/html; charset=utf-8" in head
    urls = re.findall(rb"https?://[^'\"]+", body)
    assert set(urls) == {b"http://www.w3.org/2000/svg"}
    assert sandbox.window("POST", "")[0] == sandbox.window("PUT", "live", {})[0] == 405
