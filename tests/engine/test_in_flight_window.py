"""Calls in flight while a server stalls, with and without ``limit_in_flight``."""

import pytest

from bulkeic.core.model import Status

from .engine_runs import run
from .example_jobs import fleet
from .fake_lambda import LATENCY_S, Server
from .virtual_clock import START, now

STALL_S = 30.0
RATE = 10.0
JOBS = 100


def stalling() -> Server:
    """A server that answers quickly for a second, and then slowly."""
    return Server(lambda: LATENCY_S if now() < START + 1 else STALL_S)


def test_a_lane_keeps_few_calls_in_flight_when_its_server_stalls() -> None:
    done = run(fleet(1, JOBS), stalling(), rate=RATE, burst=1)
    calls = done.server.calls
    stalled = [call for call in calls if START + 1 <= call.sent < START + 1 + STALL_S]
    assert len(stalled) < 10
    assert done.statuses() == {Status.UPDATED: JOBS}


def test_without_the_limit_each_job_starts_when_it_is_due() -> None:
    done = run(
        fleet(1, JOBS), stalling(), rate=RATE, burst=1, limit_in_flight=False, concurrency=1000
    )
    sent = [call.sent - START for call in done.server.calls]
    assert sent == pytest.approx(
        [0, *(LATENCY_S + number / RATE for number in range(1, JOBS))], abs=0.11
    )
    assert done.server.most_in_flight > 0.8 * JOBS


def test_without_the_limit_concurrency_still_bounds_the_calls_in_flight() -> None:
    done = run(fleet(1, JOBS), stalling(), rate=RATE, burst=1, limit_in_flight=False, concurrency=8)
    assert done.server.most_in_flight == 8
    assert done.statuses() == {Status.UPDATED: JOBS}
