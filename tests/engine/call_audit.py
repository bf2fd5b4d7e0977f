"""A finished run, and the audit that every run must pass."""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from bulkeic.core.change.confirmation import OUTCOME_UNKNOWN
from bulkeic.core.change.policy import Apply, Policy
from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import (
    Answer,
    Failure,
    Fault,
    Job,
    Lane,
    Operation,
    Outcome,
    Status,
    Success,
)
from bulkeic.engine.engine import Engine
from bulkeic.engine.limits import AUTO, EngineLimits

from .example_jobs import lane_of
from .fake_lambda import Sent, Server
from .virtual_clock import EPOCH, START, now

STORED_AFTER_S = 0.1


class Run:
    """A finished run. It also implements the engine's ``Sink``."""

    engine: Engine
    seconds: float
    log: list[Any]

    def __init__(
        self,
        jobs: Sequence[Job],
        server: Server,
        limits: EngineLimits,
        policy: Policy = Apply(),  # noqa: B008 - frozen
    ) -> None:
        self.jobs, self.server, self.limits, self.policy = jobs, server, limits, policy
        self.outcomes: list[Outcome] = []
        self.before_images: list[tuple[int, BeforeImage]] = []
        self.stored_at: dict[int, float] = {}
        self.dropped = 0
        self.ended: dict[Lane, float] = {}

    def put(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.ended[lane_of(outcome)] = now() - START

    def store_before_image(
        self, job: Job, seen: BeforeImage, on_stored: Callable[[], None]
    ) -> None:
        self.before_images.append((job.seq, seen))
        asyncio.get_running_loop().call_later(STORED_AFTER_S, self._stored, job.seq, on_stored)

    def _stored(self, seq: int, on_stored: Callable[[], None]) -> None:
        self.stored_at.setdefault(seq, now())
        on_stored()

    def drop(self, jobs: int) -> None:
        self.dropped += jobs

    def of(self, seq: int) -> Outcome:
        (outcome,) = (outcome for outcome in self.outcomes if outcome.seq == seq)
        return outcome

    def statuses(self) -> Counter[Status]:
        return Counter(outcome.status for outcome in self.outcomes)


def audit(run: Run) -> None:
    """Check what must hold in every run."""
    server, limits, traffic = run.server, run.limits, run.engine.traffic
    assert server.most_in_flight <= limits.concurrency
    assert server.most_per_function <= 1
    assert not server.in_flight
    _audit_outcomes(run)
    sent = [call for call in server.calls if call.was_sent]
    assert traffic.calls == len(sent)
    assert traffic.retries == _count_retries(sent)
    faults = Counter(call.answer.fault for call in sent if isinstance(call.answer, Failure))
    assert (traffic.throttles, traffic.conflicts) == (
        faults[Fault.THROTTLED],
        faults[Fault.CONFLICT],
    )
    _audit_order(server)
    _audit_stored(run)
    if limits.rate == AUTO:
        return
    by_lane = defaultdict(list)
    for call in sent:
        if call.call.operation.is_metered:
            by_lane[call.lane].append(call)
    for calls in by_lane.values():
        assert max_burst(calls, limits.rate) <= limits.bucket_size + 1e-6


def _count_retries(sent: list[Sent]) -> int:
    """The calls that repeat an operation of their job, or confirm a change."""
    seen: set[tuple[int, Operation]] = set()
    retries = 0
    for call in sent:
        key = (call.job.seq, call.call.operation)
        retries += key in seen or _confirms(call, sent)
        seen.add(key)
    return retries


def _confirms(call: Sent, sent: Sequence[Sent]) -> bool:
    """Whether a call reads a target after a change of the same job."""
    return not call.changes and any(
        other.changes and other.job.seq == call.job.seq and other.sent < call.sent for other in sent
    )


def _audit_outcomes(run: Run) -> None:
    expected, got = {job.seq for job in run.jobs}, [outcome.seq for outcome in run.outcomes]
    assert len(got) == len(set(got))
    assert set(got) <= expected
    stopped = run.engine.stopped_lanes()
    planned = {seq for seq, seen in run.before_images if seen.is_pending}
    assert not planned & set(got)
    expected -= planned
    lost = expected.difference(got)
    missing = {job.target.lane for job in run.jobs if job.seq in lost}
    if run.engine.stopped is None:
        assert missing <= set(stopped)
        assert len(got) <= len(expected) <= len(got) + run.dropped
    attempts = defaultdict(list)
    for call in run.server.calls:
        if not call.was_held:
            attempts[call.job.seq].append(call)
    jobs = {job.seq: job for job in run.jobs}
    for outcome in run.outcomes:
        _audit_outcome(outcome, jobs[outcome.seq], attempts[outcome.seq])
        if run.policy == Apply():
            _audit_update(outcome, jobs[outcome.seq], attempts[outcome.seq])


def _audit_stored(run: Run) -> None:
    """No write is sent before the target's before-image is stored."""
    first_calls = {call.job.seq: call for call in reversed(run.server.calls)}
    jobs_that_read = {seq for seq, call in first_calls.items() if not call.changes}
    for call in run.server.calls:
        if call.changes and call.job.seq in jobs_that_read:
            assert run.stored_at[call.job.seq] <= call.sent


def _audit_outcome(outcome: Outcome, job: Job, attempts: list[Sent]) -> None:
    failures = [call.answer for call in attempts if isinstance(call.answer, Failure)]
    faults = [failure.fault for failure in failures if failure.sent]
    first, last = attempts[0], attempts[-1]
    answer = last.answer
    assert answer is not None
    assert outcome.attempts == len(attempts)
    assert outcome.throttles == faults.count(Fault.THROTTLED)
    assert outcome.conflicts == faults.count(Fault.CONFLICT)
    assert outcome.call_s is not None
    assert abs(outcome.call_s - (last.ended - last.sent)) <= 1e-5
    ended_with = _change_that_failed(outcome, attempts) or answer
    assert (outcome.http_status, outcome.request_id) == (
        ended_with.http_status,
        ended_with.request_id,
    )
    target = job.target
    assert (outcome.source, outcome.function_name) == (job.source, job.function_name)
    assert (outcome.function_arn, outcome.qualifier) == (target.arn, target.qualifier)
    assert lane_of(outcome) == target.lane
    assert outcome.started_at is not None
    assert outcome.duration_s is not None
    assert outcome.wait_s is not None
    started = datetime.fromisoformat(outcome.started_at).timestamp() - EPOCH
    assert START - 2e-3 <= started <= first.sent + 2e-3
    assert abs(outcome.duration_s - (last.ended - started)) <= 2e-3
    calls_s = sum(call.ended - call.sent for call in attempts)
    assert -1e-5 <= outcome.wait_s <= outcome.duration_s - calls_s + 1e-5


def _change_that_failed(outcome: Outcome, attempts: list[Sent]) -> Answer | None:
    """The answer to the last change of a job that failed, also if it was confirmed by a read.

    A read after changes that made nothing confirms nothing: what was read before was too old.
    """
    changes = [call.answer for call in attempts if call.changes]
    if not changes or outcome.status is not Status.FAILED:
        return None
    made_nothing = all(
        isinstance(answer, Failure) and answer.fault in {Fault.THROTTLED, Fault.CONFLICT}
        for answer in changes
    )
    return None if made_nothing and not attempts[-1].changes else changes[-1]


def _audit_update(outcome: Outcome, job: Job, attempts: list[Sent]) -> None:
    """The outcome of a job that only changes its target agrees with its answers."""
    answer, change = attempts[-1].answer, _change_that_failed(outcome, attempts)
    assert outcome.settings == job.settings.to_api()
    assert outcome.before is None
    if isinstance(change, Failure):
        assert (outcome.error_code, outcome.error_message) == (change.code, change.message)
        assert outcome.config == (answer.config if isinstance(answer, Success) else None)
    elif isinstance(answer, Failure):
        assert outcome.status is Status.UNKNOWN
        assert outcome.error_code == OUTCOME_UNKNOWN
    else:
        assert outcome.status is Status.UPDATED
        assert outcome.error_code is None
        assert (outcome.error_message is None) is attempts[-1].changes
        assert answer is not None
        assert outcome.config == answer.config


def _audit_order(server: Server) -> None:
    """The jobs of a function run one at a time, in file order."""
    by_function = defaultdict(list)
    for call in server.calls:
        by_function[call.function].append(call)
    for calls in by_function.values():
        seqs = [call.job.seq for call in calls]
        assert seqs == sorted(seqs)


def max_burst(calls: Iterable[Sent], rate: float) -> float:
    """The largest number of calls in any window above what the rate allows in it."""
    if math.isinf(rate):
        return 0.0
    most, lowest = 0.0, math.inf
    for number, call in enumerate(sorted(calls, key=lambda call: call.sent)):
        over = number - rate * call.sent
        lowest = min(lowest, over)
        most = max(most, over - lowest + 1)
    return most
