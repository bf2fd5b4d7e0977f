"""What the collector measures, with a fake clock."""

from typing import Any

import pytest

from bulkeic.bench.model.measurements import ClientUsage, Measures, Second
from bulkeic.bench.model.workload import Load, LoadModel
from bulkeic.bench.run.collector import Collector, LoadEnd
from bulkeic.bench.run.request_trace import RequestTrace
from bulkeic.core.model import Answer, Failure, Fault, Lane, Success

BEGIN = 1000.0
LANES = [Lane("123456789012", f"xx-test-{number}") for number in range(3)]
DONE = Success(200, "r")
THROTTLED = Failure(Fault.THROTTLED, "TooManyRequestsException", "", 429)
CONFLICT = Failure(Fault.CONFLICT, "ResourceConflictException", "", 409)
NOT_SENT = Failure(Fault.CONNECTION, "NoCredentials", "", sent=False)
CLIENT = ClientUsage(cpu_s=0.1, cpu_share=0.1, rss_mb=9.0)


class Measured:
    """A collector, and requests whose times are seconds since measuring began."""

    def __init__(self, lanes: int = 1, model: LoadModel = LoadModel.OPEN, **load: Any) -> None:
        self.seconds: list[Second] = []
        kind = Load(model=model, concurrency=8, rate=10.0, **load)
        self.collector = Collector(kind, LANES[:lanes], BEGIN, self.seconds.append)

    def in_flight(self, due: float, lane: int = 0) -> RequestTrace:
        trace = self.collector.begin(LANES[lane], BEGIN + due)
        trace.call_sent(BEGIN + due)
        return trace

    def answer(self, trace: RequestTrace, at: float, answer: Answer = DONE) -> None:
        failure = answer if isinstance(answer, Failure) else None
        is_retry = trace.call_ended(failure, BEGIN + at)
        self.collector.record_call(trace, answer, BEGIN + at, is_retry=is_retry)

    def request(self, due: float, ends: float, answer: Answer = DONE, lane: int = 0) -> None:
        trace = self.in_flight(due, lane)
        self.answer(trace, ends, answer)
        trace.request_ended()
        self.collector.record_request(trace, failed=answer is not DONE)

    def unfinished(self, due: float, now: float, lane: int = 0) -> None:
        trace = self.in_flight(due, lane)
        trace.abandon(BEGIN + now)
        self.collector.record_unfinished(trace, BEGIN + now)

    def all(self, now: float, **fields: Any) -> Measures:
        usual: dict[str, Any] = {"limits": {}, "stopped": None, "stopped_lanes": {}}
        end = LoadEnd(at=BEGIN + now, **usual | fields)
        return self.collector.measures(end, repeat=0, started_at="", client=CLIENT)


def test_requests_with_an_intended_start_in_the_measured_time_are_measured() -> None:
    measured = Measured(duration_s=10.0, warmup_s=1.0)
    measured.request(-0.5, 0.5)
    measured.request(0.0, 1.0)
    measured.request(9.9, 11.9)
    measured.request(10.0, 10.5)

    measures = measured.all(now=12)

    assert (measures.done, measures.calls, measures.latency.count) == (2, 2, 2)
    assert measures.latency.max_s == pytest.approx(2.0)
    assert measures.elapsed_s == 10


def test_throughput_counts_requests_that_end_in_the_measured_time() -> None:
    measured = Measured(duration_s=10.0, warmup_s=1.0)
    measured.request(-0.5, 0.5)
    measured.request(-0.5, -0.1)
    measured.request(1.0, 2.0)
    measured.request(9.9, 10.0)

    measures = measured.all(now=12)

    assert measures.throughput == pytest.approx(2 / 10)
    assert measures.done == 2


def test_only_the_given_number_of_requests_is_measured() -> None:
    measured = Measured(requests=2)
    measured.request(-1.0, 0.0)
    full = []
    for number in range(4):
        full.append(measured.collector.is_full)
        measured.request(number, number + 0.5)
    assert full == [False, False, True, True]

    measures = measured.all(now=9)

    assert (measured.collector.begun, measures.done, measures.latency.count) == (2, 2, 2)
    assert measures.elapsed_s == pytest.approx(1.5)  # until the last of them has ended


def test_a_request_that_has_not_ended_counts_with_its_age() -> None:
    measured = Measured(duration_s=10.0)
    measured.request(0.0, 0.5)
    measured.unfinished(2.0, 20.0)
    measured.unfinished(-1.0, 20.0)

    measures = measured.all(now=20)

    assert (measures.done, measures.unfinished, measures.latency.count) == (1, 1, 2)
    assert measures.latency.max_s == measures.call.max_s == pytest.approx(18.0)
    assert measures.throughput == pytest.approx(0.1)


