"""What the requests of one load come to: a fold over their calls and their ends.

- A request is measured if it should have started within the time that is measured.
- Throughput counts what ended within that time.
- A request that has not ended when there is no more waiting counts with its age: the least that it
  would have taken. To leave it out would hide the slowest ones.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable

from bulkeic.bench.model.measurements import ClientUsage, LaneLimit, LaneMeasures, Measures, Second
from bulkeic.bench.model.workload import Load, LoadModel
from bulkeic.bench.run.histogram import Histogram
from bulkeic.bench.run.request_trace import RequestTrace
from bulkeic.bench.run.throughput_series import ThroughputSeries
from bulkeic.core.model import Answer, Failure, Fault, Lane

_LANE_DIGITS = 2


class _LaneCollector:
    __slots__ = ("calls", "conflicts", "done", "ended", "failed", "latencies", "refused")

    def __init__(self, latencies: Histogram) -> None:
        self.done = self.ended = self.failed = 0
        self.calls = self.refused = self.conflicts = 0
        self.latencies = latencies


class Collector:
    """Measures one load. Times are seconds of one clock.

    Args:
        load: that is put on.
        lanes: that it is put on.
        begin: when measuring begins.
        closed: told each second that is over.
    """

    def __init__(
        self, load: Load, lanes: Iterable[Lane], begin: float, closed: Callable[[Second], None]
    ) -> None:
        self.begun = 0
        self._load = load
        self._begin = begin
        self._end = begin + load.measured_s
        self._most = load.requests
        self._timeline = ThroughputSeries(begin, closed)
        self._latency, self._waiting = Histogram(), Histogram()
        self._call, self._retrying = Histogram(), Histogram()
        lanes = list(lanes)
        alone = len(lanes) == 1
        self._lanes = {
            lane: _LaneCollector(self._latency if alone else Histogram(_LANE_DIGITS))
            for lane in lanes
        }
        self._is_alone = alone
        self._errors: Counter[str] = Counter()
        self._retries = self._unfinished = self._unbegun = 0
        self._last_at = begin

    @property
    def is_full(self) -> bool:
        """Whether as many requests have begun as are to be measured."""
        return self._most is not None and self.begun >= self._most

    def begin(self, lane: Lane, due: float) -> RequestTrace:
        """A request that should start then."""
        measured = self._begin <= due < self._end and not self.is_full
        self.begun += measured
        return RequestTrace(lane, due, measured=measured)

    def called(self, flight: RequestTrace, answer: Answer, now: float, *, again: bool) -> None:
        """Takes note of a call that has ended."""
        failure = answer if isinstance(answer, Failure) else None
        refused = failure is not None and failure.fault is Fault.THROTTLED
        if failure is not None and (flight.measured or self._begin <= now < self._end):
            self._errors[failure.code] += 1
        if failure is not None and not failure.sent:
            return
        self._timeline.call(now, refused=refused)
        if flight.measured:
            lane = self._lanes[flight.lane]
            lane.calls += 1
            lane.refused += refused
            lane.conflicts += failure is not None and failure.fault is Fault.CONFLICT
            self._retries += again

    def ended(self, flight: RequestTrace, *, failed: bool) -> None:
        """Takes note of a request that has ended, with its last answer."""
        now = flight.last_s
        lane = self._lanes[flight.lane]
        if self._begin <= now < self._end and (flight.measured or flight.due < self._begin):
            lane.ended += 1
        latency_s = now - flight.due
        self._timeline.request(latency_s, now, failed=failed)
        if flight.measured:
            self._last_at = max(self._last_at, now)
            lane.done += 1
            lane.failed += failed
            self._record(flight, latency_s)

    def unfinished(self, flight: RequestTrace, now: float) -> None:
        """Takes note of a request that is not waited for any more."""
        if flight.measured:
            self._unfinished += 1
            self._record(flight, now - flight.due)

    def missed(self, lane: Lane, due: float, now: float, times: int) -> None:
        """Takes note of requests that were due, and that this client has not come to begin."""
        flight = self.begin(lane, due)
        flight.cut(now)
        if flight.measured:
            self._unbegun += times
            self._unfinished += times
            self._record(flight, now - due, times)

    def tick(self, now: float) -> None:
        """Takes note of the time, in seconds in which nothing ends."""
        self._timeline.close_until(now)

    def measures(
        self,
        *,
        repeat: int,
        started_at: str,
        client: ClientUsage,
        now: float,
        limits: dict[Lane, LaneLimit],
        stopped: str | None,
        stopped_lanes: dict[Lane, str],
    ) -> Measures:
        """What it came to.

        Args:
            repeat: the number of the repeat.
            started_at: RFC 3339.
            client: what it took of this machine.
            now: when measuring ended, at the latest.
            limits: that were found.
            stopped: why it ended early.
            stopped_lanes: the lanes that did, each with the reason.
        """
        self._timeline.end()
        elapsed_s = max(0.0, self._ended_at(now, stopped=stopped is not None) - self._begin)
        each = self._lanes.values()
        return Measures(
            load=self._load,
            repeat=repeat,
            started_at=started_at,
            elapsed_s=elapsed_s,
            done=sum(lane.done for lane in each),
            failed=sum(lane.failed for lane in each),
            unfinished=self._unfinished,
            unbegun=self._unbegun,
            calls=sum(lane.calls for lane in each),
            retries=self._retries,
            refused=sum(lane.refused for lane in each),
            conflicts=sum(lane.conflicts for lane in each),
            errors=dict(self._errors.most_common()),
            throughput=_rate(sum(lane.ended for lane in each), elapsed_s),
            latency=self._latency.spread(),
            waiting=self._waiting.spread(),
            call=self._call.spread(),
            retrying=self._retrying.spread(),
            lanes=[
                _told(lane, gauge, elapsed_s, limits.get(lane), stopped_lanes.get(lane))
                for lane, gauge in self._lanes.items()
            ],
            seconds=self._timeline.seconds,
            client=client,
            stopped=stopped,
        )

    def _ended_at(self, now: float, *, stopped: bool) -> float:
        if stopped or self._load.model is LoadModel.LIMIT:
            return min(now, self._end)
        return self._last_at if math.isinf(self._end) else self._end

    def _record(self, flight: RequestTrace, latency_s: float, times: int = 1) -> None:
        self._latency.add(latency_s, times)
        self._waiting.add(flight.waiting_s, times)
        self._call.add(flight.call_s, times)
        self._retrying.add(flight.retrying_s, times)
        if not self._is_alone:
            self._lanes[flight.lane].latencies.add(latency_s, times)


def _told(
    lane: Lane,
    gauge: _LaneCollector,
    elapsed_s: float,
    limit: LaneLimit | None,
    stopped: str | None,
) -> LaneMeasures:
    latencies = gauge.latencies.spread()
    spread = latencies if latencies.count else None
    return LaneMeasures(
        lane=str(lane),
        done=gauge.done,
        failed=gauge.failed,
        calls=gauge.calls,
        refused=gauge.refused,
        conflicts=gauge.conflicts,
        throughput=_rate(gauge.ended, elapsed_s),
        p50_s=None if spread is None else spread.p50_s,
        p99_s=None if spread is None else spread.p99_s,
        max_s=None if spread is None else spread.max_s,
        limit=limit,
        stopped=stopped,
    )


def _rate(number: int, seconds: float) -> float:
    return number / seconds if seconds > 0 else 0.0
