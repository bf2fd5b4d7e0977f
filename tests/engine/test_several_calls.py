"""Jobs of several calls: read a target, store its before-image, then change it."""

import asyncio
import math
from collections import Counter
from typing import Any

import pytest

from bulkeic.core.change.confirmation import OUTCOME_UNKNOWN
from bulkeic.core.change.policy import Apply, Plan, Policy
from bulkeic.core.change.reconcile import Action
from bulkeic.core.change.snapshot import ABSENT, snapshot_of
from bulkeic.core.model import Failure, Fault, Job, Operation, Settings, SourceLine, Status
from bulkeic.engine.engine import Engine
from bulkeic.engine.memory_feed import MemoryFeed
from tests.core.example_configs import Aws

from .call_audit import STORED_AFTER_S, max_burst
from .engine_runs import run
from .example_jobs import fleet, ideal, job, lane
from .fake_lambda import CONFLICT, LATENCY_S, SERVER, TIMEOUT, Sent, Server
from .virtual_clock import START

GET, UPDATE, PUT = Operation.GET, Operation.UPDATE, Operation.PUT
GET_FUNCTION = Operation.GET_FUNCTION
HAD = Settings(2, None, "", "")
READ = Apply(before_image=True)
PLAN = Plan(Apply(create_missing=True))


def aws(jobs: list[Job], settings: Settings = HAD) -> Aws:
    """The functions of some jobs, all with the same configuration, or without one."""
    made = Aws()
    for each in jobs:
        made.have(settings, each.target.function)
    return made


def test_no_write_is_sent_before_its_before_image_is_stored() -> None:
    jobs = fleet(2, 30)
    done = run(jobs, Server(aws=aws(jobs)), policy=READ, rate=math.inf)
    assert done.statuses() == {Status.UPDATED: 60}
    assert len(done.before_images) == 60
    for each in jobs:
        get, update = done.server.attempts(each.seq)
        assert (get.call.operation, update.call.operation) == (GET, UPDATE)
        assert update.sent >= get.ended + STORED_AFTER_S
        [(_, seen)] = [stored for stored in done.before_images if stored[0] == each.seq]
        assert (seen.action, seen.may_be_sent) == (Action.CHANGE, True)
        outcome = done.of(each.seq)
        assert outcome.before == seen.config
        assert outcome.attempts == 2
        assert outcome.settings == each.settings.to_api()
        assert outcome.duration_s == pytest.approx(update.ended - START, abs=1)


def test_a_target_with_the_wanted_settings_is_only_read() -> None:
    jobs = fleet(1, 5)
    done = run(jobs, Server(aws=aws(jobs, Settings(1, None, "", ""))), policy=READ)
    assert done.statuses() == {Status.UNCHANGED: 5}
    assert len(done.server.calls) == 5
    assert done.before_images == []
    assert [outcome.before for outcome in done.outcomes] == [None] * 5


def test_a_plan_stores_before_images_and_leaves_the_jobs_pending() -> None:
    jobs = fleet(2, 5)
    made = aws(jobs[:5])
    done = run(jobs, Server(aws=made), policy=PLAN)
    assert Counter(made.calls) == {GET: 10, GET_FUNCTION: 5}
    assert Counter(seen.action for _, seen in done.before_images) == {
        Action.CHANGE: 5,
        Action.MISSING: 5,
    }
    assert done.statuses() == {Status.FAILED: 5}  # the function does not exist
    assert done.engine.stopped is None


def test_read_and_write_each_take_a_token() -> None:
    jobs = fleet(1, 60)
    done = run(jobs, Server(aws=aws(jobs), quota=(10, 10)), policy=READ, rate=10, burst=10)
    assert done.statuses() == {Status.UPDATED: 60}
    assert done.server.throttles() == 0
    most = max_burst(done.server.calls, 10)
    assert 9 <= most <= 10 + 1e-6
    assert done.seconds == pytest.approx(ideal(120, 10, 10, LATENCY_S), abs=0.5)


