"""Jobs of several calls: what a target has is read, kept, and only then changed."""

import asyncio
import math
from collections import Counter
from typing import Any

import pytest

from bulkeic.core.model import Failure, Fault, Job, Operation, Settings, SourceLine, Status
from bulkeic.core.policy import Apply, Plan, Policy
from bulkeic.core.reconcile import Action
from bulkeic.core.rollback_guard import CHANGED_SINCE
from bulkeic.core.snapshot import ABSENT, snapshot_of
from bulkeic.engine.engine import Engine
from bulkeic.engine.memory_feed import MemoryFeed
from tests.core.example_configs import Aws

from .call_audit import KEPT_AFTER_S, most_in_a_window
from .engine_runs import run
from .example_jobs import fleet, ideal, job, lane
from .fake_lambda import CONFLICT, LATENCY_S, SERVER, TIMEOUT, Sent, Server
from .virtual_clock import START

GET, UPDATE, PUT = Operation.GET, Operation.UPDATE, Operation.PUT
GET_FUNCTION = Operation.GET_FUNCTION
HAD = Settings(2, None, "", "")
READ = Apply(before_image=True)
PLAN = Plan(Apply(create_missing=True))


def aws(jobs: list[Job], had: Settings = HAD) -> Aws:
    """The functions of some jobs, all with the same configuration, or with none."""
    made = Aws()
    for each in jobs:
        made.have(had, each.target.function)
    return made


def test_nothing_is_changed_before_it_is_kept_what_there_was() -> None:
    jobs = fleet(2, 30)
    done = run(jobs, Server(aws=aws(jobs)), rules=READ, rate=math.inf)
    assert done.statuses() == {Status.UPDATED: 60}
    assert len(done.kept) == 60
    for each in jobs:
        get, update = done.server.tries(each.seq)
        assert (get.call.operation, update.call.operation) == (GET, UPDATE)
        assert update.sent >= get.ended + KEPT_AFTER_S
        [(_, seen)] = [kept for kept in done.kept if kept[0] == each.seq]
        assert (seen.action, seen.may_be_sent) == (Action.CHANGE, True)
        outcome = done.of(each.seq)
        assert outcome.before == seen.config
        assert outcome.attempts == 2
        assert outcome.settings == each.settings.to_api()
        assert outcome.duration_s == pytest.approx(update.ended - START, abs=1)


def test_what_is_so_already_is_read_and_that_is_all() -> None:
    jobs = fleet(1, 5)
    done = run(jobs, Server(aws=aws(jobs, Settings(1, None, "", ""))), rules=READ)
    assert done.statuses() == {Status.UNCHANGED: 5}
    assert len(done.server.calls) == 5
    assert done.kept == []
    assert [outcome.before for outcome in done.outcomes] == [None] * 5


def test_a_plan_keeps_what_there_is_and_leaves_the_job_pending() -> None:
    jobs = fleet(2, 5)
    made = aws(jobs[:5])
    done = run(jobs, Server(aws=made), rules=PLAN)
    assert Counter(made.calls) == {GET: 10, GET_FUNCTION: 5}
    assert Counter(seen.action for _, seen in done.kept) == {Action.CHANGE: 5, Action.MISSING: 5}
    assert done.statuses() == {Status.FAILED: 5}  # there is no such function
    assert done.engine.stopped is None


def test_both_calls_take_a_token() -> None:
    jobs = fleet(1, 60)
    done = run(jobs, Server(aws=aws(jobs), quota=(10, 10)), rules=READ, rate=10, burst=10)
    assert done.statuses() == {Status.UPDATED: 60}
    assert done.server.refusals() == 0
    most = most_in_a_window(done.server.calls, 10)
    assert 9 <= most <= 10 + 1e-6
    assert done.seconds == pytest.approx(ideal(120, 10, 10, LATENCY_S), abs=0.5)


def test_whether_there_is_a_function_is_asked_at_once_and_without_a_token() -> None:
    jobs = fleet(1, 40)
    made = aws(jobs, ABSENT)
    done = run(jobs, Server(aws=made, quota=(10, 10)), rules=PLAN, rate=10, burst=10)
    assert Counter(made.calls) == {GET: 40, GET_FUNCTION: 40}
    assert Counter(seen.action for _, seen in done.kept) == {Action.CREATE: 40}
    for each in jobs:
        get, function = done.server.tries(each.seq)
        assert function.sent == get.ended
    assert done.seconds == pytest.approx(ideal(40, 10, 10, LATENCY_S) + LATENCY_S, abs=0.3)


def test_where_there_is_no_configuration_update_is_followed_by_put() -> None:
    jobs = fleet(1, 10)
    made = aws(jobs, ABSENT)
    server = Server(aws=made, quota=(10, 1))
    done = run(jobs, server, rules=Apply(create_missing=True), rate=10, burst=1)
    assert Counter(made.calls) == {UPDATE: 10, PUT: 10}
    assert done.statuses() == {Status.CREATED: 10}
    assert done.seconds == pytest.approx(ideal(20, 10, 1, LATENCY_S), abs=0.5)


@pytest.mark.parametrize("had", [HAD, ABSENT], ids=["read", "not there"])
def test_a_function_stays_taken_over_all_calls_of_a_job(had: Settings) -> None:
    jobs = [job(seq, 0, f"fn-{seq % 2}", f"v{seq}") for seq in range(12)]
    rules = READ if had is HAD else Apply(create_missing=True)
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
    done = run(changing, server, rules=rules, rate=1000, burst=1000)
    assert Counter(done.statuses()).total() == 12
    for number in range(2):
        seqs = [call.job.seq for call in server.calls if call.job.seq % 2 == number]
        assert seqs == sorted(seqs)  # no call of another job between those of one
    assert server.most_under_way == 2


