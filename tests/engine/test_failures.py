"""``max_failures`` ends a run."""

import asyncio
import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.change.policy import Apply
from bulkeic.core.model import Lane, Operation, Status
from bulkeic.core.summary import Traffic
from bulkeic.engine.engine import Engine
from bulkeic.engine.lanes.rate_limiter import RateLimiter
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.memory_feed import MemoryFeed
from tests.core.example_configs import HAD, Aws

from .call_audit import Run, max_burst
from .engine_runs import run
from .example_jobs import fleet, lane
from .fake_lambda import REFUSED, THROTTLED, Server, script
from .virtual_clock import VirtualClock, VirtualLoop


@settings(max_examples=25, deadline=None)
@given(
    bad=st.sets(st.integers(0, 59), max_size=30),
    most=st.integers(1, 12),
    concurrency=st.integers(1, 20),
    rate=st.sampled_from([5.0, 1000.0]),
)
def test_no_call_starts_after_max_failures(
    bad: set[int], most: int, concurrency: int, rate: float
) -> None:
    rng = random.Random(1)
    server = Server(
        lambda: rng.uniform(0.01, 0.3),
        fault=lambda call: REFUSED if call.job.seq in bad else None,
    )
    done = run(fleet(3, 20), server, max_failures=most, concurrency=concurrency, rate=rate)
    if len(bad) < most:
        assert done.engine.stopped is None
        assert len(done.outcomes) == 60
        return
    assert done.engine.stopped == f"{most:,} failed, the maximum allowed"
    ends = sorted(call.ended for call in server.calls if call.job.seq in bad)
    last = ends[most - 1]
    assert max(call.sent for call in server.calls) <= last
    # The calls in flight at that moment are answered, and have outcomes.
    assert {outcome.seq for outcome in done.outcomes} == {call.job.seq for call in server.calls}
    assert most <= done.statuses()[Status.FAILED] <= most + concurrency - 1
    assert done.engine.failures == done.statuses()[Status.FAILED]


def test_a_retried_attempt_is_not_a_failure() -> None:
    done = run(fleet(2, 10), Server(fault=script(THROTTLED, THROTTLED)), max_failures=1)
    assert done.engine.stopped is None
    assert done.statuses() == {Status.UPDATED: 20}


def test_no_write_follows_a_read_after_max_failures() -> None:
    jobs = fleet(1, 3)
    aws = Aws()
    for each in jobs:
        aws.have(HAD, each.target.function)
    server = Server(aws=aws, fault=lambda call: REFUSED if call.job.seq == 1 else None)
    done = run(jobs, server, policy=Apply(before_image=True), max_failures=1)
    assert [call.job.seq for call in server.calls] == [0, 1, 2]
    assert {call.call.operation for call in server.calls} == {Operation.GET}
    assert done.engine.failures == 1


def test_several_engines_share_counts_and_rate_limiters() -> None:
    """The waves of a rollout: one engine after another, in the same lanes."""
    jobs = fleet(1, 90)
    traffic = Traffic()
    limiters: dict[Lane, RateLimiter] = {}
    limits = EngineLimits(rate=10, burst=10)
    waves: list[Run] = []

    async def run_waves() -> Server:
        server = Server(quota=(10, 10), fault=script(THROTTLED))
        for first, end in pairwise((0, 5, 30, 90)):
            sink = Run(jobs[first:end], server, limits)
            sink.engine = Engine(
                MemoryFeed(sink.jobs),
                server,
                sink,
                limits,
                limiters=limiters,
                traffic=traffic,
                clock=VirtualClock(),
                rng=random.Random(7),
            )
            await sink.engine.run()
            assert traffic.calls == len(server.calls)
            waves.append(sink)
        return server

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        server = runner.run(run_waves())
    assert [len(sink.outcomes) for sink in waves] == [5, 25, 60]
    assert (traffic.throttles, traffic.retries) == (90, 90)
    assert list(limiters) == [lane(0)]
    assert max_burst(server.calls, 10) <= 10 + 1e-6