def test_get_function_is_called_at_once_and_takes_no_token() -> None:
    jobs = fleet(1, 40)
    made = aws(jobs, ABSENT)
    done = run(jobs, Server(aws=made, quota=(10, 10)), policy=PLAN, rate=10, burst=10)
    assert Counter(made.calls) == {GET: 40, GET_FUNCTION: 40}
    assert Counter(seen.action for _, seen in done.before_images) == {Action.CREATE: 40}
    for each in jobs:
        get, function = done.server.attempts(each.seq)
        assert function.sent == get.ended
    assert done.seconds == pytest.approx(ideal(40, 10, 10, LATENCY_S) + LATENCY_S, abs=0.3)


def test_put_follows_update_where_there_is_no_configuration() -> None:
    jobs = fleet(1, 10)
    made = aws(jobs, ABSENT)
    server = Server(aws=made, quota=(10, 1))
    done = run(jobs, server, policy=Apply(create_missing=True), rate=10, burst=1)
    assert Counter(made.calls) == {UPDATE: 10, PUT: 10}
    assert done.statuses() == {Status.CREATED: 10}
    assert done.seconds == pytest.approx(ideal(20, 10, 1, LATENCY_S), abs=0.5)


@pytest.mark.parametrize("had", [HAD, ABSENT], ids=["read", "missing"])
def test_a_function_stays_busy_over_all_calls_of_a_job(had: Settings) -> None:
    jobs = [job(seq, 0, f"fn-{seq % 2}", f"v{seq}") for seq in range(12)]
    policy = READ if had is HAD else Apply(create_missing=True)
    changing = [
        Job(
            each.seq,
            SourceLine(""),
            "",
            each.target,
            Settings(maximum_event_age_in_seconds=60 + each.seq),
        )
        for each in jobs
    ]
    server = Server(aws=aws(jobs, had))
    done = run(changing, server, policy=policy, rate=1000, burst=1000)
    assert Counter(done.statuses()).total() == 12
    for number in range(2):
        seqs = [call.job.seq for call in server.calls if call.job.seq % 2 == number]
        assert seqs == sorted(seqs)  # the calls of two jobs never alternate
    assert server.most_in_flight == 2


def test_attempts_are_counted_for_each_call() -> None:
    jobs = fleet(1, 4)
    server = Server(
        aws=aws(jobs), fault=lambda call: (SERVER, CONFLICT, None)[min(call.attempt, 3) - 1]
    )
    done = run(jobs, server, policy=READ, max_attempts=3)
    assert done.statuses() == {Status.UPDATED: 4}
    for each in jobs:
        assert [call.attempt for call in server.attempts(each.seq)] == [1, 2, 3, 1, 2, 3]
        outcome = done.of(each.seq)
        assert (outcome.attempts, outcome.conflicts) == (6, 2)
    assert done.engine.traffic.retries == 16


@pytest.mark.parametrize("operation", [GET, UPDATE])
def test_a_call_that_reaches_max_attempts_ends_the_job(operation: Operation) -> None:
    jobs = fleet(1, 2)
    server = Server(
        aws=aws(jobs), fault=lambda call: SERVER if call.call.operation is operation else None
    )
    done = run(jobs, server, policy=READ, max_attempts=3)
    assert done.statuses() == {Status.FAILED: 2}
    # A change that was not made is confirmed by a read.
    assert [outcome.attempts for outcome in done.outcomes] == [3 if operation is GET else 5] * 2
    assert len(done.before_images) == (0 if operation is GET else 2)
    for outcome in done.outcomes:
        assert (outcome.before is None) is (operation is GET)


def test_an_unanswered_get_function_is_retried() -> None:
    jobs = fleet(1, 5)
    denied = Failure(Fault.CONNECTION, "ClientError", "refused")
    server = Server(
        aws=aws(jobs, ABSENT),
        fault=lambda call: (
            denied if call.call.operation is GET_FUNCTION and call.attempt < 3 else None
        ),
    )
    done = run(jobs, server, policy=PLAN)
    assert len(done.before_images) == 5
    assert done.outcomes == []
    assert done.engine.traffic.retries == 10


