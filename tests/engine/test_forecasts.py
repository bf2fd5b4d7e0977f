"""The forecast: close to the time that the rest then takes."""

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Job
from bulkeic.core.pacing.forecast import Forecast
from bulkeic.engine.engine import Engine
from bulkeic.engine.memory_feed import MemoryFeed

from .engine_runs import run
from .example_jobs import job, lane
from .fake_lambda import LATENCY_S, TIMEOUT, Sent, Server
from .virtual_clock import START


def lanes_of(*sizes: int) -> list[Job]:
    where = [number for number, size in enumerate(sizes) for _ in range(size)]
    return [job(seq, number) for seq, number in enumerate(where)]


def forecasts(
    jobs: list[Job], *moments: float, latency: float = LATENCY_S, **limits: Any
) -> list[tuple[float, float, Forecast]]:
    """What is foretold at some moments: seconds, the true ones, and all of it."""
    told: list[tuple[float, Forecast]] = []

    async def ask(engine: Engine, _: MemoryFeed) -> None:
        for moment in moments:
            await asyncio.sleep(START + moment - asyncio.get_running_loop().time())
            ahead = engine.forecast()
            assert ahead is not None
            told.append((moment, ahead))

    done = run(jobs, Server(latency), meanwhile=ask, **limits)
    return [(ahead.seconds, done.seconds - moment, ahead) for moment, ahead in told]


@pytest.mark.parametrize("latency", [0.02, 0.06, 0.5])
@pytest.mark.parametrize(("rate", "burst"), [(15.0, 15.0), (10.0, 1.0), (100.0, 100.0)])
def test_the_fullest_lane_decides_at_every_moment(
    rate: float, burst: float, latency: float
) -> None:
    jobs = lanes_of(100, 3000, 700, 20, 1)
    whole = (3000 - burst) / rate
    moments = [1e-3, *[whole * part for part in (0.01, 0.1, 0.3, 0.5, 0.8, 0.95)]]
    limits = {"rate": rate, "burst": burst, "concurrency": 512}
    for foretold, true, ahead in forecasts(jobs, *moments, latency=latency, **limits):
        assert foretold == pytest.approx(true, rel=0.15, abs=1)
        assert ahead.longest.lane == lane(1)
        assert not ahead.limited_by_concurrency


@pytest.mark.parametrize("rate", [15.0, math.inf])
def test_too_few_places_decide_when_there_are_many_lanes(rate: float) -> None:
    jobs = lanes_of(*[120] * 40)
    for foretold, true, ahead in forecasts(
        jobs, 2, 10, 20, 30, latency=0.1, rate=rate, concurrency=8
    ):
        assert foretold == pytest.approx(true, rel=0.15, abs=1)
        assert ahead.limited_by_concurrency


def test_a_rate_that_is_found_out_is_what_counts() -> None:
    jobs = lanes_of(1500)
    for foretold, true, _ in forecasts(jobs, 0.01, 2, 4, rate="auto", burst=None):
        assert foretold >= true  # with nobody to stop it, it climbs and is done sooner


def test_a_lane_that_has_stopped_is_not_waited_for() -> None:
    async def ask(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(100)
        ahead = engine.forecast()
        assert ahead is not None
        assert ahead.longest.lane == lane(1)

    def fault(call: Sent) -> Any:
        return TIMEOUT if call.lane == lane(0) else None

    run(lanes_of(9000, 3000), Server(fault=fault), meanwhile=ask, give_up_after_s=60)


def test_when_nothing_is_left_there_is_nothing_to_foretell() -> None:
    async def ask(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(100)
        told.append(engine.forecast())

    told: list[Forecast | None] = []
    run(lanes_of(3, 20), meanwhile=ask)
    assert told == [None]


@given(
    rate=st.floats(0.5, 100),
    burst=st.floats(1, 40),
    latency=st.floats(0.001, 2),
    moments=st.lists(st.floats(1e-3, 4), max_size=8).map(sorted),
)
@settings(max_examples=60, deadline=None)
def test_asking_changes_nothing(
    rate: float, burst: float, latency: float, moments: list[float]
) -> None:
    async def ask(engine: Engine, _: MemoryFeed) -> None:
        for moment in moments:
            await asyncio.sleep(START + moment - asyncio.get_running_loop().time())
            engine.forecast()

    jobs = lanes_of(40, 9)
    limits: dict[str, Any] = {"rate": rate, "burst": burst}
    asked = run(jobs, Server(latency, quota=(rate, burst)), meanwhile=ask, **limits).server
    plain = run(jobs, Server(latency, quota=(rate, burst)), **limits).server
    assert asked.refusals() == 0
    times = [[call.sent for call in server.calls] for server in (asked, plain)]
    assert times[0] == pytest.approx(times[1])
