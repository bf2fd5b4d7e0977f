"""Timed calls, with a fake clock."""

from collections.abc import Callable

import pytest

from bulkeic.aws.http.http_exchange import ExchangeTiming
from bulkeic.bench.model.measurements import ClientUsage, Measures
from bulkeic.bench.model.workload import Load, LoadModel
from bulkeic.bench.run.collector import Collector, LoadEnd
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

    def __init__(self) -> None:
        self.before: Callable[[], None] = lambda: None
        self.now = 1000.0
        self.answers: list[Answer] = []
        self.sent_at: list[float] = []

    async def call(self, _: Job, __: Call, timing: ExchangeTiming) -> Answer:
        self.before()
        await timing.before_send()
        self.sent_at.append(self.now)
        self.now += 0.9
        timing.response_received()
        self.now += 0.1
        return self.answers.pop(0) if self.answers else DONE


class Timed:
    def __init__(self, lead: LeadTime | None = None) -> None:
        self.server = Server()
        self.ended: list[Lane] = []
        load = Load(model=LoadModel.OPEN, concurrency=8, rate=1.0, duration_s=100.0)
        self.collector = Collector(load, [LANE], 1000.0, lambda _: None)
        self.caller = TimedCaller(self.server, self.collector, self.clock, lead, self.ended.append)

    def clock(self) -> float:
        self.server.now += 1e-5  # reading the clock takes time
        return self.server.now

    def put(self, job: Job, status: Status = Status.UNCHANGED) -> None:
        self.caller.put(Outcome(job.seq, job.source, job.function_name, job.target, status))

    def measures(self) -> Measures:
        end = LoadEnd(at=self.server.now, stopped=None, stopped_lanes={}, limits={})
        client = ClientUsage(cpu_s=0, cpu_share=0, rss_mb=0)
        return self.collector.measures(end, repeat=0, started_at="", client=client)


def job(seq: int = 0) -> Job:
    return Job(seq, SourceLine(f"request {seq}"), "fn", Target(LANE, "fn"), Settings())


async def test_latency_counts_from_the_intended_start() -> None:
    timed = Timed()
    timed.caller.expect(job(), 1000.0)
    timed.server.now += 5
    await timed.caller.call(job(), GET)
    assert timed.caller.in_flight == 1
    timed.put(job())

    measures = timed.measures()
    assert (timed.caller.in_flight, timed.ended, measures.done) == (0, [LANE], 1)
    assert measures.waiting.max_s == pytest.approx(5, abs=1e-3)
    assert measures.call.max_s == pytest.approx(0.9, abs=1e-3)
    assert measures.latency.max_s == pytest.approx(5.9, abs=1e-3)


async def test_an_unexpected_request_starts_with_its_call() -> None:
    timed = Timed()
    timed.server.now += 5
    await timed.caller.call(job(), GET)
    timed.put(job(), Status.FAILED)

    measures = timed.measures()
    assert (measures.done, measures.failed) == (1, 1)
    assert measures.latency.max_s == pytest.approx(0.9, abs=1e-3)


async def test_a_denied_request_ends_with_its_answer_and_only_once() -> None:
    timed = Timed()
    timed.server.answers = [DENIED]
    timed.caller.expect(job(), 1000.0)
    await timed.caller.call(job(), GET)
    assert (timed.caller.in_flight, timed.ended) == (0, [LANE])
    timed.put(job(), Status.FAILED)

    assert timed.ended == [LANE]
    assert (timed.measures().done, timed.measures().failed) == (1, 1)


async def test_an_abandoned_request_is_unfinished_and_its_later_outcome_is_ignored() -> None:
    timed = Timed()
    for seq in range(3):
        timed.caller.expect(job(seq), 1000.0)
    await timed.caller.call(job(0), GET)
    timed.put(job(0))
    timed.server.now += 10
    timed.caller.abandon()
    timed.put(job(1))

    measures = timed.measures()
    assert (measures.done, measures.unfinished, measures.latency.count) == (1, 2, 3)
    assert measures.latency.max_s == pytest.approx(11, abs=1e-3)
    assert timed.caller.in_flight == 0


async def test_requests_can_be_abandoned_while_a_call_is_prepared() -> None:
    timed = Timed()
    timed.caller.expect(job(0), 1000.0)
    timed.server.before = timed.caller.abandon
    await timed.caller.call(job(0), GET)
    timed.put(job(0))
    assert timed.caller.in_flight == 0
    assert (timed.measures().done, timed.measures().unfinished) == (0, 1)


async def test_requests_of_a_stopped_lane_are_abandoned_unless_a_call_is_in_flight() -> None:
    timed = Timed()
    for seq in range(2):
        timed.caller.expect(job(seq), 1000.0)
    timed.caller.abandon({Lane("123456789012", "eu-west-1")})
    assert timed.caller.in_flight == 2

    timed.server.before = lambda: timed.caller.abandon({LANE})
    await timed.caller.call(job(0), GET)
    assert timed.caller.in_flight == 1
    timed.put(job(0))
    assert timed.caller.in_flight == 0
    assert (timed.measures().done, timed.measures().unfinished) == (1, 1)


async def test_a_request_with_a_lead_is_sent_when_it_is_due_and_never_before() -> None:
    lead = LeadTime(1.0)
    timed = Timed(lead)
    timed.caller.expect(job(0), timed.server.now + 0.001)
    await timed.caller.call(job(0), GET)
    timed.put(job(0))
    assert timed.server.sent_at[0] == pytest.approx(1000.001, abs=1e-4)
    assert timed.server.sent_at[0] >= 1000.001
    assert lead.seconds == 0

    timed.caller.expect(job(1), timed.server.now - 0.001)
    await timed.caller.call(job(1), GET)
    assert lead.seconds > 0


async def test_a_value_that_was_read_is_written_back_at_once() -> None:
    timed = Timed()
    done: list[bool] = []
    timed.caller.store_before_image(job(), None, lambda: done.append(True))  # type: ignore[arg-type]
    assert done == [True]