def test_tries_are_counted_for_each_call() -> None:
    jobs = fleet(1, 4)
    server = Server(
        aws=aws(jobs), fault=lambda call: (SERVER, CONFLICT, None)[min(call.attempt, 3) - 1]
    )
    done = run(jobs, server, rules=READ, max_attempts=3)
    assert done.statuses() == {Status.UPDATED: 4}
    for each in jobs:
        assert [call.attempt for call in server.tries(each.seq)] == [1, 2, 3, 1, 2, 3]
        outcome = done.of(each.seq)
        assert (outcome.attempts, outcome.conflicts) == (6, 2)
    assert done.engine.traffic.retries == 16


@pytest.mark.parametrize("operation", [GET, UPDATE])
def test_a_call_that_is_tried_too_often_ends_the_job(operation: Operation) -> None:
    jobs = fleet(1, 2)
    server = Server(
        aws=aws(jobs), fault=lambda call: SERVER if call.call.operation is operation else None
    )
    done = run(jobs, server, rules=READ, max_attempts=3)
    assert done.statuses() == {Status.FAILED: 2}
    assert [outcome.attempts for outcome in done.outcomes] == [3 if operation is GET else 4] * 2
    assert len(done.kept) == (0 if operation is GET else 2)
    for outcome in done.outcomes:
        assert (outcome.before is None) is (operation is GET)


def test_a_question_that_is_not_answered_is_asked_again() -> None:
    jobs = fleet(1, 5)
    denied = Failure(Fault.CONNECTION, "ClientError", "refused")
    server = Server(
        aws=aws(jobs, ABSENT),
        fault=lambda call: (
            denied if call.call.operation is GET_FUNCTION and call.attempt < 3 else None
        ),
    )
    done = run(jobs, server, rules=PLAN)
    assert len(done.kept) == 5
    assert done.outcomes == []
    assert done.engine.traffic.retries == 10


def test_a_stop_while_jobs_are_held_sends_nothing_more() -> None:
    jobs = fleet(2, 20)

    async def stop(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(LATENCY_S + KEPT_AFTER_S / 2)
        engine.stop("enough")
        await asyncio.sleep(1)  # what was held is kept when the run is over

    made = aws(jobs)
    done = run(jobs, Server(aws=made), rules=READ, meanwhile=stop, rate=math.inf)
    assert done.engine.stopped == "enough"
    assert len(done.kept) >= 2
    assert len(done.kept_at) == len(done.kept)
    assert set(made.calls) == {GET}
    assert done.outcomes == []
    assert max(call.sent for call in done.server.calls) <= START + LATENCY_S + KEPT_AFTER_S / 2


def test_a_lane_that_stops_while_jobs_are_held_drops_them_once() -> None:
    expired = Failure(Fault.EXPIRED, "ExpiredToken", "log in again", sent=False)
    jobs = fleet(1, 20)
    server = Server(
        aws=aws(jobs),
        fault=lambda call: expired if call.job.seq == 3 and call.changes else None,
    )
    done = run(jobs, server, rules=READ, rate=math.inf, concurrency=4)
    assert done.engine.stopped_lanes() == {lane(0): "log in again"}
    assert len(done.outcomes) + done.dropped >= 20
    updates = [call for call in server.calls if call.changes]
    assert len(updates) < 20


def test_what_waits_to_be_kept_holds_no_worker_and_has_a_bound() -> None:
    jobs = fleet(1, 3000)
    done = run(jobs, Server(aws=aws(jobs)), rules=READ, rate=math.inf, concurrency=8)
    assert done.statuses() == {Status.UPDATED: 3000}
    assert done.server.most_under_way == 8
    assert done.seconds == pytest.approx(6000 / 8 * LATENCY_S, rel=0.1)


@pytest.mark.parametrize(
    ("rules", "limits"),
    [
        (READ, {}),
        (READ, {"rate": math.inf, "concurrency": 8}),
        (Apply(where=lambda _: None), {"burst": 1.0}),
    ],
    ids=["rate", "places", "where"],
)
def test_the_forecast_of_two_calls_a_job(rules: Policy, limits: dict[str, Any]) -> None:
    jobs = fleet(3, 200)
    told: list[tuple[float, float]] = []

    async def ask(engine: Engine, _: MemoryFeed) -> None:
        for moment in (1, 3, 8):
            await asyncio.sleep(START + moment - asyncio.get_running_loop().time())
            ahead = engine.forecast()
            assert ahead is not None
            told.append((moment, ahead.seconds))

    done = run(jobs, Server(aws=aws(jobs)), rules=rules, meanwhile=ask, **limits)
    for moment, seconds in told:
        assert moment + seconds == pytest.approx(done.seconds, rel=0.15, abs=1)


@pytest.mark.parametrize("theirs", [None, Settings(0, 90, "", "")], ids=["nobody", "somebody"])
def test_what_was_read_long_ago_is_read_again_before_a_change_is_tried_again(
    theirs: Settings | None,
) -> None:
    jobs = fleet(1, 1)
    made = aws(jobs)

    def fault(call: Sent) -> Failure | None:
        if call.call.operation is GET or call.attempt > 1:
            return None
        if theirs is not None:
            made.have(theirs, call.job.target.function)
        return TIMEOUT

    done = run(jobs, Server(aws=made, fault=fault), rules=READ)
    operations = [call.call.operation for call in done.server.calls]
    outcome = done.of(0)
    if theirs is None:
        assert operations == [GET, UPDATE, GET, UPDATE]
        assert outcome.status is Status.UPDATED
    else:
        assert operations == [GET, UPDATE, GET]
        assert (outcome.status, outcome.error_code) == (Status.FAILED, CHANGED_SINCE)
        assert snapshot_of(made.config(jobs[0].target.function)) == theirs
