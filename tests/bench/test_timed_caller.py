"""Calls that are timed as they go by, by a clock that is made up."""

from collections.abc import Callable
from typing import Any

import pytest

from bulkeic.bench.model.measurements import ClientUsage, Measures
from bulkeic.bench.model.workload import Load, LoadModel
from bulkeic.bench.run.collector import Collector
from bulkeic.bench.run.lead_time import LeadTime
from bulkeic.bench.run.timed_caller import TimedCaller
from bulkeic.core.model import (
    Answer,
    Call,
    Failure,
    Fault,
    Job,
    Lane,
    Operation,
    Outcome,
    Settings,
    SourceLine,
    Status,
    Success,
    Target,
)

LANE = Lane("123456789012", "us-east-1")
GET = Call(Operation.GET)
DONE = Success(200, "r")
DENIED = Failure(Fault.DENIED, "AccessDeniedException", "", 403)


class Server:
    """Answers each call after a second, of which the last tenth is no longer on the wire."""

    timing: Callable[[Job], Any] | None = None

    def __init__(self) -> None:
        self.before: Callable[[], None] = lambda: None
        self.now = 1000.0
        self.answers: list[Answer] = []
        self.sent_at: list[float] = []

    async def call(self, job: Job, _: Call) -> Answer:
        assert self.timing is not None
        self.before()
        exchange = self.timing(job)
        await exchange.ready()
        self.sent_at.append(self.now)
        self.now += 0.9
        exchange.came()
        self.now += 0.1
        return self.answers.pop(0) if self.answers else DONE


class Timed:
    def __init__(self, lead: LeadTime | None = None) -> None:
        self.server = Server()
        self.ended: list[Lane] = []
        load = Load(model=LoadModel.OPEN, concurrency=8, rate=1.0, duration_s=100.0)
        self.gauge = Collector(load, [LANE], 1000.0, lambda _: None)
        self.watch = TimedCaller(self.server, self.gauge, self.clock, lead, self.ended.append)

    def clock(self) -> float:
        self.server.now += 1e-5  # it takes time to ask what time it is
        return self.server.now

    def put(self, job: Job, status: Status = Status.UNCHANGED) -> None:
        self.watch.put(Outcome(job.seq, job.source, job.function_name, job.target, status))

    def measures(self) -> Measures:
        return self.gauge.measures(
            repeat=0, started_at="", client=ClientUsage(cpu_s=0, cpu_share=0, rss_mb=0),
            now=self.server.now, limits={}, stopped=None, stopped_lanes={},
        )  # fmt: skip


def job(seq: int = 0) -> Job:
    return Job(seq, SourceLine(f"request {seq}"), "fn", Target(LANE, "fn"), Settings())


async def test_a_request_counts_from_when_it_was_due() -> None:
    timed = Timed()
    timed.watch.expect(job(), 1000.0)
    timed.server.now += 5
    await timed.watch.call(job(), GET)
    assert timed.watch.under_way == 1
    timed.put(job())

    measures = timed.measures()
    assert (timed.watch.under_way, timed.ended, measures.done) == (0, [LANE], 1)
    assert measures.waiting.max_s == pytest.approx(5, abs=1e-3)
    assert measures.call.max_s == pytest.approx(0.9, abs=1e-3)
    assert measures.latency.max_s == pytest.approx(5.9, abs=1e-3)


async def test_a_request_that_nobody_expects_is_due_when_it_is_called() -> None:
    timed = Timed()
    timed.server.now += 5
    await timed.watch.call(job(), GET)
    timed.put(job(), Status.FAILED)

    measures = timed.measures()
    assert (measures.done, measures.failed) == (1, 1)
    assert measures.latency.max_s == pytest.approx(0.9, abs=1e-3)


async def test_a_denied_request_ends_with_its_answer_and_only_once() -> None:
    timed = Timed()
    timed.server.answers = [DENIED]
    timed.watch.expect(job(), 1000.0)
    await timed.watch.call(job(), GET)
    assert (timed.watch.under_way, timed.ended) == (0, [LANE])
    timed.put(job(), Status.FAILED)

    assert timed.ended == [LANE]
    assert (timed.measures().done, timed.measures().failed) == (1, 1)


async def test_what_is_given_up_is_unfinished_and_its_outcome_comes_too_late() -> None:
    timed = Timed()
    for seq in range(3):
        timed.watch.expect(job(seq), 1000.0)
    await timed.watch.call(job(0), GET)
    timed.put(job(0))
    timed.server.now += 10
    timed.watch.give_up()
    timed.put(job(1))

    measures = timed.measures()
    assert (measures.done, measures.unfinished, measures.latency.count) == (1, 2, 3)
    assert measures.latency.max_s == pytest.approx(11, abs=1e-3)
    assert timed.watch.under_way == 0


async def test_all_may_be_given_up_even_while_a_call_is_made_ready() -> None:
    timed = Timed()
    timed.watch.expect(job(0), 1000.0)
    timed.server.before = timed.watch.give_up
    await timed.watch.call(job(0), GET)
    timed.put(job(0))
    assert timed.watch.under_way == 0
    assert (timed.measures().done, timed.measures().unfinished) == (0, 1)


async def test_of_a_stopped_lane_only_the_calls_are_waited_for() -> None:
    timed = Timed()
    for seq in range(2):
        timed.watch.expect(job(seq), 1000.0)
    timed.watch.give_up({Lane("123456789012", "eu-west-1")})
    assert timed.watch.under_way == 2

    timed.server.before = lambda: timed.watch.give_up({LANE})
    await timed.watch.call(job(0), GET)
    assert timed.watch.under_way == 1
    timed.put(job(0))
    assert timed.watch.under_way == 0
    assert (timed.measures().done, timed.measures().unfinished) == (1, 1)


async def test_a_request_that_is_begun_early_is_sent_when_it_is_due_and_never_before() -> None:
    lead = LeadTime(1.0)
    timed = Timed(lead)
    timed.watch.expect(job(0), timed.server.now + 0.001)
    await timed.watch.call(job(0), GET)
    timed.put(job(0))
    assert timed.server.sent_at[0] == pytest.approx(1000.001, abs=1e-4)
    assert timed.server.sent_at[0] >= 1000.001
    assert lead.seconds == 0

    timed.watch.expect(job(1), timed.server.now - 0.001)
    await timed.watch.call(job(1), GET)
    assert lead.seconds > 0


async def test_what_was_read_is_written_back_at_once() -> None:
    timed = Timed()
    done: list[bool] = []
    timed.watch.keep(job(), None, lambda: done.append(True))  # type: ignore[arg-type]
    assert done == [True]
