"""Beats on time."""

import asyncio
import math
import threading
import time

import pytest

from bulkeic.bench.run.ticker import THREAD_NAME, Ticker


async def test_beats_come_in_order_and_never_early() -> None:
    begin = time.monotonic()
    dues = [begin + number * 0.002 for number in range(20)]
    beaten: list[tuple[float, float]] = []
    over = asyncio.Event()

    def beat() -> float | None:
        if not dues:
            over.set()
            return None
        beaten.append((dues.pop(0), time.monotonic()))
        return dues[0] if dues else time.monotonic()

    with Ticker(beat):
        await over.wait()

    assert len(beaten) == 20
    assert beaten == sorted(beaten)
    assert all(now >= due for due, now in beaten)


@pytest.mark.parametrize("far_s", [3600.0, 1e12, math.inf])
async def test_it_ends_at_once_however_far_the_next_beat_is(far_s: float) -> None:
    beats: list[float] = []
    waits = asyncio.Event()

    def beat() -> float | None:
        beats.append(time.monotonic())
        if len(beats) < 3:
            return time.monotonic()
        waits.set()
        return time.monotonic() + far_s

    with Ticker(beat):
        await waits.wait()

    assert THREAD_NAME not in {thread.name for thread in threading.enumerate()}
    await asyncio.sleep(0)
    assert len(beats) == 3


async def test_without_a_next_beat_there_is_only_the_first() -> None:
    beats: list[float] = []
    with Ticker(lambda: beats.append(time.monotonic())):
        assert len(beats) == 1
    await asyncio.sleep(0)
    assert len(beats) == 1
