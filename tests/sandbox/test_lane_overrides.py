"""Lanes that are unlike the others."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox import Faults
from bulkeic.sandbox.behavior.lane_overrides import lanes_from_json, lanes_to_json
from bulkeic.sandbox.behavior.quota import Quota

from .sandbox_client import ACCOUNT, REGION, Running, refusal, update_bytes

LANE = f"{ACCOUNT}/{REGION}"
OTHER = "222222222222"


def status(running: Running, account: str) -> int:
    return int(running.talk(update_bytes("fn", account=account)).split()[1])


def statuses(running: Running, account: str, calls: int) -> list[int]:
    return [status(running, account) for _ in range(calls)]


@given(
    own=st.dictionaries(st.sampled_from(["rate", "burst", "hang", "slow_s"]), st.floats(1, 2))
    | st.fixed_dictionaries({"rate": st.just("unlimited"), "retry_after_s": st.none()})
)
def test_lanes_survive_json(own: dict[str, Any]) -> None:
    assert lanes_to_json(lanes_from_json({LANE: own})) == {LANE: own}


def test_one_lane_has_a_quota_of_its_own(start: Callable[..., Running]) -> None:
    running = start(
        rate=1e-6, burst=1, any_function=True, lanes={LANE: {"burst": 3}, f"{OTHER}/eu-west-1": {}}
    )
    assert statuses(running, ACCOUNT, 4) == [200, 200, 200, 429]
    assert statuses(running, OTHER, 2) == [200, 429]


def test_one_lane_alone_has_a_quota_or_none(start: Callable[..., Running]) -> None:
    limited = start(any_function=True, lanes={LANE: {"rate": 1e-6, "burst": 1}})
    assert statuses(limited, ACCOUNT, 2) == [200, 429]
    assert statuses(limited, OTHER, 20) == [200] * 20
    free = start(rate=1e-6, burst=1, any_function=True, lanes={LANE: {"rate": None}})
    assert statuses(free, ACCOUNT, 3) == [200, 200, 200]
    assert statuses(free, OTHER, 2) == [200, 429]


def test_faults_strike_one_lane_alone(start: Callable[..., Running]) -> None:
    running = start(any_function=True, faults=Faults(error=1.0), lanes={LANE: {"refuse": 1.0}})
    assert statuses(running, ACCOUNT, 3) == [403, 403, 403]
    assert statuses(running, OTHER, 3) == [500, 500, 500]


def test_one_lane_tells_when_to_try_again(start: Callable[..., Running]) -> None:
    running = start(
        any_function=True, faults=Faults(throttle=1.0), lanes={LANE: {"retry_after_s": 7}}
    )
    told = [
        refusal(
            running.client(account).update_function_event_invoke_config,
            FunctionName="fn",
            MaximumRetryAttempts=1,
        ).headers.get("retry-after")
        for account in (ACCOUNT, OTHER)
    ]
    assert told == ["7", None]


def test_one_lane_takes_longer(start: Callable[..., Running]) -> None:
    running = start(any_function=True, lanes={LANE: {"latency_s": 0.05}})
    assert statuses(running, ACCOUNT, 1) + statuses(running, OTHER, 1) == [200, 200]
    held = [call["held_ms"] for call in running.window("GET", "live")[1]["last_calls"]]
    assert held == [0, 50]


def test_changes_of_one_lane_settle(start: Callable[..., Running]) -> None:
    running = start(any_function=True, lanes={LANE: {"settle_s": 3600}})
    assert statuses(running, ACCOUNT, 2) == [200, 409]
    assert statuses(running, OTHER, 2) == [200, 200]


def test_lanes_change_while_it_runs(start: Callable[..., Running]) -> None:
    running = start(any_function=True, rate=1e-6, burst=2, lanes={LANE: {"error": 1}})
    assert running.window("GET", "faults")[1]["lanes"] == {LANE: {"error": 1}}
    assert status(running, ACCOUNT) == 500
    lanes = {LANE: {"rate": "unlimited", "refuse": 1}}
    code, told = running.window("PUT", "faults", {"lanes": lanes})
    assert (code, told["lanes"]) == (200, lanes)
    assert statuses(running, ACCOUNT, 4) == [403, 403, 403, 403]
    assert running.window("PUT", "faults", told) == (200, told)
    assert running.window("PUT", "faults", {})[1]["lanes"] == {}
    assert statuses(running, ACCOUNT, 3) == [200, 200, 429]


def test_what_is_no_lane_changes_nothing(start: Callable[..., Running]) -> None:
    running = start(any_function=True)
    before = running.window("GET", "faults")[1]
    cases: list[tuple[Any, str]] = [
        ({LANE: {"hang": 2}}, f"lanes: {LANE}: hang: 2 is not between 0 and 1"),
        ({"here": {}}, "lanes: 'here' is not account/Region"),
        ([], "lanes: [] is not an object"),
    ]
    for lanes, text in cases:
        sent = {"throttle": 1, "lanes": lanes}
        assert running.window("PUT", "faults", sent) == (400, {"error": text})
    assert running.window("GET", "faults")[1] == before


def test_a_lane_keeps_its_tokens_while_its_limits_stay() -> None:
    quota, lane = Quota(1e-6, 1), ("1", "a")
    assert quota.take(lane, 0.0)
    quota.set_own({lane: (1e-6, 1), ("2", "a"): (None, 1)})
    assert not quota.take(lane, 0.0)
    quota.set_own({lane: (1e-6, 2)})
    assert [quota.take(lane, 0.0) for _ in range(3)] == [True, True, False]
