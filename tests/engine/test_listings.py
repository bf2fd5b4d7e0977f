"""Pages of listings through the engine: they are reads, and take tokens as everything else."""

import asyncio
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.change.policy import Discover
from bulkeic.core.change.reconcile import MISSING, NO_FUNCTION
from bulkeic.core.listing import ListingJob
from bulkeic.core.model import (
    Answer,
    Call,
    Failure,
    Fault,
    Job,
    Operation,
    PageRequest,
    Settings,
    SourceLine,
    Status,
    Target,
)
from bulkeic.engine.engine import Engine
from bulkeic.engine.memory_feed import MemoryFeed

from .call_audit import Run
from .engine_runs import run
from .example_jobs import ideal, lane
from .fake_lambda import (
    CONFLICT,
    CONNECTION,
    LATENCY_S,
    REFUSED,
    RETRYABLE,
    SERVER,
    THROTTLED,
    TIMEOUT,
    Sent,
    Server,
    script,
)

DISCOVER = Discover()
DENIED = Failure(Fault.DENIED, "AccessDeniedException", "not authorized", 403, "r-403")
MISMATCH = Failure(Fault.SERVER, "AnswerMismatch", "HTTP 200, but …", 200, "r-200")


def page(
    seq: int, number: int = 0, function: str = "", operation: Operation = Operation.LIST_FUNCTIONS
) -> ListingJob:
    """A job that reads a page of a lane's functions, or of a function's aliases."""
    return ListingJob(
        seq,
        SourceLine(""),
        function,
        Target(lane(number), function),
        Settings(),
        call=Call(operation, page=PageRequest(f"page {seq}" if seq else "")),
    )


def listings(lanes: int, functions: int) -> list[Job]:
    """For each lane a page of its functions, and two pages for each of these."""
    kinds = (Operation.LIST_ALIASES, Operation.LIST_CONFIGS)
    jobs: list[Job] = []
    for number in range(lanes):
        jobs.append(page(len(jobs), number))
        for function in range(functions):
            jobs += [page(len(jobs) + at, number, f"f{function}", kinds[at]) for at in range(2)]
    return jobs


def test_pages_are_paced_by_their_lane() -> None:
    done = run(listings(2, 30), policy=DISCOVER, rate=15, burst=15)

    assert done.statuses() == {Status.UNCHANGED: 122}
    assert done.engine.traffic.calls == 122
    assert done.seconds == pytest.approx(ideal(61, 15, 15, LATENCY_S), abs=0.1)
    assert {outcome.error_code for outcome in done.outcomes} == {None}


def test_each_job_sends_its_own_call() -> None:
    jobs = listings(2, 3)
    done = run(jobs, policy=DISCOVER)

    sent = {call.job.seq: call.call for call in done.server.calls}
    assert sent == {job.seq: job.call for job in jobs if isinstance(job, ListingJob)}


def test_the_pages_of_several_functions_are_in_flight_at_once_and_of_one_function_never() -> None:
    done = run(listings(1, 5), policy=DISCOVER, rate=1000, burst=1000)

    assert done.server.most_in_flight == 5
    assert done.server.most_per_function == 1


@settings(max_examples=100, deadline=None)
@given(
    faults=st.lists(st.sampled_from([*RETRYABLE, MISMATCH]), max_size=4),
    operation=st.sampled_from(
        [Operation.LIST_FUNCTIONS, Operation.LIST_ALIASES, Operation.LIST_CONFIGS]
    ),
)
def test_a_failed_page_is_sent_again_and_never_confirmed(
    faults: list[Failure], operation: Operation
) -> None:
    job = page(0, 0, "" if operation is Operation.LIST_FUNCTIONS else "f", operation)
    done = run([job], Server(fault=script(*faults)), policy=DISCOVER)

    assert done.statuses() == {Status.UNCHANGED: 1}
    assert [call.call for call in done.server.calls] == [job.call] * (len(faults) + 1)
    assert done.engine.traffic.retries == len(faults)
    assert not done.before_images


@pytest.mark.parametrize("failure", [SERVER, MISMATCH])
def test_a_page_that_always_fails_is_failed_and_not_unknown(failure: Failure) -> None:
    jobs = [page(0), page(1, 1)]
    server = Server(fault=lambda call: failure if call.lane == lane(0) else None)
    done = run(jobs, server, policy=DISCOVER, max_attempts=3)

    assert done.statuses() == {Status.FAILED: 1, Status.UNCHANGED: 1}
    (failed,) = (outcome for outcome in done.outcomes if outcome.status is Status.FAILED)
    assert (failed.error_code, failed.error_message) == (failure.code, failure.message)
    assert failed.attempts == 3


