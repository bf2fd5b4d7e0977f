"""The engine in virtual time, against a model of Lambda that counts everything it is asked.

Time passes only when every task waits, and then at once: an hour's run takes a moment, and a run
that waits for something that never comes fails instead of hanging. Whatever a test is about, every
run is also audited for what must hold in all of them.
"""

import asyncio
import math
import random
import selectors
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bulkeic.core.model import (
    LATEST,
    Answer,
    Failure,
    Fault,
    Job,
    Lane,
    Outcome,
    Settings,
    Status,
    Success,
    Target,
)
from bulkeic.engine import Engine, Limits, MemoryFeed

EPOCH = 1_700_000_000.0
START = 1000.0
TIMEOUT_S = 10.0
LATENCY_S = 0.06

THROTTLED = Failure(Fault.THROTTLED, "TooManyRequestsException", "Rate exceeded", 429, "r-429")
CONFLICT = Failure(Fault.CONFLICT, "ResourceConflictException", "in progress", 409, "r-409")
SERVER = Failure(Fault.SERVER, "ServiceException", "oops", 500, "r-500")
TIMEOUT = Failure(Fault.TIMEOUT, "TimeoutError", "no answer within the time-out")
CONNECTION = Failure(Fault.CONNECTION, "EndpointConnectionError", "refused")
REFUSED = Failure(Fault.REFUSED, "ResourceNotFoundException", "no such function", 404, "r-404")
RETRYABLE = (THROTTLED, CONFLICT, SERVER, TIMEOUT, CONNECTION)


class Jump(selectors.SelectSelector):
    """Nothing but time ever happens, so waiting for it is over at once."""

    now = START

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("every task waits, and for nothing that will ever come")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is the selector's."""

    def __init__(self) -> None:
        self._jump = Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def now() -> float:
    return asyncio.get_running_loop().time()


class VirtualClock:
    """The engine's clock, on the loop's time."""

    def now(self) -> float:
        return now()

    def wall(self) -> float:
        return EPOCH + now()

    async def wait(self, event: anyio.Event, until: float) -> None:
        with anyio.move_on_after(until - now()):
            await event.wait()


class HalfWay(random.Random):
    """Jitter that is always half of what it may be."""

    def random(self) -> float:
        return 0.5


class Call:
    """One call, as the server saw it."""

    def __init__(self, job: Job, attempt: int) -> None:
        self.job = job
        self.lane = job.target.lane
        self.function = (job.target.lane, job.target.function)
        self.attempt = attempt
        self.sent = self.ended = now()
        self.answer: Answer | None = None


