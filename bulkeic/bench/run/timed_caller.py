"""Times every call that goes by, for the request that it belongs to."""

import asyncio
from collections.abc import Awaitable, Callable, Container
from typing import Any, Protocol

from bulkeic.bench.run.collector import Collector
from bulkeic.bench.run.lead_time import LeadTime
from bulkeic.bench.run.request_trace import RequestTrace
from bulkeic.core.model import Answer, Call, Failure, Fault, Job, Lane, Outcome, Status
from bulkeic.core.reconcile import BeforeImage


class CallPort(Protocol):
    """Makes a call for a job, and has it timed on the wire.

    Attributes:
        timing: of the exchange that a job's call makes.
    """

    timing: Callable[[Job], Any] | None

    def call(self, job: Job, call: Call) -> Awaitable[Answer]:
        """One attempt."""


class _Exchange:
    """Times one exchange of a request."""

    __slots__ = ("_clock", "_flight", "_lead")

    def __init__(
        self, flight: RequestTrace, clock: Callable[[], float], lead: LeadTime | None
    ) -> None:
        self._flight = flight
        self._clock = clock
        self._lead = lead

    async def ready(self) -> None:
        """Returns when a request that was begun early is due.

        The last part of a millisecond is waited for in the loop, which goes on with what comes
        meanwhile: no timer is as exact.
        """
        flight, now = self._flight, self._clock()
        if self._lead is not None and flight.is_first:
            self._lead.reached(flight.due - now)
            while now < flight.due:
                await asyncio.sleep(0)
                now = self._clock()
        flight.sent(now)

    def came(self) -> None:
        """Takes note that the whole answer is there."""
        self._flight.came(self._clock())


class TimedCaller:
    """Stands between an engine and its caller, and takes the outcomes.

    Args:
        calls: makes the calls.
        gauge: told what is timed.
        clock: seconds.
        lead: how much earlier than it is due a request begins; ``None``: it does not.
        ended: told that a request of a lane has ended.
    """

    def __init__(
        self,
        calls: CallPort,
        gauge: Collector,
        clock: Callable[[], float],
        lead: LeadTime | None = None,
        ended: Callable[[Lane], None] = lambda _: None,
    ) -> None:
        calls.timing = self._timing
        self._calls = calls
        self._lead = lead
        self._gauge = gauge
        self._clock = clock
        self._ended = ended
        self._flights: dict[int, RequestTrace] = {}

    @property
    def under_way(self) -> int:
        """Requests that have begun, or should have, and have not ended."""
        return len(self._flights)

    def expect(self, job: Job, due: float) -> None:
        """Takes note of a request that should start, whenever it does."""
        self._flights[job.seq] = self._gauge.begin(job.target.lane, due)

    async def call(self, job: Job, call: Call) -> Answer:
        """One attempt, timed."""
        flight = self._flights.get(job.seq)
        if flight is None:  # as it is in a closed load
            flight = self._flights[job.seq] = self._gauge.begin(job.target.lane, self._clock())
            flight.is_free = True
        flight.is_called = True
        answer = await self._calls.call(job, call)
        flight.is_called = False
        now = self._clock()
        failure = answer if isinstance(answer, Failure) else None
        again = flight.answered(failure, now)
        self._gauge.called(flight, answer, now, again=again)
        if failure is not None and failure.fault is Fault.DENIED:
            self._end(job.seq, failed=True)  # its outcome may be kept back, with those of its lane
        return answer

    def put(self, outcome: Outcome) -> None:
        """Takes a request's outcome."""
        self._end(outcome.seq, failed=outcome.status is Status.FAILED)

    def keep(self, job: Job, seen: BeforeImage, then: Callable[[], None]) -> None:  # noqa: ARG002
        """Goes on at once: what was read is written back, so nothing need be kept."""
        then()

    def drop(self, jobs: int) -> None:
        """Takes note of a lane that has stopped; its requests end with the measuring."""

    def _timing(self, job: Job) -> "_Exchange":
        flight = self._flights.get(job.seq)
        if flight is None:  # it was given up while its call was made ready
            flight = RequestTrace(job.target.lane, self._clock(), measured=False)
        return _Exchange(flight, self._clock, self._lead)

    def _end(self, seq: int, *, failed: bool) -> None:
        flight = self._flights.pop(seq, None)
        if flight is None:
            return  # it has ended before, or was given up when its time was over
        flight.ended()
        self._gauge.ended(flight, failed=failed)
        self._ended(flight.lane)

    def give_up(self, stopped: Container[Lane] | None = None) -> None:
        """Ends the waiting for what is under way.

        Args:
            stopped: lanes that no call is begun in: only their calls are waited for, and all of the
                others; ``None``: nothing is waited for.
        """
        now = self._clock()
        for seq, flight in list(self._flights.items()):
            if stopped is None or (flight.lane in stopped and not flight.is_called):
                del self._flights[seq]
                flight.cut(now)
                self._gauge.unfinished(flight, now)
