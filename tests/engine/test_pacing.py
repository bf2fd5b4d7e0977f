"""The token bucket: no call is throttled, and no time is wasted."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Failure, Status

from .engine_runs import run
from .example_jobs import fleet, ideal
from .fake_lambda import LATENCY_S, RETRYABLE, Server, script


@settings(max_examples=80, deadline=None)
@given(
    lanes=st.integers(1, 4),
    each=st.integers(1, 60),
    rate=st.floats(0.5, 100),
    burst=st.floats(1, 40),
    latency=st.floats(0.001, 5),
)
def test_a_server_with_the_same_rate_and_burst_never_throttles(
    lanes: int, each: int, rate: float, burst: float, latency: float
) -> None:
    server = Server(latency, quota=(rate, burst))
    done = run(fleet(lanes, each), server, rate=rate, burst=burst)  # run() audits the windows
    assert server.throttles() == 0
    assert done.statuses() == {Status.UPDATED: lanes * each}


@settings(max_examples=80, deadline=None)
@given(
    each=st.integers(1, 100),
    rate=st.floats(0.5, 100),
    burst=st.floats(1, 40),
    latency=st.floats(0.01, 2),
    seed=st.integers(0, 2**32),
)
def test_varying_latency_bunches_calls_by_no_more_than_it_varies(
    each: int, rate: float, burst: float, latency: float, seed: int
) -> None:
    rng = random.Random(seed)
    varies = latency / 2  # the way there takes a quarter to three quarters of it
    server = Server(lambda: rng.uniform(0.5, 1.5) * latency, quota=(rate, burst + rate * varies))
    run(fleet(1, each), server, rate=rate, burst=burst)
    assert server.throttles() == 0


@pytest.mark.parametrize("seed", range(10))
def test_realistic_latency_causes_no_throttles(seed: int) -> None:
    rng = random.Random(seed)
    server = Server(lambda: rng.uniform(0.5, 1.5) * LATENCY_S, quota=(15, 15))
    done = run(fleet(2, 300), server)
    assert server.throttles() == 0
    assert done.seconds <= 1.03 * ideal(300, 15, 15, LATENCY_S)


def test_the_first_call_of_a_lane_runs_alone() -> None:
    calls = run(fleet(1, 30), Server(1.0)).server.calls
    assert all(call.sent >= calls[0].ended for call in calls[1:])


@pytest.mark.parametrize("latency", [0.001, 0.06, 0.3, 1.0])
@pytest.mark.parametrize(("rate", "burst"), [(15.0, 15.0), (10.0, 1.0), (100.0, 100.0)])
def test_a_lane_is_as_fast_as_its_quota_allows(latency: float, rate: float, burst: float) -> None:
    done = run(fleet(1, 600), Server(latency), rate=rate, burst=burst, concurrency=1000)
    assert done.seconds <= 1.03 * ideal(600, rate, burst, latency) + 1


@pytest.mark.parametrize("failure", RETRYABLE, ids=lambda failure: str(failure.fault))
def test_every_attempt_takes_a_token(failure: Failure) -> None:
    jobs = 20
    done = run(fleet(1, jobs), Server(0.01, fault=script(failure, failure)), rate=2, burst=1)
    calls = done.server.calls
    assert len(calls) == jobs * 3
    assert all(after.sent - before.sent >= 0.5 - 1e-6 for before, after in pairwise(calls))
