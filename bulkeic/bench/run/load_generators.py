"""Generates the three kinds of load: open, closed and limit-finding."""

import math
import time
from collections.abc import Sequence
from typing import Protocol

from msgspec.structs import replace

from bulkeic.bench.model.arrival_schedule import ArrivalSchedule
from bulkeic.bench.model.quota_probe import FIRST_RATE, TIMEOUT_S, QuotaProbe
from bulkeic.bench.model.workload import LoadModel
from bulkeic.bench.run.collector import LoadEnd
from bulkeic.bench.run.engine_run import NO_LANE, EngineRun, LoadContext
from bulkeic.bench.run.lead_time import LeadTime
from bulkeic.bench.run.round_robin import RoundRobin
from bulkeic.bench.run.ticker import Ticker
from bulkeic.core.change.policy import calls_per_job
from bulkeic.core.model import Lane
from bulkeic.engine.lanes.rate_limiter import RateLimiter
from bulkeic.engine.memory_feed import MemoryFeed

_MAX_ARRIVALS = 1000
_LATE_S = 2.0
_PROBES_PER_SLOT = 16


class LoadGenerator(Protocol):
    """Generates one load."""

    async def run(self) -> LoadEnd:
        """Generates the load until it is over and its requests have ended."""

    def stop(self, reason: str) -> None:
        """Ends the load early: no call starts, and those in flight may end."""


class OpenLoad:
    """Starts a fixed number of requests a second, whether or not earlier ones have ended."""

    def __init__(self, context: LoadContext) -> None:
        self._context = context
        self._rate = context.load.rate or math.inf
        self._lanes = list(context.targets)
        self._schedule = ArrivalSchedule(self._rate, len(self._lanes))
        self._lead = LeadTime(self._schedule.rate)
        self._targets = RoundRobin(context.targets, context.rng)
        self._next = 0
        limits = replace(
            context.limits,
            rate=self._rate * calls_per_job(context.policy),
            limit_in_flight=False,
            concurrency=context.load.concurrency,
        )
        self._feed = MemoryFeed()
        self._engine_run = EngineRun(context, self._feed, limits, lead=self._lead)

    def stop(self, reason: str) -> None:
        """Ends the load early."""
        self._engine_run.stop(reason)

    async def run(self) -> LoadEnd:
        """Generates the load, and records the requests that could not start."""
        with Ticker(self._start_due_requests):
            end = await self._engine_run.run()
        self._record_missed(is_early=end.stopped is not None)
        return end

    def _start_due_requests(self) -> float | None:
        """Starts the requests that are due; returns when the next one is, ``None``: never."""
        elapsed_s = time.monotonic() + self._lead.seconds - self._context.start
        end = min(self._schedule.count(elapsed_s), self._next + _MAX_ARRIVALS)
        while self._next < end and not self._engine_run.is_over(self._due(self._next)):
            lane = self._lanes[self._next % len(self._lanes)]
            job = self._targets.next_job(lane)
            self._feed.add(job)
            self._engine_run.arrived(job, self._due(self._next))
            self._next += 1
        if self._engine_run.is_over(self._due(self._next)):
            return None
        return self._due(self._next) - self._lead.seconds

    def _record_missed(self, *, is_early: bool) -> None:
        over_s = self._engine_run.over_at - self._context.start
        owed_s = self._context.load.owed_until(over_s, stopped=is_early)
        for lane, numbers in self._schedule.blocks(self._next, self._schedule.count(owed_s)):
            due = self._due(numbers[len(numbers) // 2])
            self._context.collector.record_missed(
                self._lanes[lane], due, time.monotonic(), len(numbers)
            )

    def _due(self, number: int) -> float:
        return self._context.start + self._schedule.due(number)


class ClosedLoad:
    """Keeps a fixed number of requests in flight: the next one starts when one ends."""

    def __init__(self, context: LoadContext) -> None:
        feed = RoundRobin(context.targets, context.rng, self._accepts)
        limits = replace(context.limits, rate=math.inf, concurrency=context.load.concurrency)
        self._engine_run = EngineRun(context, feed, limits, release=feed.release)

    def stop(self, reason: str) -> None:
        """Ends the load early."""
        self._engine_run.stop(reason)

    async def run(self) -> LoadEnd:
        """Generates the load."""
        return await self._engine_run.run()

    def _accepts(self, _: Lane) -> bool:
        return not self._engine_run.is_over(time.monotonic())


class LimitLoad:
    """Probes the limit of each lane, several lanes at a time."""

    def __init__(self, context: LoadContext) -> None:
        self._stopped: str | None = None
        self._stopped_lanes: dict[Lane, str] = {}
        self._context = context
        self._probes: dict[Lane, QuotaProbe] = {}
        self._engine_run: EngineRun | None = None
        self._timeout_at = math.inf

    def stop(self, reason: str) -> None:
        """Ends the search early."""
        self._stopped = self._stopped or reason
        if self._engine_run is not None:
            self._engine_run.stop(reason)

    async def run(self) -> LoadEnd:
        """Probes all lanes."""
        lanes = list(self._context.targets)
        size = max(1, self._context.load.concurrency // _PROBES_PER_SLOT)
        for first in range(0, len(lanes), size):
            if self._stopped is None:
                await self._probe(lanes[first : first + size])
        if len(self._stopped_lanes) == len(lanes):
            self._stopped = self._stopped or NO_LANE
        limits = {lane: probe.limit() for lane, probe in self._probes.items()}
        return LoadEnd(time.monotonic(), self._stopped, self._stopped_lanes, limits)

    async def _probe(self, lanes: Sequence[Lane]) -> None:
        context, now = self._context, time.monotonic()
        probes = {lane: QuotaProbe(now) for lane in lanes}
        self._probes |= probes
        limits = replace(
            context.limits,
            rate=FIRST_RATE,
            burst=1,
            max_attempts=1,
            throttle_budget_s=0,
            concurrency=context.load.concurrency,
        )
        feed = RoundRobin(
            {lane: context.targets[lane] for lane in lanes}, context.rng, self._accepts
        )
        limiters = {lane: RateLimiter(limits, now, probe) for lane, probe in probes.items()}
        engine_run = self._engine_run = EngineRun(
            context, feed, limits, release=feed.release, limiters=limiters, is_done=self._is_done
        )
        self._timeout_at = now + TIMEOUT_S + _LATE_S
        end = await engine_run.run()
        self._stopped = self._stopped or end.stopped
        self._stopped_lanes |= end.stopped_lanes

    def _accepts(self, lane: Lane) -> bool:
        is_over = self._engine_run is None or self._engine_run.is_over(time.monotonic())
        return not (self._probes[lane].is_over or is_over)

    def _is_done(self, now: float) -> bool:
        """Whether every probe has ended or its lane has stopped."""
        stopped = set(self._stopped_lanes)
        if self._engine_run is not None:
            stopped |= set(self._engine_run.stopped_lanes)
        active = [lane for lane, probe in self._probes.items() if not probe.is_over]
        return now >= self._timeout_at or all(lane in stopped for lane in active)


def generator_of(context: LoadContext) -> LoadGenerator:
    """The generator of a load."""
    match context.load.model:
        case LoadModel.OPEN:
            return OpenLoad(context)
        case LoadModel.CLOSED:
            return ClosedLoad(context)
        case LoadModel.LIMIT:
            return LimitLoad(context)