def test_a_stop_while_before_images_are_stored_sends_no_more_calls() -> None:
    jobs = fleet(2, 20)

    async def stop(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(LATENCY_S + STORED_AFTER_S / 2)
        engine.stop("enough")
        await asyncio.sleep(1)  # the before-images are stored after the run

    made = aws(jobs)
    done = run(jobs, Server(aws=made), policy=READ, meanwhile=stop, rate=math.inf)
    assert done.engine.stopped == "enough"
    assert len(done.before_images) >= 2
    assert len(done.stored_at) == len(done.before_images)
    assert set(made.calls) == {GET}
    assert done.outcomes == []
    assert max(call.sent for call in done.server.calls) <= START + LATENCY_S + STORED_AFTER_S / 2


def test_a_lane_that_stops_while_before_images_are_stored_drops_its_jobs_once() -> None:
    untrusted = Failure(Fault.UNTRUSTED, "SSLError", "self-signed certificate", sent=False)
    jobs = fleet(1, 20)
    server = Server(
        aws=aws(jobs),
        fault=lambda call: untrusted if call.job.seq == 3 and call.changes else None,
    )
    done = run(jobs, server, policy=READ, rate=math.inf, concurrency=4)
    assert done.engine.stopped_lanes() == {lane(0): "self-signed certificate"}
    assert len(done.outcomes) + done.dropped >= 20
    updates = [call for call in server.calls if call.changes]
    assert len(updates) < 20


def test_jobs_whose_before_images_are_stored_hold_no_worker_and_are_bounded() -> None:
    jobs = fleet(1, 3000)
    done = run(jobs, Server(aws=aws(jobs)), policy=READ, rate=math.inf, concurrency=8)
    assert done.statuses() == {Status.UPDATED: 3000}
    assert done.server.most_in_flight == 8
    assert done.seconds == pytest.approx(6000 / 8 * LATENCY_S, rel=0.1)


@pytest.mark.parametrize(
    ("policy", "limits"),
    [
        (READ, {}),
        (READ, {"rate": math.inf, "concurrency": 8}),
        (Apply(where=lambda _: None), {"burst": 1.0}),
    ],
    ids=["rate", "places", "where"],
)
def test_the_forecast_counts_two_calls_for_each_job(policy: Policy, limits: dict[str, Any]) -> None:
    jobs = fleet(3, 200)
    made: list[tuple[float, float]] = []

    async def ask(engine: Engine, _: MemoryFeed) -> None:
        for moment in (1, 3, 8):
            await asyncio.sleep(START + moment - asyncio.get_running_loop().time())
            forecast = engine.forecast()
            assert forecast is not None
            made.append((moment, forecast.seconds))

    done = run(jobs, Server(aws=aws(jobs)), policy=policy, meanwhile=ask, **limits)
    for moment, seconds in made:
        assert moment + seconds == pytest.approx(done.seconds, rel=0.15, abs=1)


@pytest.mark.parametrize(
    "other_settings", [None, Settings(0, 90, "", "")], ids=["unchanged", "changed by others"]
)
def test_a_stale_read_is_repeated_before_a_write_is_retried(
    other_settings: Settings | None,
) -> None:
    jobs = fleet(1, 1)
    made = aws(jobs)

    def fault(call: Sent) -> Failure | None:
        if call.call.operation is GET or call.attempt > 1:
            return None
        if other_settings is not None:
            made.have(other_settings, call.job.target.function)
        return TIMEOUT

    done = run(jobs, Server(aws=made, fault=fault), policy=READ)
    operations = [call.call.operation for call in done.server.calls]
    outcome = done.of(0)
    if other_settings is None:
        assert operations == [GET, UPDATE, GET, UPDATE]
        assert outcome.status is Status.UPDATED
    else:
        assert operations == [GET, UPDATE, GET]
        # Nobody can tell whether this run's change was made before that of the others.
        assert (outcome.status, outcome.error_code) == (Status.UNKNOWN, OUTCOME_UNKNOWN)
        assert snapshot_of(made.config(jobs[0].target.function)) == other_settings
