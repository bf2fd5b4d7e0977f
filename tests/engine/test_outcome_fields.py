"""The counts and times of an outcome."""

import asyncio
from itertools import pairwise

import pytest

from bulkeic.core.model import Failure, Fault
from bulkeic.engine.engine import Engine
from bulkeic.engine.memory_feed import MemoryFeed

from .engine_runs import run
from .example_jobs import fleet, job, lane
from .fake_lambda import CONFLICT, LATENCY_S, SERVER, THROTTLED, Server, script
from .virtual_clock import START, HalfJitter


def test_an_outcome_counts_attempts_and_times() -> None:
    server = Server(0.1, fault=script(THROTTLED, CONFLICT, SERVER))
    done = run([job(0)], server, rate=1, burst=1, rng=HalfJitter())
    outcome = done.of(0)
    assert (outcome.attempts, outcome.throttles, outcome.conflicts) == (4, 1, 1)
    backoff = 0.075 + 0.5 + 1
    gaps = [after.sent - before.ended for before, after in pairwise(server.calls)]
    assert outcome.wait_s == pytest.approx(sum(gaps) - backoff)
    assert outcome.call_s == pytest.approx(0.1)
    assert outcome.duration_s == pytest.approx(server.calls[-1].ended - START)
    assert outcome.started_at == "2023-11-14T22:30:00.000Z"


def test_wait_s_of_the_first_job_in_a_queue_is_its_wait_for_a_token() -> None:
    done = run(fleet(1, 4), Server(0.1), rate=2, burst=1)
    assert [outcome.wait_s for outcome in done.outcomes] == pytest.approx([0, 0.6, 0.5, 0.5])
    assert [outcome.duration_s for outcome in done.outcomes] == pytest.approx([0.1, 0.7, 0.6, 0.6])


def test_wait_s_excludes_the_wait_for_another_job_of_the_function() -> None:
    jobs = [job(0, 0, "fn", "v0"), job(1, 0, "fn", "v1")]
    asked = Failure(Fault.SERVER, "ServiceException", "", 503, None, retry_after_s=30.0)
    server = Server(fault=lambda call: script(asked)(call) if call.job.seq == 0 else None)
    done = run(jobs, server)
    assert done.of(1).wait_s == pytest.approx(0, abs=1)


def test_wait_s_starts_when_the_job_arrives() -> None:
    async def feed_late(engine: Engine, feed: MemoryFeed) -> None:
        await asyncio.sleep(100)
        feed.add(job(1))
        engine.jobs_arrived(lane(0), 1)
        engine.close_feed()

    done = run([job(0)], later=[job(1)], meanwhile=feed_late, growing=True)
    assert done.server.attempts(1)[0].sent == pytest.approx(START + 100)
    assert done.of(1).wait_s == pytest.approx(0)
    assert done.of(1).duration_s == pytest.approx(LATENCY_S)
    assert done.of(1).started_at == "2023-11-14T22:31:40.000Z"
