"""Options of single lanes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox import Faults
from bulkeic.sandbox.behavior.quota import Quota
from bulkeic.sandbox.behavior.scenario import lane_overrides_from_json, lane_overrides_to_json

from .sandbox_client import ACCOUNT, REGION, SandboxThread, StartSandbox, expect_error, update_bytes

LANE = f"{ACCOUNT}/{REGION}"
OTHER = "222222222222"


def status(sandbox: SandboxThread, account: str) -> int:
    return int(sandbox.send_raw(update_bytes("fn", account=account)).split()[1])


def statuses(sandbox: SandboxThread, account: str, calls: int) -> list[int]:
    return [status(sandbox, account) for _ in range(calls)]


@given(
    own=st.dictionaries(st.sampled_from(["rate", "burst", "hang", "slow_s"]), st.floats(1, 2))
    | st.fixed_dictionaries({"rate": st.just("unlimited"), "retry_after_s": st.none()})
)
def test_lane_overrides_survive_json(own: dict[str, Any]) -> None:
    assert lane_overrides_to_json(lane_overrides_from_json({LANE: own})) == {LANE: own}


def test_a_lane_can_have_its_own_burst(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(
        rate=1e-6, burst=1, any_function=True, lanes={LANE: {"burst": 3}, f"{OTHER}/eu-west-1": {}}
    )
    assert statuses(sandbox, ACCOUNT, 4) == [200, 200, 200, 429]
    assert statuses(sandbox, OTHER, 2) == [200, 429]


def test_a_lane_can_have_its_own_rate(start_sandbox: StartSandbox) -> None:
    limited = start_sandbox(any_function=True, lanes={LANE: {"rate": 1e-6, "burst": 1}})
    assert statuses(limited, ACCOUNT, 2) == [200, 429]
    assert statuses(limited, OTHER, 20) == [200] * 20
    free = start_sandbox(rate=1e-6, burst=1, any_function=True, lanes={LANE: {"rate": None}})
    assert statuses(free, ACCOUNT, 3) == [200, 200, 200]
    assert statuses(free, OTHER, 2) == [200, 429]


def test_a_lane_can_have_its_own_faults(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(
        any_function=True, faults=Faults(error=1.0), lanes={LANE: {"refuse": 1.0}}
    )
    assert statuses(sandbox, ACCOUNT, 3) == [403, 403, 403]
    assert statuses(sandbox, OTHER, 3) == [500, 500, 500]


def test_a_lane_can_have_its_own_retry_after(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(
        any_function=True, faults=Faults(throttle=1.0), lanes={LANE: {"retry_after_s": 7}}
    )
    retry_after = [
        expect_error(
            sandbox.client(account).update_function_event_invoke_config,
            FunctionName="fn",
            MaximumRetryAttempts=1,
        ).headers.get("retry-after")
        for account in (ACCOUNT, OTHER)
    ]
    assert retry_after == ["7", None]


def test_a_lane_can_have_its_own_latency(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(any_function=True, lanes={LANE: {"latency_s": 0.05}})
    assert statuses(sandbox, ACCOUNT, 1) + statuses(sandbox, OTHER, 1) == [200, 200]
    delays_ms = [call["held_ms"] for call in sandbox.admin("GET", "live")[1]["last_calls"]]
    assert delays_ms == [0, 50]


def test_a_lane_can_have_its_own_settling_time(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(any_function=True, lanes={LANE: {"settle_s": 3600}})
    assert statuses(sandbox, ACCOUNT, 2) == [200, 409]
    assert statuses(sandbox, OTHER, 2) == [200, 200]


def test_lane_overrides_can_be_replaced(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(any_function=True, rate=1e-6, burst=2, lanes={LANE: {"error": 1}})
    assert sandbox.admin("GET", "faults")[1]["lanes"] == {LANE: {"error": 1}}
    assert status(sandbox, ACCOUNT) == 500
    lanes = {LANE: {"rate": "unlimited", "refuse": 1}}
    code, faults = sandbox.admin("PUT", "faults", {"lanes": lanes})
    assert (code, faults["lanes"]) == (200, lanes)
    assert statuses(sandbox, ACCOUNT, 4) == [403, 403, 403, 403]
    assert sandbox.admin("PUT", "faults", faults) == (200, faults)
    assert sandbox.admin("PUT", "faults", {})[1]["lanes"] == {}
    assert statuses(sandbox, ACCOUNT, 3) == [200, 200, 429]


def test_invalid_lane_overrides_change_nothing(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(any_function=True)
    before = sandbox.admin("GET", "faults")[1]
    cases: list[tuple[Any, str]] = [
        ({LANE: {"hang": 2}}, f"lanes: {LANE}: hang: 2 is not between 0 and 1"),
        ({"here": {}}, "lanes: 'here' is not account/Region"),
        ([], "lanes: [] is not an object"),
    ]
    for lanes, text in cases:
        sent = {"throttle": 1, "lanes": lanes}
        assert sandbox.admin("PUT", "faults", sent) == (400, {"error": text})
    assert sandbox.admin("GET", "faults")[1] == before


def test_a_lane_keeps_its_tokens_while_its_limits_do_not_change() -> None:
    quota, lane = Quota(1e-6, 1), ("1", "a")
    assert quota.take(lane, 0.0)
    quota.set_overrides({lane: (1e-6, 1), ("2", "a"): (None, 1)})
    assert not quota.take(lane, 0.0)
    quota.set_overrides({lane: (1e-6, 2)})
    assert [quota.take(lane, 0.0) for _ in range(3)] == [True, True, False]
