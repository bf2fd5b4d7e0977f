"""The quota: the token bucket, and the replies that a client gets."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox import SandboxOptions
from bulkeic.sandbox.behavior.quota import Quota, QuotaBucket
from bulkeic.sandbox.protocol.router import GET_FUNCTION
from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.state.invented_lanes import InventedLanes

from .sandbox_client import StartSandbox, expect_error, update_bytes

gaps = st.lists(st.floats(0, 3, allow_subnormal=False), min_size=1, max_size=80)


@given(gaps=gaps, rate=st.floats(0.1, 50), burst=st.floats(1, 30))
def test_no_interval_exceeds_burst_and_rate(gaps: list[float], rate: float, burst: float) -> None:
    bucket, now, taken = QuotaBucket(rate, burst, 0.0), 0.0, []
    for gap in gaps:
        now += gap
        if bucket.take(now):
            taken.append(now)
    for first, start in enumerate(taken):
        for last, end in enumerate(taken[first:], first):
            assert last - first + 1 <= burst + rate * (end - start) + 1e-6


@given(gaps=gaps, rate=st.floats(0.1, 50))
def test_a_token_returns_after_its_time(gaps: list[float], rate: float) -> None:
    bucket, now = QuotaBucket(rate, 1, 0.0), 0.0
    assert bucket.take(now)
    for gap in gaps:
        now += (1 + 1e-9) / rate + gap
        assert bucket.take(now)


def test_a_refused_call_takes_no_token() -> None:
    bucket = QuotaBucket(1, 2, 10.0)
    assert [bucket.take(10.0) for _ in range(5)] == [True, True, False, False, False]
    assert [bucket.take(11.0) for _ in range(2)] == [True, False]
    assert not bucket.take(5.0)


def test_each_lane_has_its_own_bucket() -> None:
    quota = Quota(1, 1)
    lanes = [("1", "a"), ("1", "b"), ("2", "a")]
    assert [quota.take(lane, 0.0) for lane in lanes * 2] == [True] * 3 + [False] * 3
    assert all(Quota(None, 1).take(("1", "a"), 0.0) for _ in range(100))


def test_full_buckets_are_forgotten() -> None:
    quota = Quota(10, 5)
    for number in range(20_000):
        assert quota.take((str(number), "a"), number / 1000)
    assert len(quota) <= 2048


def test_used_buckets_are_kept() -> None:
    quota = Quota(1e-9, 1)
    lanes = [(str(number), "a") for number in range(5000)]
    assert [quota.take(lane, 0.0) for lane in lanes * 2] == [True] * 5000 + [False] * 5000


def test_calls_above_the_quota_are_throttled(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(rate=1e-6, burst=5)
    sandbox.add_function("fn")
    aws = sandbox.client()
    calls: list[Callable[[], Any]] = [
        lambda: aws.get_function_event_invoke_config(FunctionName="fn"),
        lambda: aws.list_function_event_invoke_configs(FunctionName="fn"),
        lambda: aws.put_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1),
        lambda: aws.update_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1),
        lambda: aws.delete_function_event_invoke_config(FunctionName="fn"),
    ]
    for call in calls:
        call()
    got = expect_error(aws.get_function_event_invoke_config, FunctionName="fn")
    assert (got.code, got.status) == ("TooManyRequestsException", 429)
    assert got.body == {
        "Reason": "CallerRateLimitExceeded",
        "Type": "User",
        "message": "Rate exceeded",
    }
    assert got.headers["x-amzn-errortype"] == "TooManyRequestsException"
    assert "retry-after" not in got.headers
    assert sandbox.send_raw(update_bytes("fn", account="222222222222")).startswith(b"HTTP/1.1 404")
    stats = sandbox.stats()
    assert stats["by_lane"] == {
        "123456789012/us-east-1": {"calls": 6, "throttled": 1},
        "222222222222/us-east-1": {"calls": 1, "throttled": 0},
    }
    assert stats["refused"] == 1


def test_get_function_has_its_own_quota(start_sandbox: StartSandbox) -> None:
    other = "222222222222"
    sandbox = start_sandbox(
        rate=1e-6, burst=1, any_function=True, lanes={f"{other}/us-east-1": {"rate": None}}
    )
    aws, unlimited = sandbox.client(), sandbox.client(other)
    aws.get_function_event_invoke_config(FunctionName="fn")
    assert expect_error(aws.get_function_event_invoke_config, FunctionName="fn").status == 429
    for _ in range(20):
        aws.get_function(FunctionName="fn")
        unlimited.get_function_event_invoke_config(FunctionName="fn")
    assert sandbox.stats()["by_operation"] == {
        "GetFunction": 20,
        "GetFunctionEventInvokeConfig": 22,
    }


@pytest.mark.parametrize(("rate", "served"), [(1e-6, 100), (1000.0, 100), (None, 300)])
def test_get_function_allows_a_hundred_calls_a_second(rate: float | None, served: int) -> None:
    lane = ("123456789012", "us-east-1")
    for own in (False, True):
        lanes = {"/".join(lane): {"rate": rate}} if own else {}
        options = SandboxOptions(rate=15.0 if own else rate, lanes=lanes)
        state = SharedState(options, 0.0)
        for second in (0.0, 1.0):
            taken = [state.take_quota(GET_FUNCTION, lane, second) for _ in range(300)]
            assert sum(taken) == served


def test_calls_without_credentials_take_no_quota(
    start_sandbox: StartSandbox,
) -> None:
    sandbox = start_sandbox(rate=1e-6, burst=1)
    sandbox.add_function("fn")
    unsigned = update_bytes("fn").replace(b"Authorization", b"X-Nothing")
    for _ in range(3):
        assert sandbox.send_raw(unsigned).startswith(b"HTTP/1.1 403")
    assert sandbox.send_raw(update_bytes("fn")).startswith(b"HTTP/1.1 200")
    assert sandbox.send_raw(update_bytes("fn")).startswith(b"HTTP/1.1 429")


def test_callers_can_invent_a_limited_number_of_lanes(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(any_function=True)
    sandbox.state.invented_lanes = InventedLanes(3)
    sandbox.add_function("fn", account="999999999999")
    accounts = [f"{number:012}" for number in range(5)]
    answers = [
        sandbox.send_raw(update_bytes("fn", account=account))
        for account in (*accounts, "999999999999", accounts[0])
    ]
    statuses = [int(answer.split()[1]) for answer in answers]
    assert statuses == [200, 200, 200, 400, 400, 200, 200]
    assert b"LimitExceededException" in answers[3]
    assert b"at most 3 lanes" in answers[3]
    assert len(sandbox.stats()["by_lane"]) == 4