@pytest.mark.parametrize("failure", [TIMEOUT, CONNECTION])
def test_the_pages_of_a_lane_that_does_not_answer_stay_pending(failure: Failure) -> None:
    server = Server(fault=lambda call: failure if call.lane == lane(0) else None)
    done = run([page(0), page(1, 1)], server, policy=DISCOVER, give_up_after_s=60)

    assert done.statuses() == {Status.UNCHANGED: 1}
    assert done.engine.stopped is not None
    assert done.engine.stopped.startswith("no answer for 60 s")
    assert {call.call for call in server.of(lane(0))} == {page(0).call}


def test_throttled_pages_have_the_throttle_budget() -> None:
    done = run([page(0)], Server(fault=script(*[THROTTLED] * 12)), policy=DISCOVER, max_attempts=3)

    (outcome,) = done.outcomes
    assert (outcome.status, outcome.throttles) == (Status.UNCHANGED, 12)


def test_a_denied_lane_fails_alone_and_its_page_is_tried_once() -> None:
    server = Server(fault=lambda call: DENIED if call.lane == lane(1) else None)
    done = run([page(0), page(1, 1), page(2, 2)], server, policy=DISCOVER)

    assert done.statuses() == {Status.UNCHANGED: 2, Status.FAILED: 1}
    assert len(server.of(lane(1))) == 1
    assert done.engine.stopped_lanes() == {}
    # The summary names the place: a warning would say it twice.
    assert [(each["event"], each["log_level"]) for each in done.log] == [("failed", "info")]


def test_a_lane_that_stops_is_no_warning() -> None:
    untrusted = Failure(Fault.UNTRUSTED, "SSLError", "self-signed certificate", sent=False)
    server = Server(fault=lambda call: untrusted if call.lane == lane(1) else None)
    done = run([page(0), page(1, 1)], server, policy=DISCOVER)

    assert done.statuses() == {Status.UNCHANGED: 1}
    assert set(done.engine.stopped_lanes()) == {lane(1)}
    levels = {each["event"]: each["log_level"] for each in done.log}
    assert levels["lane stopped"] == "info"


def test_a_function_that_was_deleted_meanwhile_is_no_failure() -> None:
    jobs = [page(0, 0, "f", Operation.LIST_ALIASES), page(1, 0, "f", Operation.LIST_CONFIGS)]
    done = run(jobs, Server(fault=lambda _: REFUSED), policy=DISCOVER)

    assert done.statuses() == {Status.UNCHANGED: 2}
    assert {(each.error_code, each.error_message) for each in done.outcomes} == {
        (MISSING, NO_FUNCTION)
    }
    assert done.engine.failures == 0
    assert done.log == []


def test_the_list_of_functions_is_named_in_log_events() -> None:
    faults = {0: script(CONFLICT), 1: script(DENIED), 2: script(SERVER)}
    jobs = [page(0), page(1, 1), page(2, 2, "f", Operation.LIST_ALIASES)]
    log = run(jobs, Server(fault=lambda call: faults[call.job.seq](call)), policy=DISCOVER).log

    assert {(each["event"], each.get("operation"), each.get("function")) for each in log} == {
        ("retry", "ListFunctions", None),
        ("failed", "ListFunctions", None),
        ("retry", None, "f"),
    }


class _PagedServer(Server):
    """Each lane has some pages; a page feeds the job of the next one before it is answered."""

    def __init__(self, pages: int) -> None:
        super().__init__(lambda: rng.uniform(0.01, 0.2), fault=self._fails, quota=(15, 15))
        rng = random.Random(3)
        self.pages = pages
        self.rng = rng
        self.engine: Engine
        self.feed: MemoryFeed
        self.listed = 0

    def _fails(self, _: Sent) -> Failure | None:
        return self.rng.choice([None] * 20 + [SERVER, CONNECTION])

    async def call(self, job: Job, call: Call) -> Answer:
        answer = await super().call(job, call)
        if isinstance(answer, Failure):
            return answer
        self.listed += 1
        if (job.seq + 1) % self.pages:
            self.feed.add(msgspec.structs.replace(job, seq=job.seq + 1))
            self.engine.jobs_arrived(job.target.lane, 1)
        if self.listed == self.pages * 3:
            self.engine.close_feed()
        return answer


def test_a_page_feeds_the_next_one_while_its_own_job_is_in_flight() -> None:
    pages = 40
    server = _PagedServer(pages)
    first = [page(number * pages, number) for number in range(3)]
    later = [page(number * pages + at, number) for number in range(3) for at in range(1, pages)]

    async def meanwhile(engine: Engine, feed: MemoryFeed) -> None:
        server.engine, server.feed = engine, feed
        await asyncio.sleep(0)

    done: Run = run(first, server, later=later, meanwhile=meanwhile, growing=True, policy=DISCOVER)
    assert done.statuses() == {Status.UNCHANGED: 3 * pages}
    assert server.most_per_function == 1