class Quota:
    """The token bucket of one lane, as Lambda is believed to have it: it starts full."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, now()

    def takes(self) -> bool:
        self._tokens = min(self._burst, self._tokens + (now() - self._at) * self._rate)
        self._at = now()
        if self._tokens < 1 - 1e-6:
            return False
        self._tokens -= 1
        return True


class Server:
    """Lambda: a call arrives after half of its latency, and is answered after all of it.

    Args:
        latency: seconds, or what draws them.
        quota: rate and burst of each lane.
        fault: what meets a call that the quota lets through, if anything. A time-out takes
            ``TIMEOUT_S``, a refused connection no time.
    """

    def __init__(
        self,
        latency: float | Callable[[], float] = LATENCY_S,
        *,
        quota: tuple[float, float] | None = None,
        fault: Callable[[Call], Failure | None] = lambda _: None,
    ) -> None:
        self.calls: list[Call] = []
        self.under_way: list[Call] = []
        self.most_under_way = 0
        self.most_of_a_function = 0
        self._latency = latency if callable(latency) else lambda: latency
        self._quota = quota
        self._quotas: dict[Lane, Quota] = {}
        self._attempts: Counter[int] = Counter()
        self._fault = fault

    async def call(self, job: Job) -> Answer:
        self._attempts[job.seq] += 1
        call = Call(job, self._attempts[job.seq])
        self.calls.append(call)
        self.under_way.append(call)
        self.most_under_way = max(self.most_under_way, len(self.under_way))
        same = sum(other.function == call.function for other in self.under_way)
        self.most_of_a_function = max(self.most_of_a_function, same)
        call.answer = await self._answer(call)
        call.ended = now()
        self.under_way.remove(call)
        return call.answer

    async def _answer(self, call: Call) -> Answer:
        latency = self._latency()
        failure = self._fault(call)
        if failure is not None and failure.http_status is None:
            await asyncio.sleep(TIMEOUT_S if failure.fault is Fault.TIMEOUT else 0)
            return failure
        await asyncio.sleep(latency / 2)
        if not self._lets_through(call.lane):
            failure = THROTTLED
        await asyncio.sleep(latency / 2)
        return failure or Success(200, f"r-{call.job.seq}", {"Answer": call.job.seq})

    def _lets_through(self, lane: Lane) -> bool:
        if self._quota is None:
            return True
        if lane not in self._quotas:
            self._quotas[lane] = Quota(*self._quota)
        return self._quotas[lane].takes()

    def of(self, lane: Lane) -> list[Call]:
        return [call for call in self.calls if call.lane == lane]

    def tries(self, seq: int) -> list[Call]:
        return [call for call in self.calls if call.job.seq == seq]

    def refusals(self) -> int:
        return sum(call.answer == THROTTLED for call in self.calls)


class Run:
    """A run that is over. It is an ``engine.Sink`` as well."""

    engine: Engine
    seconds: float
    told: list[Any]

    def __init__(self, jobs: Sequence[Job], server: Server, limits: Limits) -> None:
        self.jobs, self.server, self.limits = jobs, server, limits
        self.outcomes: list[Outcome] = []
        self.ended: dict[Lane, float] = {}

    def put(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.ended[lane_of(outcome)] = now() - START

    def of(self, seq: int) -> Outcome:
        (outcome,) = (outcome for outcome in self.outcomes if outcome.seq == seq)
        return outcome

    def statuses(self) -> Counter[Status]:
        return Counter(outcome.status for outcome in self.outcomes)


Meanwhile = Callable[[Engine, MemoryFeed], Coroutine[Any, Any, None]]


def run(
    jobs: Sequence[Job] = (),
    server: Server | None = None,
    *,
    later: Sequence[Job] = (),
    meanwhile: Meanwhile | None = None,
    growing: bool = False,
    chance: random.Random | None = None,
    **limits: Any,
) -> Run:
    """Runs the jobs in virtual time, and audits the run.

    Args:
        jobs: what the feed holds at the start.
        server: who answers.
        later: jobs that ``meanwhile`` feeds.
        meanwhile: what happens beside the run.
        growing: as the engine's.
        chance: as the engine's.
        limits: those of ``Limits`` that matter.
    """
    limits = {"rate": 15.0, "burst": 15.0} | limits
    result = Run([*jobs, *later], server or Server(), Limits(**limits))

    async def main() -> None:
        feed = MemoryFeed(jobs)
        engine = result.engine = Engine(
            feed,
            result.server,
            result,
            result.limits,
            growing=growing,
            clock=VirtualClock(),
            chance=chance or random.Random(7),
        )
        async with anyio.create_task_group() as tasks:
            if meanwhile is not None:
                tasks.start_soon(meanwhile, engine, feed)
            await engine.run()
        result.seconds = engine.elapsed()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner, capture_logs() as result.told:
        runner.run(main())
    audit(result)
    return result


def audit(run: Run) -> None:
    """What holds in every run."""
    server, limits, traffic = run.server, run.limits, run.engine.traffic
    assert server.most_under_way <= limits.concurrency
    assert server.most_of_a_function <= 1
    assert not server.under_way
    _audit_outcomes(run)
    assert traffic.calls == len(server.calls)
    assert traffic.retries == sum(call.attempt > 1 for call in server.calls)
    faults = Counter(call.answer.fault for call in server.calls if isinstance(call.answer, Failure))
    assert (traffic.throttles, traffic.conflicts) == (
        faults[Fault.THROTTLED],
        faults[Fault.CONFLICT],
    )
    for lane in {call.lane for call in server.calls}:
        assert most_in_a_window(server.of(lane), limits.rate) <= limits.burst + 1e-6
    _audit_order(server)


def _audit_outcomes(run: Run) -> None:
    wanted, got = {job.seq for job in run.jobs}, [outcome.seq for outcome in run.outcomes]
    assert len(got) == len(set(got))
    assert set(got) == wanted if run.engine.stopped is None else set(got) <= wanted
    tries = defaultdict(list)
    for call in run.server.calls:
        tries[call.job.seq].append(call)
    jobs = {job.seq: job for job in run.jobs}
    for outcome in run.outcomes:
        _audit_outcome(outcome, jobs[outcome.seq], tries[outcome.seq])


def _audit_outcome(outcome: Outcome, job: Job, tries: list[Call]) -> None:
    faults = [call.answer.fault for call in tries if isinstance(call.answer, Failure)]
    first, last = tries[0], tries[-1]
    answer = last.answer
    assert answer is not None
    assert outcome.status is (Status.FAILED if isinstance(answer, Failure) else Status.UPDATED)
    assert outcome.attempts == len(tries)
    assert outcome.throttles == faults.count(Fault.THROTTLED)
    assert outcome.conflicts == faults.count(Fault.CONFLICT)
    assert outcome.call_s == pytest.approx(last.ended - last.sent, abs=1e-5)
    assert (outcome.http_status, outcome.request_id) == (answer.http_status, answer.request_id)
    if isinstance(answer, Failure):
        assert (outcome.error_code, outcome.error_message) == (answer.code, answer.message)
        assert outcome.config is None
    else:
        assert (outcome.error_code, outcome.error_message) == (None, None)
        assert outcome.config == answer.config
    target = job.target
    assert (outcome.source, outcome.function_name) == (job.source, job.function_name)
    assert (outcome.function_arn, outcome.qualifier) == (target.arn, target.qualifier)
    assert lane_of(outcome) == target.lane
    assert outcome.settings == job.settings.to_api()
    assert outcome.started_at is not None
    assert outcome.duration_s is not None
    assert outcome.wait_s is not None
    begun = datetime.fromisoformat(outcome.started_at).timestamp() - EPOCH
    assert START - 2e-3 <= begun <= first.sent + 2e-3
    assert outcome.duration_s == pytest.approx(last.ended - begun, abs=2e-3)
    calls_s = sum(call.ended - call.sent for call in tries)
    assert -1e-5 <= outcome.wait_s <= outcome.duration_s - calls_s + 1e-5


def _audit_order(server: Server) -> None:
    """The jobs of a function go one after the other, as they stood in the file."""
    of_function = defaultdict(list)
    for call in server.calls:
        of_function[call.function].append(call)
    for calls in of_function.values():
        seqs = [call.job.seq for call in calls]
        assert seqs == sorted(seqs)


def most_in_a_window(calls: Iterable[Call], rate: float) -> float:
    """The most that any window holds over what the rate alone would allow in it."""
    if math.isinf(rate):
        return 0.0
    most, lowest = 0.0, math.inf
    for number, call in enumerate(sorted(calls, key=lambda call: call.sent)):
        over = number - rate * call.sent
        lowest = min(lowest, over)
        most = max(most, over - lowest + 1)
    return most


def lane_of(outcome: Outcome) -> Lane:
    return Lane(outcome.account_id or "", outcome.region or "")


def lane(number: int) -> Lane:
    return Lane("123456789012", f"xx-test-{number}")


def job(seq: int, where: int = 0, function: str | None = None, qualifier: str = LATEST) -> Job:
    name = function or f"fn-{seq}"
    target = Target(lane(where), name, qualifier)
    return Job(seq, f"targets.csv:{seq + 2}", name, target, Settings(maximum_retry_attempts=1))


def fleet(lanes: int, each: int) -> list[Job]:
    """So many jobs in each of so many lanes, sorted by lane."""
    return [job(seq, seq // each) for seq in range(lanes * each)]


def script(*answers: Failure | None) -> Callable[[Call], Failure | None]:
    """What meets the first, second, … try of every job; nothing afterwards."""
    return lambda call: answers[call.attempt - 1] if call.attempt <= len(answers) else None


def ideal(jobs: int, rate: float, burst: float, latency: float) -> float:
    """The first call alone; from its answer on what is left of the burst, and then the rate."""
    if jobs == 1:
        return latency
    return latency + max(0.0, jobs - burst) / rate + latency


# --- every job, one outcome ---


@st.composite
def fleets(draw: st.DrawFn) -> list[Job]:
    """Jobs of a few lanes in any order, some of them qualifiers of the same function."""
    places = draw(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8)), min_size=1, max_size=40)
    )
    return [
        job(seq, where, f"fn-{function}", f"v{seq}") for seq, (where, function) in enumerate(places)
    ]


@settings(max_examples=200, deadline=None)
@given(
    jobs=fleets(),
    seed=st.integers(0, 2**32),
    badness=st.floats(0, 0.7),
    rate=st.sampled_from([0.3, 2.0, 15.0, 1000.0, math.inf]),
    burst=st.sampled_from([1.0, 2.5, 15.0]),
    latency=st.floats(0.001, 3),
    concurrency=st.integers(1, 12),
    max_attempts=st.integers(1, 6),
)
def test_whatever_happens_every_job_has_one_outcome(
    *,
    jobs: list[Job],
    seed: int,
    badness: float,
    rate: float,
    burst: float,
    latency: float,
    concurrency: int,
    max_attempts: int,
) -> None:
    dice = random.Random(seed)
    hurried = Failure(Fault.THROTTLED, "Throttling", "", 400, None, retry_after_s=7.0)
    faults = [*RETRYABLE, REFUSED, hurried]
    server = Server(
        lambda: dice.uniform(0.5, 1.5) * latency,
        fault=lambda _: dice.choice(faults) if dice.random() < badness else None,
    )
    done = run(
        jobs,
        server,
        rate=rate,
        burst=burst,
        concurrency=concurrency,
        max_attempts=max_attempts,
        give_up_after_s=math.inf,
    )
    assert done.engine.stopped is None


def test_an_empty_feed_ends_at_once() -> None:
    done = run()
    assert (done.seconds, done.outcomes) == (0.0, [])


def test_one_job_is_one_call() -> None:
    done = run([job(0)])
    assert done.seconds == pytest.approx(LATENCY_S)
    assert done.of(0).duration_s == pytest.approx(LATENCY_S)
    assert done.of(0).wait_s == 0


def test_concurrency_of_one_works_on_one_call_at_a_time() -> None:
    done = run(fleet(3, 10), rate=1000, burst=1000, concurrency=1)
    assert done.server.most_under_way == 1
    assert done.seconds == pytest.approx(30 * LATENCY_S, abs=0.01)


def test_concurrency_is_used_up_and_never_exceeded() -> None:
    done = run(fleet(10, 20), Server(1.0), rate=math.inf, concurrency=16)
    assert done.server.most_under_way == 16


def test_an_error_of_the_caller_ends_the_run_with_it() -> None:
    def broken(call: Call) -> Failure | None:
        if call.job.seq == 7:
            raise ZeroDivisionError
        return None

    with pytest.raises(ExceptionGroup) as caught:
        run(fleet(2, 10), Server(fault=broken))
    assert caught.group_contains(ZeroDivisionError)


def test_an_error_of_the_feed_ends_the_run_with_it() -> None:
    class Broken(MemoryFeed):
        def take(self, lane: Lane) -> Sequence[Job]:
            raise ZeroDivisionError(lane)

    async def main() -> None:
        server = Server()
        sink = Run([], server, Limits())
        await Engine(Broken([job(0)]), server, sink, Limits(), clock=VirtualClock()).run()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner, pytest.raises(ZeroDivisionError):
        runner.run(main())


# --- the token bucket ---


@settings(max_examples=80, deadline=None)
@given(
    lanes=st.integers(1, 4),
    each=st.integers(1, 60),
    rate=st.floats(0.5, 100),
    burst=st.floats(1, 40),
    latency=st.floats(0.001, 5),
)
def test_a_server_of_the_same_rate_and_burst_refuses_nothing(
    lanes: int, each: int, rate: float, burst: float, latency: float
) -> None:
    server = Server(latency, quota=(rate, burst))
    done = run(fleet(lanes, each), server, rate=rate, burst=burst)  # which audits the windows
    assert server.refusals() == 0
    assert done.statuses() == {Status.UPDATED: lanes * each}


@settings(max_examples=80, deadline=None)
@given(
    each=st.integers(1, 100),
    rate=st.floats(0.5, 100),
    burst=st.floats(1, 40),
    latency=st.floats(0.01, 2),
    seed=st.integers(0, 2**32),
)
def test_latency_that_varies_can_bunch_up_no_more_than_it_varies(
    each: int, rate: float, burst: float, latency: float, seed: int
) -> None:
    dice = random.Random(seed)
    varies = latency / 2  # of the way there: from a quarter of the latency to three quarters
    server = Server(lambda: dice.uniform(0.5, 1.5) * latency, quota=(rate, burst + rate * varies))
    run(fleet(1, each), server, rate=rate, burst=burst)
    assert server.refusals() == 0


@pytest.mark.parametrize("seed", range(10))
def test_latency_as_it_varies_in_life_makes_no_refusals(seed: int) -> None:
    dice = random.Random(seed)
    server = Server(lambda: dice.uniform(0.5, 1.5) * LATENCY_S, quota=(15, 15))
    done = run(fleet(2, 300), server)
    assert server.refusals() == 0
    assert done.seconds <= 1.03 * ideal(300, 15, 15, LATENCY_S)


def test_the_first_call_of_a_lane_goes_alone() -> None:
    calls = run(fleet(1, 30), Server(1.0)).server.calls
    assert all(call.sent >= calls[0].ended for call in calls[1:])


@pytest.mark.parametrize("latency", [0.001, 0.06, 0.3, 1.0])
@pytest.mark.parametrize(("rate", "burst"), [(15.0, 15.0), (10.0, 1.0), (100.0, 100.0)])
def test_a_lane_is_as_fast_as_its_quota_lets_it(latency: float, rate: float, burst: float) -> None:
    done = run(fleet(1, 600), Server(latency), rate=rate, burst=burst, concurrency=1000)
    assert done.seconds <= 1.03 * ideal(600, rate, burst, latency) + 1


@pytest.mark.parametrize("failure", RETRYABLE, ids=lambda failure: str(failure.fault))
def test_every_try_takes_a_token(failure: Failure) -> None:
    jobs = 20
    done = run(fleet(1, jobs), Server(0.01, fault=script(failure, failure)), rate=2, burst=1)
    calls = done.server.calls
    assert len(calls) == jobs * 3
    assert all(after.sent - before.sent >= 0.5 - 1e-6 for before, after in pairwise(calls))


# --- lanes side by side ---


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
    where = [number for number in order for _ in range(60)]
    if shuffled:
        random.Random(seed).shuffle(where)
    server = Server(quota=(15, 15))
    done = run([job(seq, number) for seq, number in enumerate(where)], server)
    assert done.seconds <= ideal(60, 15, 15, LATENCY_S) + 0.1
    assert server.refusals() == 0


def test_the_fullest_lane_decides_how_long_a_run_takes() -> None:
    where = [0] * 200 + [number for number in range(1, 20) for _ in range(20)]
    done = run([job(seq, number) for seq, number in enumerate(where)])
    assert done.seconds <= ideal(200, 15, 15, LATENCY_S) + 0.1
    for number in range(1, 20):
        assert done.ended[lane(number)] <= ideal(20, 15, 15, LATENCY_S) + 0.1


def hanging(*numbers: int, since: float = 0.0) -> Callable[[Call], Failure | None]:
    lanes = {lane(number) for number in numbers}
    return lambda call: TIMEOUT if call.lane in lanes and call.sent >= START + since else None


@pytest.mark.parametrize("since", [0.0, 1.0])
def test_a_lane_that_hangs_delays_no_other(since: float) -> None:
    done = run(fleet(20, 60), Server(fault=hanging(0, since=since)), max_attempts=2)
    for number in range(1, 20):
        assert done.ended[lane(number)] <= ideal(60, 15, 15, LATENCY_S) + 0.1
    assert done.statuses()[Status.UPDATED] >= 19 * 60


def test_a_region_that_hangs_in_many_accounts_delays_the_others_by_one_time_out() -> None:
    # 40 lanes share 64 places; half of the lanes stop answering when all are well under way.
    server = Server(fault=hanging(*range(20), since=1))
    done = run(fleet(40, 60), server, max_attempts=2)
    for number in range(20, 40):
        assert done.ended[lane(number)] <= ideal(60, 15, 15, LATENCY_S) + TIMEOUT_S + 1


def test_a_lane_without_a_rate_that_hangs_delays_no_other_for_long() -> None:
    server = Server(fault=hanging(0, since=0.1))
    done = run(fleet(2, 2000), server, rate=math.inf, max_attempts=2)
    alone = 2000 / 64 * LATENCY_S
    assert done.ended[lane(1)] <= 2 * alone + TIMEOUT_S + 1


# --- one call of a function at a time ---


def test_the_qualifiers_of_a_function_go_one_after_the_other() -> None:
    jobs = [job(seq, 0, f"fn-{seq % 3}", f"v{seq}") for seq in range(60)]
    done = run(jobs, rate=1000, burst=1000)
    assert done.server.most_of_a_function == 1
    assert done.server.most_under_way == 3
    assert done.seconds == pytest.approx(20 * LATENCY_S, abs=0.1)


def test_a_function_with_thousands_of_versions_is_worked_off() -> None:
    many = [job(seq, 0, "many", f"v{seq}") for seq in range(2500)]
    others = [job(2500 + seq) for seq in range(500)]
    done = run([*many, *others], rate=1000, burst=1000)
    assert done.statuses() == {Status.UPDATED: 3000}


def test_the_same_function_name_in_another_lane_is_another_function() -> None:
    done = run([job(seq, seq, "fn") for seq in range(10)])
    assert done.server.most_under_way == 10
    assert done.seconds == pytest.approx(LATENCY_S)


def test_a_function_that_waits_for_a_retry_stays_taken() -> None:
    jobs = [job(0, 0, "fn", "v0"), job(1, 0, "fn", "v1"), job(2)]
    server = Server(
        fault=lambda call: script(CONFLICT, CONFLICT)(call) if not call.job.seq else None
    )
    done = run(jobs, server)
    assert [call.job.seq for call in server.calls if call.job.seq < 2] == [0, 0, 0, 1]
    assert done.ended[lane(0)] > 0.5
    assert server.tries(2)[0].sent < START + 0.1


# --- retries ---


@pytest.mark.parametrize("failure", RETRYABLE, ids=lambda failure: str(failure.fault))
def test_what_may_succeed_is_tried_up_to_max_attempts(failure: Failure) -> None:
    # Another lane is answered all the time, so that the trouble is this job's own.
    others = [job(seq, 1) for seq in range(1, 1500)]
    server = Server(fault=lambda call: failure if call.job.seq == 0 else None)
    done = run([job(0), *others], server, max_attempts=4)
    assert done.engine.stopped is None
    assert done.of(0).status is Status.FAILED
    # One time-out before anybody has been answered at all may pass for the network's.
    assert done.of(0).attempts in ({4, 5} if failure.http_status is None else {4})
    assert done.of(0).error_code == failure.code
    assert done.statuses()[Status.UPDATED] == 1499


@pytest.mark.parametrize("failure", RETRYABLE, ids=lambda failure: str(failure.fault))
def test_what_succeeds_at_last_is_updated(failure: Failure) -> None:
    done = run([job(0)], Server(fault=script(failure, failure, failure)), max_attempts=4)
    assert (done.of(0).status, done.of(0).attempts) == (Status.UPDATED, 4)


def test_what_is_refused_is_not_tried_again() -> None:
    done = run(fleet(1, 5), Server(fault=lambda _: REFUSED))
    assert [outcome.attempts for outcome in done.outcomes] == [1] * 5
    assert done.statuses() == {Status.FAILED: 5}


def test_the_wait_before_a_retry_grows_by_chance() -> None:
    server = Server(fault=script(*[SERVER] * 7))
    run([job(0)], server, chance=HalfWay())
    waits = [after.sent - before.ended for before, after in pairwise(server.calls)]
    assert waits == pytest.approx([0.25, 0.5, 1, 2, 4, 8, 10])


def test_no_wait_is_shorter_than_the_server_asks_for() -> None:
    asked = Failure(Fault.SERVER, "ServiceException", "", 503, None, retry_after_s=9.0)
    server = Server(fault=script(asked))
    run([job(0)], server)
    first, second = server.calls
    assert second.sent - first.ended == pytest.approx(9)


def test_retry_after_pauses_its_own_lane_and_no_other() -> None:
    asked = Failure(Fault.THROTTLED, "Throttling", "", 429, None, retry_after_s=30.0)
    server = Server(fault=lambda call: asked if call.job.seq == 20 and call.attempt == 1 else None)
    done = run(fleet(3, 60), server)
    (refused,) = (call for call in server.calls if call.answer is asked)
    sent = [call.sent for call in server.of(lane(0))]
    assert not [at for at in sent if refused.ended < at < refused.ended + 30]
    assert max(sent) > refused.ended + 30
    for number in (1, 2):
        assert done.ended[lane(number)] == pytest.approx(ideal(60, 15, 15, LATENCY_S), abs=0.01)


def test_a_server_cannot_pause_a_lane_for_ever() -> None:
    asked = Failure(Fault.THROTTLED, "Throttling", "", 429, None, retry_after_s=86400.0)
    done = run(
        fleet(1, 5), Server(fault=lambda call: asked if call.job.seq == 0 else None), max_attempts=2
    )
    assert done.seconds < 3600


def test_a_throttle_slows_its_own_lane_and_no_other() -> None:
    jobs = fleet(3, 100)
    plain = run(jobs).server
    server = Server(
        fault=lambda call: THROTTLED if call.job.seq == 30 and call.attempt == 1 else None
    )
    run(jobs, server)
    (refused,) = (call for call in server.calls if call.answer == THROTTLED)

    def soon(server: Server) -> int:
        return sum(refused.ended < call.sent <= refused.ended + 4 for call in server.of(lane(0)))

    assert soon(server) < 0.9 * soon(plain)
    for number in (1, 2):
        assert [call.sent for call in server.of(lane(number))] == [
            call.sent for call in plain.of(lane(number))
        ]


@pytest.mark.parametrize(("rate", "quota"), [(12.0, 8.0), (math.inf, 100.0)])
def test_a_lane_finds_the_rate_of_a_stricter_server(rate: float, quota: float) -> None:
    server = Server(quota=(quota, quota))
    done = run(fleet(2, 300), server, rate=rate, burst=12, concurrency=24)
    assert server.refusals() > 0
    assert done.statuses() == {Status.UPDATED: 600}
    assert done.seconds < 2.5 * 300 / quota + 20


# --- the figures of an outcome ---


def test_the_figures_of_an_outcome() -> None:
    server = Server(0.1, fault=script(THROTTLED, CONFLICT, SERVER))
    done = run([job(0)], server, rate=1, burst=1, chance=HalfWay())
    outcome = done.of(0)
    assert (outcome.attempts, outcome.throttles, outcome.conflicts) == (4, 1, 1)
    backoff = 0.25 + 0.5 + 1
    gaps = [after.sent - before.ended for before, after in pairwise(server.calls)]
    assert outcome.wait_s == pytest.approx(sum(gaps) - backoff)
    assert outcome.call_s == pytest.approx(0.1)
    assert outcome.duration_s == pytest.approx(server.calls[-1].ended - START)
    assert outcome.started_at == "2023-11-14T22:30:00.000Z"


def test_a_job_at_the_head_of_its_lane_waits_for_its_token() -> None:
    done = run(fleet(1, 4), Server(0.1), rate=2, burst=1)
    assert [outcome.wait_s for outcome in done.outcomes] == pytest.approx([0, 0.6, 0.5, 0.5])
    assert [outcome.duration_s for outcome in done.outcomes] == pytest.approx([0.1, 0.7, 0.6, 0.6])


def test_waiting_for_a_retry_of_the_same_function_is_no_waiting_in_the_limiter() -> None:
    jobs = [job(0, 0, "fn", "v0"), job(1, 0, "fn", "v1")]
    asked = Failure(Fault.SERVER, "ServiceException", "", 503, None, retry_after_s=30.0)
    server = Server(fault=lambda call: script(asked)(call) if call.job.seq == 0 else None)
    done = run(jobs, server)
    assert done.of(1).wait_s == pytest.approx(0, abs=1)


def test_a_job_that_arrives_late_has_waited_for_nothing_before() -> None:
    async def feed_late(engine: Engine, feed: MemoryFeed) -> None:
        await asyncio.sleep(100)
        feed.add(job(1))
        engine.arrived(lane(0), 1)
        engine.no_more()

    done = run([job(0)], later=[job(1)], meanwhile=feed_late, growing=True)
    assert done.server.tries(1)[0].sent == pytest.approx(START + 100)
    assert done.of(1).wait_s == pytest.approx(0)
    assert done.of(1).duration_s == pytest.approx(LATENCY_S)
    assert done.of(1).started_at == "2023-11-14T22:31:40.000Z"


# --- the end ---


@pytest.mark.parametrize("rate", [15.0, math.inf])
def test_after_stop_nothing_starts_and_what_is_in_flight_finishes(rate: float) -> None:
    in_flight: list[int] = []

    async def stop(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(2.01)
        in_flight.extend(call.job.seq for call in server.under_way)
        engine.stop("enough")
        engine.stop("too late a reason")

    server = Server(0.5, fault=lambda call: CONFLICT if call.job.seq % 10 == 3 else None)
    done = run(fleet(3, 1000), server, meanwhile=stop, rate=rate, concurrency=20)
    assert done.engine.stopped == "enough"
    assert max(call.sent for call in server.calls) <= START + 2.01
    assert done.seconds <= 2.01 + 0.5
    have = {outcome.seq for outcome in done.outcomes}
    assert in_flight
    assert {seq for seq in in_flight if seq % 10 != 3} <= have
    parked = {call.job.seq for call in server.calls if call.job.seq % 10 == 3}
    assert parked
    assert not parked & have
    assert have == {call.job.seq for call in server.calls} - parked


def test_a_run_that_is_stopped_before_it_starts_calls_nobody() -> None:
    async def main() -> Engine:
        server = Server()
        engine = Engine(
            MemoryFeed(fleet(2, 5)),
            server,
            Run([], server, Limits()),
            Limits(),
            clock=VirtualClock(),
        )
        engine.stop("no")
        await engine.run()
        assert not server.calls
        return engine

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(main()).stopped == "no"


@pytest.mark.parametrize("failure", [TIMEOUT, CONNECTION], ids=lambda failure: str(failure.fault))
def test_when_nothing_is_answered_the_run_gives_up_and_no_job_has_failed(failure: Failure) -> None:
    done = run(fleet(3, 50), Server(fault=lambda _: failure), max_attempts=2, give_up_after_s=60)
    assert done.engine.stopped == "nothing has been answered for 60 s"
    assert done.outcomes == []
    assert 60 <= done.seconds <= 60 + 20 + TIMEOUT_S


def test_when_the_answers_end_midway_the_run_gives_up_and_no_job_has_failed() -> None:
    server = Server(fault=lambda call: TIMEOUT if call.sent > START + 5 else None)
    done = run(fleet(3, 500), server, max_attempts=2, give_up_after_s=60)
    assert done.engine.stopped is not None
    assert set(done.statuses()) == {Status.UPDATED}
    assert 65 <= done.seconds <= 65 + 20 + TIMEOUT_S


@pytest.mark.parametrize("failure", [TIMEOUT, CONNECTION], ids=lambda failure: str(failure.fault))
def test_an_endpoint_that_is_down_for_a_while_costs_no_job(failure: Failure) -> None:
    server = Server(fault=lambda call: failure if 2 < call.sent - START < 22 else None)
    done = run(fleet(4, 150), server, max_attempts=3)
    assert done.engine.stopped is None
    assert done.statuses() == {Status.UPDATED: 600}
    assert done.seconds <= ideal(150, 15, 15, LATENCY_S) + 20 + 20 + TIMEOUT_S


def test_a_quiet_time_is_no_silence_of_the_server() -> None:
    async def feed_late(engine: Engine, feed: MemoryFeed) -> None:
        await asyncio.sleep(300)
        feed.add(job(2))
        engine.arrived(lane(0), 1)
        engine.no_more()

    # Job 1 is answered while job 0 hangs, so job 0 fails for good; then there is nothing to do.
    server = Server(fault=lambda call: TIMEOUT if call.attempt == 1 and call.job.seq != 1 else None)
    first = [job(0), job(1, 1)]
    done = run(first, server, later=[job(2)], meanwhile=feed_late, growing=True, max_attempts=1)
    assert done.engine.stopped is None


# --- feeds that grow ---


@settings(max_examples=100, deadline=None)
@given(
    jobs=fleets(),
    pauses=st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.5, 5.0]), min_size=41, max_size=41),
    at_first=st.integers(0, 5),
    concurrency=st.integers(1, 8),
)
def test_jobs_that_arrive_later_all_have_outcomes(
    jobs: list[Job], pauses: list[float], at_first: int, concurrency: int
) -> None:
    first, later = jobs[:at_first], jobs[at_first:]

    async def feed_on(engine: Engine, feed: MemoryFeed) -> None:
        await asyncio.sleep(0.01)
        for one, pause in zip(later, pauses, strict=False):
            await asyncio.sleep(pause)
            feed.add(one)
            engine.arrived(one.target.lane, 1)
        await asyncio.sleep(pauses[-1])
        engine.no_more()

    server = Server(fault=script(CONFLICT))
    done = run(first, server, later=later, meanwhile=feed_on, growing=True, concurrency=concurrency)
    assert done.statuses() == {Status.UPDATED: len(jobs)}


def test_a_growing_run_waits_until_no_more_will_come() -> None:
    async def end(engine: Engine, _: MemoryFeed) -> None:
        await asyncio.sleep(50)
        engine.no_more()

    assert run(fleet(1, 3), meanwhile=end, growing=True).seconds == pytest.approx(50)
    assert run(meanwhile=end, growing=True).seconds == pytest.approx(50)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_jobs_may_all_have_arrived_before_the_run_begins(count: int) -> None:
    jobs = fleet(1, count) if count else []

    async def main() -> Run:
        server = Server()
        sink = Run(jobs, server, Limits())
        feed = MemoryFeed()
        sink.engine = Engine(feed, server, sink, Limits(), growing=True, clock=VirtualClock())
        for one in jobs:
            feed.add(one)
            sink.engine.arrived(one.target.lane, 1)
        sink.engine.no_more()
        await sink.engine.run()
        return sink

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        audit(runner.run(main()))


# --- what is told ---


def test_each_trouble_is_told_with_lane_function_and_code() -> None:
    faults = {0: script(THROTTLED), 1: script(SERVER), 2: script(REFUSED)}
    told = run(fleet(1, 3), Server(fault=lambda call: faults[call.job.seq](call))).told
    assert {(event["event"], event.get("function"), event["code"]) for event in told} == {
        ("throttled", "fn-0", "TooManyRequestsException"),
        ("lane slowed down", None, "TooManyRequestsException"),
        ("retry", "fn-1", "ServiceException"),
        ("failed", "fn-2", "ResourceNotFoundException"),
    }
    assert {event["lane"] for event in told} == {str(lane(0))}
