"""A function has one call in flight at a time."""

import pytest

from bulkeic.core.model import Status

from .engine_runs import run
from .example_jobs import job, lane
from .fake_lambda import CONFLICT, LATENCY_S, Server, script
from .virtual_clock import START


def test_the_qualifiers_of_a_function_run_one_at_a_time() -> None:
    jobs = [job(seq, 0, f"fn-{seq % 3}", f"v{seq}") for seq in range(60)]
    done = run(jobs, rate=1000, burst=1000)
    assert done.server.most_per_function == 1
    assert done.server.most_in_flight == 3
    assert done.seconds == pytest.approx(20 * LATENCY_S, abs=0.1)


def test_thousands_of_versions_of_a_function_all_finish() -> None:
    many = [job(seq, 0, "many", f"v{seq}") for seq in range(2500)]
    others = [job(2500 + seq) for seq in range(500)]
    done = run([*many, *others], rate=1000, burst=1000)
    assert done.statuses() == {Status.UPDATED: 3000}


def test_the_same_function_name_in_another_lane_is_another_function() -> None:
    done = run([job(seq, seq, "fn") for seq in range(10)])
    assert done.server.most_in_flight == 10
    assert done.seconds == pytest.approx(LATENCY_S)


def test_a_function_stays_busy_while_its_job_waits_for_a_retry() -> None:
    jobs = [job(0, 0, "fn", "v0"), job(1, 0, "fn", "v1"), job(2)]
    server = Server(
        fault=lambda call: script(CONFLICT, CONFLICT)(call) if not call.job.seq else None
    )
    done = run(jobs, server)
    assert [call.job.seq for call in server.calls if call.job.seq < 2] == [0, 0, 0, 1]
    assert done.ended[lane(0)] > 0.5
    assert server.attempts(2)[0].sent < START + 0.1
