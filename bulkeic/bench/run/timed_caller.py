"""Times every call on the wire, for the request that it belongs to."""

import asyncio
from collections.abc import Awaitable, Callable, Container
from typing import Protocol

from bulkeic.aws.http.http_exchange import ExchangeTiming
from bulkeic.bench.run.collector import Collector
from bulkeic.bench.run.lead_time import LeadTime
from bulkeic.bench.run.request_trace import RequestTrace
from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import NOT_DONE, Answer, Call, Failure, Fault, Job, Lane, Outcome


class TimedCallPort(Protocol):
    """Makes a call for a job, and reports when it is on the wire."""

    def call(self, job: Job, call: Call, timing: ExchangeTiming) -> Awaitable[Answer]:
        """Makes one attempt."""


class _CallTiming:
    """Times one call of a request."""

    __slots__ = ("_clock", "_lead", "_trace")

    def __init__(
        self, trace: RequestTrace, clock: Callable[[], float], lead: LeadTime | None
    ) -> None:
        self._trace = trace
        self._clock = clock
        self._lead = lead

    async def before_send(self) -> None:
        """Returns when the request is due; a request with a lead is ready earlier.

        The last fraction of a millisecond is spent yielding to the event loop, because no timer is
        as precise.
        """
        trace, now = self._trace, self._clock()
        if self._lead is not None and trace.is_first:
            self._lead.adjust(trace.due - now)
            while now < trace.due:
                await asyncio.sleep(0)
                now = self._clock()
        trace.call_sent(now)

    def response_received(self) -> None:
        """Records that the whole answer arrived."""
        self._trace.answer_received(self._clock())


class TimedCaller:
    """The engine's caller and sink in a benchmark: times calls and records outcomes.

    Args:
        calls: makes the calls.
        collector: receives the measurements.
        clock: seconds.
        lead: how long before its due time a request starts; ``None``: requests have no due time.
        on_end: called with the lane of a request that ended.
    """

    def __init__(
        self,
        calls: TimedCallPort,
        collector: Collector,
        clock: Callable[[], float],
        lead: LeadTime | None = None,
        on_end: Callable[[Lane], None] = lambda _: None,
    ) -> None:
        self._calls = calls
        self._lead = lead
        self._collector = collector
        self._clock = clock
        self._on_end = on_end
        self._traces: dict[int, RequestTrace] = {}

    @property
    def in_flight(self) -> int:
        """Number of requests that have started, or should have, and have not ended."""
        return len(self._traces)

    def expect(self, job: Job, due: float) -> None:
        """Adds a request with an intended start; its call may come later."""
        self._traces[job.seq] = self._collector.begin(job.target.lane, due)

    async def call(self, job: Job, call: Call) -> Answer:
        """Makes one attempt and times it."""
        trace = self._traces.get(job.seq)
        if trace is None:  # only the requests of an open load are expected
            trace = self._traces[job.seq] = self._collector.begin(job.target.lane, self._clock())
            trace.starts_when_sent = True
        trace.is_in_call = True
        answer = await self._calls.call(job, call, _CallTiming(trace, self._clock, self._lead))
        trace.is_in_call = False
        now = self._clock()
        failure = answer if isinstance(answer, Failure) else None
        is_retry = trace.call_ended(failure, now)
        self._collector.record_call(trace, answer, now, is_retry=is_retry)
        if failure is not None and failure.fault is Fault.DENIED:
            self._end(job.seq, failed=True)  # the engine may withhold outcomes of a denied lane
        return answer

    def put(self, outcome: Outcome) -> None:
        """Records the outcome of a request."""
        self._end(outcome.seq, failed=outcome.status in NOT_DONE)

    def store_before_image(
        self,
        job: Job,  # noqa: ARG002
        seen: BeforeImage,  # noqa: ARG002
        on_stored: Callable[[], None],
    ) -> None:
        """Continues at once: the value that was read is written back, so nothing needs storing."""
        on_stored()

    def drop(self, jobs: int) -> None:
        """Ignores jobs of a lane that stopped; its requests end when measuring ends."""

    def _end(self, seq: int, *, failed: bool) -> None:
        trace = self._traces.pop(seq, None)
        if trace is None:
            return  # it ended before, or was abandoned
        trace.request_ended()
        self._collector.record_request(trace, failed=failed)
        self._on_end(trace.lane)

    def abandon(self, stopped: Container[Lane] | None = None) -> None:
        """Stops waiting for requests that have not ended.

        Args:
            stopped: abandon only requests of these lanes without a call in flight; ``None``:
                abandon all requests.
        """
        now = self._clock()
        for seq, trace in list(self._traces.items()):
            if stopped is None or (trace.lane in stopped and not trace.is_in_call):
                del self._traces[seq]
                trace.abandon(now)
                self._collector.record_unfinished(trace, now)
