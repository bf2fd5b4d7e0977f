"""The targets of a benchmark, in turn."""

import random

from hypothesis import given
from hypothesis import strategies as st

from bulkeic.bench.run.round_robin import RoundRobin
from bulkeic.core.model import Lane, Settings, Target

LANES = [Lane("123456789012", f"xx-test-{number}") for number in range(3)]


def targets(*sizes: int) -> dict[Lane, list[Target]]:
    return {
        lane: [Target(lane, f"fn-{number}") for number in range(size)]
        for lane, size in zip(LANES, sizes, strict=False)
    }


def order(feed: RoundRobin, lane: Lane, count: int) -> list[str]:
    return [feed.next_job(lane).target.function for _ in range(count)]


@given(
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=3),
    rounds=st.integers(1, 3),
    seed=st.integers(0, 2**32),
)
def test_every_target_is_used_once_before_any_is_used_again(
    sizes: list[int], rounds: int, seed: int
) -> None:
    feed = RoundRobin(targets(*sizes), random.Random(seed))
    for lane, size in zip(LANES, sizes, strict=False):
        seen = order(feed, lane, rounds * size)
        everyone = sorted(f"fn-{number}" for number in range(size))
        for begin in range(0, rounds * size, size):
            assert sorted(seen[begin : begin + size]) == everyone
            assert seen[begin : begin + size] == seen[:size]


def test_the_seed_decides_the_order() -> None:
    orders = [
        order(RoundRobin(targets(50), random.Random(seed)), LANES[0], 50) for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1] != orders[2]


def test_jobs_are_numbered_over_all_lanes_and_change_nothing() -> None:
    feed = RoundRobin(targets(2, 2), random.Random(1))
    jobs = [feed.next_job(LANES[number % 2]) for number in range(6)]
    assert [job.seq for job in jobs] == list(range(6))
    assert {job.settings for job in jobs} == {Settings()}
    assert all(job.function_name == job.target.function for job in jobs)


def test_it_returns_jobs_while_they_are_accepted() -> None:
    wanted = {LANES[0]}
    feed = RoundRobin(targets(3, 1), random.Random(1), wanted.__contains__)

    assert set(feed.lanes()) == set(LANES[:2])
    assert min(feed.lanes().values()) > 2**60
    assert [job.target.lane for job in feed.take(LANES[0])] == [LANES[0]]
    assert list(feed.take(LANES[1])) == []
    wanted.clear()
    assert list(feed.take(LANES[0])) == []


def test_a_target_has_one_job_at_a_time() -> None:
    feed = RoundRobin(targets(2, 1), random.Random(1))
    assert [len(feed.take(LANES[0])) for _ in range(3)] == [1, 1, 0]
    assert len(feed.take(LANES[1])) == 1

    assert feed.release(LANES[0])  # asked for in vain, and there is one again
    assert not feed.release(LANES[1])
    assert [len(feed.take(LANES[0])) for _ in range(2)] == [1, 0]
    assert [len(feed.take(LANES[1])) for _ in range(2)] == [1, 0]
