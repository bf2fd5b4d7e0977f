"""Lanes run at once: none waits for another."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Failure, Status

from .engine_runs import run
from .example_jobs import fleet, ideal, job, lane
from .fake_lambda import LATENCY_S, TIMEOUT, TIMEOUT_S, Sent, Server
from .virtual_clock import START


def orders() -> st.SearchStrategy[list[int]]:
    return st.permutations([*range(20)]).map(list)


@settings(max_examples=5, deadline=None)
@given(order=orders(), shuffled=st.booleans(), seed=st.integers(0, 2**32))
def test_twenty_lanes_take_no_longer_than_one(
    *,
    order: list[int],
    shuffled: bool,
    seed: int,
) -> None:
    numbers = [number for number in order for _ in range(60)]
    if shuffled:
        random.Random(seed).shuffle(numbers)
    server = Server(quota=(15, 15))
    done = run([job(seq, number) for seq, number in enumerate(numbers)], server)
    assert done.seconds <= ideal(60, 15, 15, LATENCY_S) + 0.1
    assert server.throttles() == 0


def test_a_run_takes_as_long_as_its_longest_lane() -> None:
    numbers = [0] * 200 + [number for number in range(1, 20) for _ in range(20)]
    done = run([job(seq, number) for seq, number in enumerate(numbers)])
    assert done.seconds <= ideal(200, 15, 15, LATENCY_S) + 0.1
    for number in range(1, 20):
        assert done.ended[lane(number)] <= ideal(20, 15, 15, LATENCY_S) + 0.1


def hanging(*numbers: int, since: float = 0.0) -> Callable[[Sent], Failure | None]:
    lanes = {lane(number) for number in numbers}
    return lambda call: TIMEOUT if call.lane in lanes and call.sent >= START + since else None


@pytest.mark.parametrize("since", [0.0, 1.0])
def test_a_hanging_lane_delays_no_other(since: float) -> None:
    done = run(fleet(20, 60), Server(fault=hanging(0, since=since)), max_attempts=2)
    for number in range(1, 20):
        assert done.ended[lane(number)] <= ideal(60, 15, 15, LATENCY_S) + 0.1
    assert done.statuses()[Status.UPDATED] >= 19 * 60


def test_a_region_that_hangs_in_many_accounts_delays_the_others_by_one_timeout() -> None:
    # 40 lanes share a concurrency of 64; half of them stop answering after a second.
    server = Server(fault=hanging(*range(20), since=1))
    done = run(fleet(40, 60), server, max_attempts=2)
    for number in range(20, 40):
        assert done.ended[lane(number)] <= ideal(60, 15, 15, LATENCY_S) + TIMEOUT_S + 1


def test_a_hanging_lane_without_a_rate_delays_no_other_for_long() -> None:
    server = Server(fault=hanging(0, since=0.1))
    done = run(fleet(2, 2000), server, rate=math.inf, max_attempts=2)
    alone = 2000 / 64 * LATENCY_S
    assert done.ended[lane(1)] <= 2 * alone + TIMEOUT_S + 1
