"""Collects the measurements of one load from its calls and requests.

- A request is measured if its intended start lies within the measured time.
- Throughput counts the requests that end within that time.
- A request that has not ended when waiting stops counts with its age, the least that it would have
  taken. Without it, the slowest requests would be hidden.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from bulkeic.bench.model.measurements import ClientUsage, LaneLimit, LaneMeasures, Measures, Second
from bulkeic.bench.model.workload import Load, LoadModel
from bulkeic.bench.run.histogram import Histogram
from bulkeic.bench.run.request_trace import RequestTrace
from bulkeic.bench.run.throughput_series import ThroughputSeries
from bulkeic.core.model import Answer, Failure, Fault, Lane

_LANE_DIGITS = 2


class LoadEnd(NamedTuple):
    """How a load ended.

    Attributes:
        at: when it ended.
        stopped: why it ended early; ``None``: it did not.
        stopped_lanes: lanes that stopped, each with the reason.
        limits: limits that were found.
    """

    at: float
    stopped: str | None
    stopped_lanes: Mapping[Lane, str]
    limits: Mapping[Lane, LaneLimit]


class _LaneCollector:
    __slots__ = ("calls", "conflicts", "done", "ended", "failed", "latencies", "refused")

    def __init__(self, latencies: Histogram) -> None:
        self.done = self.ended = self.failed = 0
        self.calls = self.refused = self.conflicts = 0
        self.latencies = latencies

    def measures(self, lane: Lane, elapsed_s: float, end: LoadEnd) -> LaneMeasures:
        latencies = self.latencies.spread()
        spread = latencies if latencies.count else None
        return LaneMeasures(
            lane=str(lane),
            done=self.done,
            failed=self.failed,
            calls=self.calls,
            refused=self.refused,
            conflicts=self.conflicts,
            throughput=_rate(self.ended, elapsed_s),
            p50_s=None if spread is None else spread.p50_s,
            p99_s=None if spread is None else spread.p99_s,
            max_s=None if spread is None else spread.max_s,
            limit=end.limits.get(lane),
            stopped=end.stopped_lanes.get(lane),
        )


class Collector:
    """Measures one load. All times are seconds of one clock.

    Args:
        load: the load.
        lanes: its lanes.
        begin: when measuring begins.
        on_second: receives each second when it is over.
    """

    def __init__(
        self, load: Load, lanes: Iterable[Lane], begin: float, on_second: Callable[[Second], None]
    ) -> None:
        self.begun = 0
        self._load = load
        self._begin = begin
        self._end = begin + load.measured_s
        self._timeline = ThroughputSeries(begin, on_second)
        self._latency, self._waiting = Histogram(), Histogram()
        self._call, self._retrying = Histogram(), Histogram()
        lanes = list(lanes)
        self._has_one_lane = len(lanes) == 1
        self._lanes = {
            lane: _LaneCollector(self._latency if self._has_one_lane else Histogram(_LANE_DIGITS))
            for lane in lanes
        }
        self._errors: Counter[str] = Counter()
        self._retries = self._unfinished = self._unbegun = 0
        self._last_end = begin

    @property
    def is_full(self) -> bool:
        """Whether all requests to be measured have begun."""
        return self._load.requests is not None and self.begun >= self._load.requests

    def begin(self, lane: Lane, due: float) -> RequestTrace:
        """Starts a request whose intended start is ``due``."""
        measured = self._begin <= due < self._end and not self.is_full
        self.begun += measured
        return RequestTrace(lane, due, measured=measured)

    def record_call(
        self, trace: RequestTrace, answer: Answer, now: float, *, is_retry: bool
    ) -> None:
        """Records a call that ended."""
        failure = answer if isinstance(answer, Failure) else None
        throttled = failure is not None and failure.fault is Fault.THROTTLED
        if failure is not None and (trace.measured or self._begin <= now < self._end):
            self._errors[failure.code] += 1
        if failure is not None and not failure.sent:
            return
        self._timeline.record_call(now, throttled=throttled)
        if trace.measured:
            lane = self._lanes[trace.lane]
            lane.calls += 1
            lane.refused += throttled
            lane.conflicts += failure is not None and failure.fault is Fault.CONFLICT
            self._retries += is_retry

    def record_request(self, trace: RequestTrace, *, failed: bool) -> None:
        """Records a request that ended with its last answer."""
        now = trace.last_s
        lane = self._lanes[trace.lane]
        if self._begin <= now < self._end and (trace.measured or trace.due < self._begin):
            lane.ended += 1
        latency_s = now - trace.due
        self._timeline.record_request(latency_s, now, failed=failed)
        if trace.measured:
            self._last_end = max(self._last_end, now)
            lane.done += 1
            lane.failed += failed
            self._record(trace, latency_s)

    def record_unfinished(self, trace: RequestTrace, now: float) -> None:
        """Records a request that has not ended when waiting stops."""
        if trace.measured:
            self._unfinished += 1
            self._record(trace, now - trace.due)

    def record_missed(self, lane: Lane, due: float, now: float, count: int) -> None:
        """Records requests that were due, but that this client did not start."""
        trace = self.begin(lane, due)
        trace.abandon(now)
        if trace.measured:
            self._unbegun += count
            self._unfinished += count
            self._record(trace, now - due, count)

    def tick(self, now: float) -> None:
        """Closes seconds in which nothing ended."""
        self._timeline.close_until(now)

    def measures(
        self, end: LoadEnd, *, repeat: int, started_at: str, client: ClientUsage
    ) -> Measures:
        """The measurements of a load that has ended.

        Args:
            end: how it ended.
            repeat: number of the repeat, from 0.
            started_at: RFC 3339.
            client: resources of this machine that the load used.
        """
        self._timeline.end()
        elapsed_s = max(0.0, self._measured_until(end) - self._begin)
        lanes = [each.measures(lane, elapsed_s, end) for lane, each in self._lanes.items()]
        return Measures(
            load=self._load,
            repeat=repeat,
            started_at=started_at,
            elapsed_s=elapsed_s,
            done=sum(lane.done for lane in lanes),
            failed=sum(lane.failed for lane in lanes),
            unfinished=self._unfinished,
            unbegun=self._unbegun,
            calls=sum(lane.calls for lane in lanes),
            retries=self._retries,
            refused=sum(lane.refused for lane in lanes),
            conflicts=sum(lane.conflicts for lane in lanes),
            errors=dict(self._errors.most_common()),
            throughput=_rate(sum(lane.ended for lane in self._lanes.values()), elapsed_s),
            latency=self._latency.spread(),
            waiting=self._waiting.spread(),
            call=self._call.spread(),
            retrying=self._retrying.spread(),
            lanes=lanes,
            seconds=self._timeline.seconds,
            client=client,
            stopped=end.stopped,
        )

    def _measured_until(self, end: LoadEnd) -> float:
        if end.stopped is not None or self._load.model is LoadModel.LIMIT:
            return min(end.at, self._end)
        return self._last_end if math.isinf(self._end) else self._end

    def _record(self, trace: RequestTrace, latency_s: float, count: int = 1) -> None:
        self._latency.add(latency_s, count)
        self._waiting.add(trace.waiting_s, count)
        self._call.add(trace.call_s, count)
        self._retrying.add(trace.retrying_s, count)
        if not self._has_one_lane:
            self._lanes[trace.lane].latencies.add(latency_s, count)


def _rate(number: int, seconds: float) -> float:
    return number / seconds if seconds > 0 else 0.0
