"""Calls in flight when a server stalls: as few as a lane needs, or one for each job that is due."""

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
    """It answers quickly for a second, and then hardly at all."""
    return Server(lambda: LATENCY_S if now() < START + 1 else STALL_S)


def test_a_lane_keeps_few_calls_in_flight_when_its_server_stalls() -> None:
    done = run(fleet(1, JOBS), stalling(), rate=RATE, burst=1)
    calls = done.server.calls
    stalled = [call for call in calls if START + 1 <= call.sent < START + 1 + STALL_S]
    assert len(stalled) < 10
    assert done.statuses() == {Status.UPDATED: JOBS}


def test_jobs_with_times_of_their_own_are_begun_when_they_are_due() -> None:
    done = run(
        fleet(1, JOBS), stalling(), rate=RATE, burst=1, limit_in_flight=False, concurrency=1000
    )
    sent = [call.sent - START for call in done.server.calls]
    assert sent == pytest.approx(
        [0, *(LATENCY_S + number / RATE for number in range(1, JOBS))], abs=0.11
    )
    assert done.server.most_under_way > 0.8 * JOBS


def test_no_more_are_in_flight_than_there_are_places() -> None:
    done = run(fleet(1, JOBS), stalling(), rate=RATE, burst=1, limit_in_flight=False, concurrency=8)
    assert done.server.most_under_way == 8
    assert done.statuses() == {Status.UPDATED: JOBS}
