"""Runs an engine until a load is over and its requests have ended."""

import random
import time
from collections.abc import Callable, Mapping, Sequence

import anyio
import msgspec

from bulkeic.bench.model.workload import MAX_START_DELAY_S, Load
from bulkeic.bench.run.collector import Collector, LoadEnd
from bulkeic.bench.run.lead_time import LeadTime
from bulkeic.bench.run.timed_caller import TimedCaller, TimedCallPort
from bulkeic.core.change.policy import Policy
from bulkeic.core.model import Job, Lane, Target
from bulkeic.engine.engine import Engine
from bulkeic.engine.lanes.rate_limiter import RateLimiter
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.ports import Feed

Targets = Mapping[Lane, Sequence[Target]]
"""The targets of each lane; no lane is empty."""

MEASURED = "measured"
NO_LANE = "every lane has stopped"
_CHECK_S = 0.25


class LoadContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the generator of any load works with.

    Attributes:
        load: the load.
        targets: the targets of each lane.
        policy: how the engine treats a target.
        calls: makes the calls.
        limits: the engine's limits; the load's rate and concurrency replace theirs.
        rng: source of the order of targets and of the jitter of retries.
        collector: receives the measurements.
        start: when the load starts, in seconds of ``time.monotonic``.
        grace_s: seconds that requests in flight may take to end.
    """

    load: Load
    targets: Targets
    policy: Policy
    calls: TimedCallPort
    limits: EngineLimits
    rng: random.Random
    collector: Collector
    start: float
    grace_s: float

    def is_due_in_time(self, due: float) -> bool:
        """Whether a request that is due at this time belongs to the load."""
        end = self.start + self.load.warmup_s + self.load.measured_s
        return due < end and not self.collector.is_full


class EngineRun:
    """One run of an engine under a load.

    Args:
        context: the load and its parts.
        feed: where the jobs come from.
        limits: the engine's limits.
        lead: how long before its due time a request of an open load starts. Requests that are due
            before the end may start a little later. ``None``: requests have no due time.
        release: called with the lane of a request that ended; returns whether the feed has a job
            for the lane again.
        limiters: the pace of each lane; ``None``: that of the limits.
        is_done: whether the load is over at a given time; ``None``: only its duration and its
            number of requests end it.

    Attributes:
        stopped: why the run ended early; ``None``: it did not.
        stopped_lanes: lanes that stopped, each with the reason.
        over_at: when the load was over, in seconds of ``time.monotonic``.
    """

    def __init__(
        self,
        context: LoadContext,
        feed: Feed,
        limits: EngineLimits,
        *,
        lead: LeadTime | None = None,
        release: Callable[[Lane], bool] = lambda _: False,
        limiters: dict[Lane, RateLimiter] | None = None,
        is_done: Callable[[float], bool] | None = None,
    ) -> None:
        self.stopped: str | None = None
        self.stopped_lanes: dict[Lane, str] = {}
        self.over_at = 0.0
        self._context = context
        self._release = release
        self._is_done = is_done
        self._over = anyio.Event()
        self._drained = anyio.Event()
        self._is_scheduled = lead is not None
        self._caller = TimedCaller(
            context.calls, context.collector, time.monotonic, lead, self._request_ended
        )
        self._engine = Engine(
            feed,
            self._caller,
            self._caller,
            limits,
            context.policy,
            growing=self._is_scheduled,
            limiters=limiters,
            rng=context.rng,
        )

    def stop(self, reason: str) -> None:
        """Ends the load early: no call starts, and those in flight may end."""
        self.stopped = self.stopped or reason
        self._engine.stop(reason)
        self._over.set()

    def is_over(self, due: float) -> bool:
        """Whether no request that is due at this time should start."""
        return self._over.is_set() or not self._context.is_due_in_time(due)

    def arrived(self, job: Job, due: float) -> None:
        """Announces a request that was added to the feed."""
        self._caller.expect(job, due)
        self._engine.jobs_arrived(job.target.lane, 1)

    async def run(self) -> LoadEnd:
        """Runs the engine until the load is over and its requests have ended or timed out."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._run_engine)
            tasks.start_soon(self._check_regularly)
            await self._over.wait()
            self.over_at = time.monotonic()
            if not self._is_scheduled:
                self._engine.discard_unstarted()
            self._check_drained()
            with anyio.move_on_after(self._context.grace_s):
                await self._drained.wait()
            self._caller.abandon()
            self.stopped_lanes = self._engine.stopped_lanes()
            self._engine.stop(MEASURED)
            tasks.cancel_scope.cancel()
        return LoadEnd(time.monotonic(), self.stopped, self.stopped_lanes, {})

    async def _run_engine(self) -> None:
        engine = self._engine
        await engine.run()
        if not self._over.is_set():
            if self._is_done is None or engine.stopped is not None:
                self.stop(engine.stopped or NO_LANE)
            self._over.set()
        self._drained.set()

    async def _check_regularly(self) -> None:
        late_s = MAX_START_DELAY_S if self._is_scheduled else 0.0
        while True:
            await anyio.sleep(_CHECK_S)
            now = time.monotonic()
            self._context.collector.tick(now)
            self.stopped_lanes = self._engine.stopped_lanes()
            if len(self.stopped_lanes) == len(self._context.targets):
                self._engine.stop(NO_LANE)  # otherwise it waits for more jobs
            if self.is_over(now - late_s) or (self._is_done is not None and self._is_done(now)):
                self._over.set()
            if self._over.is_set():  # lanes that stopped start no more calls
                self._caller.abandon(self.stopped_lanes)
            self._check_drained()

    def _request_ended(self, lane: Lane) -> None:
        if self._release(lane):
            self._engine.jobs_arrived(lane, 0)
        self._check_drained()

    def _check_drained(self) -> None:
        if self._context.collector.is_full:
            self._over.set()
        if self._over.is_set() and not self._caller.in_flight:
            self._drained.set()
