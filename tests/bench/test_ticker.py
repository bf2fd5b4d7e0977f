"""Ticks on time."""

import asyncio
import math
import threading
import time

import pytest

from bulkeic.bench.run.ticker import THREAD_NAME, Ticker


async def test_ticks_come_in_order_and_never_early() -> None:
    begin = time.monotonic()
    dues = [begin + number * 0.002 for number in range(20)]
    ticks: list[tuple[float, float]] = []
    over = asyncio.Event()

    def on_tick() -> float | None:
        if not dues:
            over.set()
            return None
        ticks.append((dues.pop(0), time.monotonic()))
        return dues[0] if dues else time.monotonic()

    with Ticker(on_tick):
        await over.wait()

    assert len(ticks) == 20
    assert ticks == sorted(ticks)
    assert all(now >= due for due, now in ticks)


@pytest.mark.parametrize("far_s", [3600.0, 1e12, math.inf])
async def test_it_closes_at_once_however_late_the_next_tick_is(far_s: float) -> None:
    ticks: list[float] = []
    waits = asyncio.Event()

    def on_tick() -> float | None:
        ticks.append(time.monotonic())
        if len(ticks) < 3:
            return time.monotonic()
        waits.set()
        return time.monotonic() + far_s

    with Ticker(on_tick):
        await waits.wait()

    assert THREAD_NAME not in {thread.name for thread in threading.enumerate()}
    await asyncio.sleep(0)
    assert len(ticks) == 3


async def test_without_a_next_tick_there_is_only_the_first() -> None:
    ticks: list[float] = []
    with Ticker(lambda: ticks.append(time.monotonic())):
        assert len(ticks) == 1
    await asyncio.sleep(0)
    assert len(ticks) == 1