def test_calls_are_counted_by_their_result() -> None:
    measured = Measured(duration_s=10.0)
    trace = measured.in_flight(0.0)
    measured.answer(trace, 1.0, THROTTLED)
    trace.call_sent(BEGIN + 2)
    measured.answer(trace, 3.0, CONFLICT)
    measured.answer(trace, 3.5, NOT_SENT)
    trace.call_sent(BEGIN + 4)
    measured.answer(trace, 5.0)
    trace.request_ended()
    measured.collector.record_request(trace, failed=False)
    measured.request(6.0, 7.0, THROTTLED)
    measured.request(11.0, 12.0, THROTTLED)

    measures = measured.all(now=12)

    assert (measures.calls, measures.retries) == (4, 2)
    assert (measures.refused, measures.conflicts) == (2, 1)
    assert (measures.done, measures.failed) == (2, 1)
    assert measures.errors == {
        "TooManyRequestsException": 2,
        "ResourceConflictException": 1,
        "NoCredentials": 1,
    }
    assert next(iter(measures.errors)) == "TooManyRequestsException"
    assert measures.call.max_s == measures.retrying.max_s / 4 == pytest.approx(1.0)
    assert sum(each.calls for each in measured.seconds) == 5
    assert sum(each.refused for each in measured.seconds) == 3


def test_lanes_are_measured_separately() -> None:
    measured = Measured(lanes=3, duration_s=10.0)
    measured.request(0.0, 0.5, lane=0)
    measured.request(1.0, 3.0, lane=1)
    measured.request(1.0, 2.0, THROTTLED, lane=1)

    measures = measured.all(now=10, stopped_lanes={LANES[2]: "denied"})

    first, second, third = measures.lanes
    assert [each.lane for each in measures.lanes] == [str(lane) for lane in LANES]
    assert (first.done, first.failed, second.done, second.failed) == (1, 0, 2, 1)
    assert (second.calls, second.refused) == (2, 1)
    assert second.throughput == pytest.approx(0.2)
    assert first.p50_s == first.max_s == pytest.approx(0.5)
    assert second.max_s == measures.latency.max_s == pytest.approx(2.0)
    assert (third.done, third.p50_s, third.max_s, third.stopped) == (0, None, None, "denied")


def test_a_single_lane_has_the_latency_of_the_whole_load() -> None:
    measured = Measured(duration_s=10.0)
    for number in range(8):
        measured.request(number, number + 0.111 * number)

    measures = measured.all(now=10)

    (lane,) = measures.lanes
    latency = measures.latency
    assert (lane.p50_s, lane.p99_s, lane.max_s) == (latency.p50_s, latency.p99_s, latency.max_s)
    assert lane.throughput == measures.throughput


@pytest.mark.parametrize("lanes", [1, 2])
def test_the_latency_of_an_unresponsive_lane_is_the_age_of_its_requests(lanes: int) -> None:
    measured = Measured(lanes=lanes, duration_s=10.0)
    measured.unfinished(0.0, 15.0)

    lane, *_ = measured.all(now=15).lanes

    assert lane.done == 0
    assert lane.p99_s == lane.max_s == pytest.approx(15.0)


@pytest.mark.parametrize(
    ("model", "duration_s", "now", "stopped", "elapsed_s"),
    [
        (LoadModel.OPEN, 10.0, 12.0, None, 10.0),
        (LoadModel.OPEN, 10.0, 4.0, "interrupted", 4.0),
        (LoadModel.OPEN, 10.0, 12.0, "interrupted", 10.0),
        (LoadModel.CLOSED, None, 9.0, None, 2.0),
        (LoadModel.CLOSED, None, 9.0, "interrupted", 9.0),
        (LoadModel.OPEN, 10.0, -0.5, "interrupted", 0.0),
        (LoadModel.LIMIT, None, 9.0, None, 9.0),
    ],
)
def test_measured_time(
    model: LoadModel, duration_s: float | None, now: float, stopped: str | None, elapsed_s: float
) -> None:
    measured = Measured(model=model, duration_s=duration_s)
    if now > 0:
        measured.request(1.0, 2.0)

    measures = measured.all(now=now, stopped=stopped)

    assert measures.elapsed_s == elapsed_s
    assert measures.throughput == (1 / elapsed_s if elapsed_s else 0.0)
    assert measures.stopped == stopped


def test_seconds_without_requests_are_reported_as_time_passes() -> None:
    measured = Measured(duration_s=10.0)
    for quarter in range(41):
        measured.collector.tick(BEGIN + quarter / 4)

    assert measured.all(now=10.1).seconds == measured.seconds
    assert [each.second for each in measured.seconds] == list(range(10))
