"""The forecast is close to the time that the remaining jobs take."""

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
    """At some moments: predicted seconds, true seconds, and the whole forecast."""
    made: list[tuple[float, Forecast]] = []

    async def ask(engine: Engine, _: MemoryFeed) -> None:
        for moment in moments:
            await asyncio.sleep(START + moment - asyncio.get_running_loop().time())
            forecast = engine.forecast()
            assert forecast is not None
            made.append((moment, forecast))

    done = run(jobs, Server(latency), meanwhile=ask, **limits)
    return [(forecast.seconds, done.seconds - moment, forecast) for moment, forecast in made]


@pytest.mark.parametrize("latency", [0.02, 0.06, 0.5])
@pytest.mark.parametrize(("rate", "burst"), [(15.0, 15.0), (10.0, 1.0), (100.0, 100.0)])
def test_the_longest_lane_determines_the_forecast(
    rate: float, burst: float, latency: float
) -> None:
    jobs = lanes_of(100, 1200, 300, 20, 1)
    whole = (1200 - burst) / rate
    moments = [1e-3, *[whole * part for part in (0.01, 0.1, 0.3, 0.5, 0.8, 0.95)]]
    limits = {"rate": rate, "burst": burst, "concurrency": 512}
    for predicted, true, forecast in forecasts(jobs, *moments, latency=latency, **limits):
        assert predicted == pytest.approx(true, rel=0.15, abs=1)
        assert forecast.longest.lane == lane(1)
        assert not forecast.limited_by_concurrency


@pytest.mark.parametrize("rate", [15.0, math.inf])
def test_low_concurrency_determines_the_forecast_of_many_lanes(rate: float) -> None:
    jobs = lanes_of(*[120] * 40)
    for predicted, true, forecast in forecasts(
        jobs, 2, 10, 20, 30, latency=0.1, rate=rate, concurrency=8
    ):
        assert predicted == pytest.approx(true, rel=0.15, abs=1)
        assert forecast.limited_by_concurrency


def test_the_forecast_uses_the_current_adaptive_rate() -> None:
    jobs = lanes_of(1500)
    for predicted, true, _ in forecasts(jobs, 0.01, 2, 4, rate="auto", burst=None):
        assert predicted >= true  # nothing throttles it, so its rate climbs


def test_the_forecast_excludes_stopped_lanes() -> None:
    async def ask(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(100)
        forecast = engine.forecast()
        assert forecast is not None
        assert forecast.longest.lane == lane(1)

    def fault(call: Sent) -> Any:
        return TIMEOUT if call.lane == lane(0) else None

    run(lanes_of(9000, 3000), Server(fault=fault), meanwhile=ask, give_up_after_s=60)


def test_there_is_no_forecast_when_no_jobs_remain() -> None:
    async def ask(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(100)
        made.append(engine.forecast())

    made: list[Forecast | None] = []
    run(lanes_of(3, 20), meanwhile=ask)
    assert made == [None]


@given(
    rate=st.floats(0.5, 100),
    burst=st.floats(1, 40),
    latency=st.floats(0.001, 2),
    moments=st.lists(st.floats(1e-3, 4), max_size=8).map(sorted),
)
@settings(max_examples=60, deadline=None)
def test_a_forecast_changes_nothing(
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
    assert asked.throttles() == 0
    times = [[call.sent for call in server.calls] for server in (asked, plain)]
    assert times[0] == pytest.approx(times[1])
