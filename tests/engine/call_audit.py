"""A run that is over, and what must hold in every one, whatever its test is about."""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from bulkeic.core.model import Failure, Fault, Job, Lane, Outcome, Status
from bulkeic.core.policy import Apply, Policy
from bulkeic.core.reconcile import BeforeImage
from bulkeic.engine.engine import Engine
from bulkeic.engine.limits import AUTO, EngineLimits

from .example_jobs import lane_of
from .fake_lambda import Sent, Server
from .virtual_clock import EPOCH, START, now

KEPT_AFTER_S = 0.1


class Run:
    """A run that is over. It is an ``engine.Sink`` as well."""

    engine: Engine
    seconds: float
    told: list[Any]

    def __init__(
        self,
        jobs: Sequence[Job],
        server: Server,
        limits: EngineLimits,
        rules: Policy = Apply(),  # noqa: B008 - frozen
    ) -> None:
        self.jobs, self.server, self.limits, self.rules = jobs, server, limits, rules
        self.outcomes: list[Outcome] = []
        self.kept: list[tuple[int, BeforeImage]] = []
        self.kept_at: dict[int, float] = {}
        self.dropped = 0
        self.ended: dict[Lane, float] = {}

    def put(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.ended[lane_of(outcome)] = now() - START

    def keep(self, job: Job, seen: BeforeImage, then: Callable[[], None]) -> None:
        self.kept.append((job.seq, seen))
        asyncio.get_running_loop().call_later(KEPT_AFTER_S, self._kept, job.seq, then)

    def _kept(self, seq: int, then: Callable[[], None]) -> None:
        self.kept_at.setdefault(seq, now())
        then()

    def drop(self, jobs: int) -> None:
        self.dropped += jobs

    def of(self, seq: int) -> Outcome:
        (outcome,) = (outcome for outcome in self.outcomes if outcome.seq == seq)
        return outcome

    def statuses(self) -> Counter[Status]:
        return Counter(outcome.status for outcome in self.outcomes)


def audit(run: Run) -> None:
    """What holds in every run."""
    server, limits, traffic = run.server, run.limits, run.engine.traffic
    assert server.most_under_way <= limits.concurrency
    assert server.most_of_a_function <= 1
    assert not server.under_way
    _audit_outcomes(run)
    sent = [call for call in server.calls if call.was_sent]
    assert traffic.calls == len(sent)
    assert traffic.retries == sum(call.attempt > 1 for call in sent)
    faults = Counter(call.answer.fault for call in sent if isinstance(call.answer, Failure))
    assert (traffic.throttles, traffic.conflicts) == (
        faults[Fault.THROTTLED],
        faults[Fault.CONFLICT],
    )
    _audit_order(server)
    _audit_kept(run)
    if limits.rate == AUTO:
        return
    of_lanes = defaultdict(list)
    for call in sent:
        if call.call.operation.is_metered:
            of_lanes[call.lane].append(call)
    for of_lane in of_lanes.values():
        assert most_in_a_window(of_lane, limits.rate) <= limits.bucket_size + 1e-6


def _audit_outcomes(run: Run) -> None:
    wanted, got = {job.seq for job in run.jobs}, [outcome.seq for outcome in run.outcomes]
    assert len(got) == len(set(got))
    assert set(got) <= wanted
    stopped = run.engine.stopped_lanes()
    planned = {seq for seq, seen in run.kept if seen.is_pending}
    assert not planned & set(got)
    wanted -= planned
    lost = wanted.difference(got)
    missing = {job.target.lane for job in run.jobs if job.seq in lost}
    if run.engine.stopped is None:
        assert missing <= set(stopped)
        assert len(got) <= len(wanted) <= len(got) + run.dropped
    tries = defaultdict(list)
    for call in run.server.calls:
        tries[call.job.seq].append(call)
    jobs = {job.seq: job for job in run.jobs}
    for outcome in run.outcomes:
        _audit_outcome(outcome, jobs[outcome.seq], tries[outcome.seq])
        if run.rules == Apply():
            _audit_update(outcome, jobs[outcome.seq], tries[outcome.seq][-1])


def _audit_kept(run: Run) -> None:
    """Nothing that changes a target is sent before what it had is kept."""
    has_read = {call.job.seq for call in run.server.calls if not call.changes}
    for call in run.server.calls:
        if call.changes and call.job.seq in has_read:
            assert run.kept_at[call.job.seq] <= call.sent


def _audit_outcome(outcome: Outcome, job: Job, tries: list[Sent]) -> None:
    failures = [call.answer for call in tries if isinstance(call.answer, Failure)]
    faults = [failure.fault for failure in failures if failure.sent]
    first, last = tries[0], tries[-1]
    answer = last.answer
    assert answer is not None
    assert outcome.attempts == len(tries)
    assert outcome.throttles == faults.count(Fault.THROTTLED)
    assert outcome.conflicts == faults.count(Fault.CONFLICT)
    assert outcome.call_s is not None
    assert abs(outcome.call_s - (last.ended - last.sent)) <= 1e-5
    assert (outcome.http_status, outcome.request_id) == (answer.http_status, answer.request_id)
    target = job.target
    assert (outcome.source, outcome.function_name) == (job.source, job.function_name)
    assert (outcome.function_arn, outcome.qualifier) == (target.arn, target.qualifier)
    assert lane_of(outcome) == target.lane
    assert outcome.started_at is not None
    assert outcome.duration_s is not None
    assert outcome.wait_s is not None
    begun = datetime.fromisoformat(outcome.started_at).timestamp() - EPOCH
    assert START - 2e-3 <= begun <= first.sent + 2e-3
    assert abs(outcome.duration_s - (last.ended - begun)) <= 2e-3
    calls_s = sum(call.ended - call.sent for call in tries)
    assert -1e-5 <= outcome.wait_s <= outcome.duration_s - calls_s + 1e-5


def _audit_update(outcome: Outcome, job: Job, last: Sent) -> None:
    """The outcome of a job that is one call tells its answer."""
    answer = last.answer
    assert outcome.settings == job.settings.to_api()
    assert outcome.before is None
    if isinstance(answer, Failure):
        assert outcome.status is Status.FAILED
        assert (outcome.error_code, outcome.error_message) == (answer.code, answer.message)
        assert outcome.config is None
    else:
        assert outcome.status is Status.UPDATED
        assert (outcome.error_code, outcome.error_message) == (None, None)
        assert answer is not None
        assert outcome.config == answer.config


def _audit_order(server: Server) -> None:
    """The jobs of a function go one after the other, as they stood in the file."""
    of_function = defaultdict(list)
    for call in server.calls:
        of_function[call.function].append(call)
    for calls in of_function.values():
        seqs = [call.job.seq for call in calls]
        assert seqs == sorted(seqs)


def most_in_a_window(calls: Iterable[Sent], rate: float) -> float:
    """The most that any window holds over what the rate alone would allow in it."""
    if math.isinf(rate):
        return 0.0
    most, lowest = 0.0, math.inf
    for number, call in enumerate(sorted(calls, key=lambda call: call.sent)):
        over = number - rate * call.sent
        lowest = min(lowest, over)
        most = max(most, over - lowest + 1)
    return most
