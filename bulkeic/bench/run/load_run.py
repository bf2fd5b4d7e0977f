"""One load put on: the engine, fed as the load says, with every call timed."""

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import anyio
from msgspec.structs import replace

from bulkeic.bench.model.measurements import BenchOperation, LaneLimit, Measures
from bulkeic.bench.model.quota_probe import FIRST_RATE, MOST_S, QuotaProbe
from bulkeic.bench.model.workload import BEGIN_LATE_S, ArrivalSchedule, Load, LoadModel
from bulkeic.bench.report.live_view import Watch
from bulkeic.bench.run.collector import Collector
from bulkeic.bench.run.lead_time import LeadTime
from bulkeic.bench.run.process_usage import ProcessUsage
from bulkeic.bench.run.round_robin import RoundRobin
from bulkeic.bench.run.ticker import Ticker
from bulkeic.bench.run.timed_caller import CallPort, TimedCaller
from bulkeic.core.model import Lane, Target
from bulkeic.core.policy import Policy, Rewrite, Verify, calls_per_job
from bulkeic.engine.engine import Engine
from bulkeic.engine.lane import Meter
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.memory_feed import MemoryFeed

Targets = Mapping[Lane, Sequence[Target]]

_AT_ONCE = 1000
_LOOK_S = 0.25
_LATE_S = 2.0
_SEARCHES_PER_PLACE = 16
_RULES: dict[BenchOperation, Policy] = {
    BenchOperation.GET: Verify(),
    BenchOperation.UPDATE: Rewrite(),
}
_NO_LANE = "every lane has stopped"
MEASURED = "measured"


class LoadRun:
    """Puts one load on.

    Args:
        load: what is put on.
        targets: of each lane.
        operation: that is called.
        calls: makes the calls.
        limits: how hard the engine may work; the load's rate and concurrency take their place.
        grace_s: seconds for what is under way at the end.
        seed: of the order of targets, and of the jitter of retries.
        watch: where it can be looked at meanwhile.
    """

    def __init__(
        self,
        load: Load,
        targets: Targets,
        operation: BenchOperation,
        calls: CallPort,
        limits: EngineLimits,
        *,
        grace_s: float,
        seed: int,
        watch: Watch,
    ) -> None:
        self.stopped: str | None = None
        self._load = load
        self._targets = targets
        self._rules = _RULES[operation]
        self._calls = calls
        self._limits = limits
        self._grace_s = grace_s
        self._chance = random.Random(seed)  # noqa: S311 - order and jitter
        self._watch = watch
        self._engine_at_work: Engine | None = None
        self._over = anyio.Event()
        self._quiet = anyio.Event()
        self._latest = math.inf
        self._feed_again: Callable[[Lane], None] = lambda _: None
        self._searches: dict[Lane, QuotaProbe] = {}
        self._stopped_lanes: dict[Lane, str] = {}

    def stop(self, reason: str) -> None:
        """Ends it early: no call is begun any more, and those in flight are waited for."""
        self.stopped = self.stopped or reason
        if self._engine_at_work is not None:
            self._engine_at_work.stop(reason)
        self._over.set()

    async def run(self, repeat: int) -> Measures:
        """Puts the load on: what it came to.

        Args:
            repeat: its number.
        """
        load = self._load
        start = time.monotonic()
        self._begin = start + load.warmup_s
        self._gauge = Collector(load, self._targets, self._begin, self._watch.second)
        lead = self._lead = LeadTime((load.rate or math.inf) * len(self._targets))
        self._stopwatch = TimedCaller(self._calls, self._gauge, time.monotonic, lead, self._ended)
        started_at = datetime.now(UTC)
        self._usage = ProcessUsage()
        self._watch.start(load, load.duration_s)
        try:
            match load.model:
                case LoadModel.OPEN:
                    await self._open(start)
                case LoadModel.CLOSED:
                    await self._closed()
                case LoadModel.LIMIT:
                    await self._find_limits()
            return self._gauge.measures(
                repeat=repeat,
                started_at=started_at.isoformat(timespec="milliseconds"),
                client=self._usage.client(),
                now=time.monotonic(),
                limits=self.limits(),
                stopped=self.stopped,
                stopped_lanes=self._stopped_lanes,
            )
        finally:
            self._watch.stop()

    def limits(self) -> dict[Lane, LaneLimit]:
        """What was found of each lane that was searched."""
        return {lane: search.limit() for lane, search in self._searches.items()}

    async def _open(self, start: float) -> None:
        load = self._load
        rate = load.rate or math.inf
        limits = replace(
            self._limits,
            rate=rate * calls_per_job(self._rules),
            narrow=False,
            concurrency=load.concurrency,
        )
        lanes = list(self._targets)
        comb = ArrivalSchedule(rate, len(lanes))
        turns, feed = RoundRobin(self._targets, self._chance), MemoryFeed()
        engine = self._engine(feed, limits, growing=True)
        number = 0

        def beat() -> float | None:
            nonlocal number
            ahead_s = time.monotonic() + self._lead.seconds - start
            until = min(comb.count(ahead_s), number + _AT_ONCE)
            while number < until and not self._is_over(due := start + comb.due(number)):
                job = turns.next(lanes[number % len(lanes)])
                self._stopwatch.expect(job, due)
                feed.add(job)
                engine.arrived(job.target.lane, 1)
                number += 1
            if self._is_over(start + comb.due(number)):
                return None
            return start + comb.due(number) - self._lead.seconds

        with Ticker(beat):
            await self._until_over(engine)
        owed_s = load.owed_until(self._over_at - start, stopped=self.stopped is not None)
        for first, numbers in comb.blocks(number, comb.count(owed_s)):
            due = start + comb.due(numbers[len(numbers) // 2])
            self._gauge.missed(lanes[first], due, time.monotonic(), len(numbers))

    async def _closed(self) -> None:
        feed = RoundRobin(
            self._targets, self._chance, lambda _: not self._is_over(time.monotonic())
        )
        limits = replace(self._limits, rate=math.inf, concurrency=self._load.concurrency)
        await self._until_over(self._fed(feed, limits))

    async def _find_limits(self) -> None:
        lanes = list(self._targets)
        places = max(1, self._load.concurrency // _SEARCHES_PER_PLACE)
        for first in range(0, len(lanes), places):
            if self.stopped is not None:
                return
            await self._search(lanes[first : first + places])
        if len(self._stopped_lanes) == len(lanes):
            self.stop(_NO_LANE)

    async def _search(self, lanes: Sequence[Lane]) -> None:
        """Finds the limits of some lanes, all at once."""
        self._over, self._quiet = anyio.Event(), anyio.Event()
        now = time.monotonic()
        searches = {lane: QuotaProbe(now) for lane in lanes}
        self._searches |= searches
        limits = replace(
            self._limits,
            rate=FIRST_RATE,
            burst=1,
            max_attempts=1,
            concurrency=self._load.concurrency,
        )
        feed = RoundRobin(
            {lane: self._targets[lane] for lane in lanes},
            self._chance,
            lambda lane: not (searches[lane].is_over or self._over.is_set()),
        )
        meters = {lane: Meter(limits, now, search) for lane, search in searches.items()}
        engine = self._fed(feed, limits, meters)
        self._latest = now + MOST_S + _LATE_S
        await self._until_over(engine)

    def _fed(
        self, feed: RoundRobin, limits: EngineLimits, meters: dict[Lane, Meter] | None = None
    ) -> Engine:
        """An engine whose jobs are of few targets, each of which is free again when one ends."""
        engine = self._engine(feed, limits, meters=meters)

        def again(lane: Lane) -> None:
            if feed.ended(lane):
                engine.arrived(lane, 0)

        self._feed_again = again
        return engine

    def _engine(
        self,
        feed: RoundRobin | MemoryFeed,
        limits: EngineLimits,
        *,
        growing: bool = False,
        meters: dict[Lane, Meter] | None = None,
    ) -> Engine:
        return Engine(
            feed,
            self._stopwatch,
            self._stopwatch,
            limits,
            self._rules,
            growing=growing,
            meters=meters,
            chance=self._chance,
        )

    async def _until_over(self, engine: Engine) -> None:
        """Lets an engine work until the load is over, and what is under way has ended."""
        self._engine_at_work = engine

        async def work() -> None:
            await engine.run()
            if not self._over.is_set():  # by itself: no lane can be worked on
                if self._load.model is not LoadModel.LIMIT or engine.stopped is not None:
                    self.stop(engine.stopped or _NO_LANE)
                self._over.set()
            self._quiet.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            tasks.start_soon(self._tick, engine)
            tasks.start_soon(self._begin_measuring)
            await self._over.wait()
            self._over_at = time.monotonic()
            if self._load.model is not LoadModel.OPEN:  # there, all that were due are waited for
                engine.begin_no_more()
            self._look()
            with anyio.move_on_after(self._grace_s):
                await self._quiet.wait()
            self._stopwatch.give_up()
            self._stopped_lanes |= engine.stopped_lanes()
            engine.stop(MEASURED)
            tasks.cancel_scope.cancel()

    async def _begin_measuring(self) -> None:
        await anyio.sleep(max(0.0, self._begin - time.monotonic()))
        self._usage.restart()

    async def _tick(self, engine: Engine) -> None:
        # Requests that were due at the very end may be begun a moment later.
        late_s = BEGIN_LATE_S if self._load.model is LoadModel.OPEN else 0.0
        while True:
            await anyio.sleep(_LOOK_S)
            now = time.monotonic()
            self._gauge.tick(now)
            if len(engine.stopped_lanes()) == len(self._targets):
                engine.stop(_NO_LANE)  # it would wait for more jobs
            if self._is_over(now - late_s) or (self._searches and self._has_found(engine, now)):
                self._over.set()
            if self._over.is_set():  # lanes that have stopped answer nothing any more
                self._stopwatch.give_up(engine.stopped_lanes())
            self._look()

    def _has_found(self, engine: Engine, now: float) -> bool:
        """Whether no search goes on, or one in vain."""
        stopped = self._stopped_lanes | engine.stopped_lanes()
        under_way = [lane for lane, search in self._searches.items() if not search.is_over]
        return now >= self._latest or all(lane in stopped for lane in under_way)

    def _ended(self, lane: Lane) -> None:
        self._feed_again(lane)
        self._look()

    def _look(self) -> None:
        """Takes note when all is over and nothing is under way."""
        if self._gauge.is_full:
            self._over.set()
        if self._over.is_set() and not self._stopwatch.under_way:
            self._quiet.set()

    def _is_over(self, due: float) -> bool:
        """Whether nothing more should start then."""
        by_time = due >= self._begin + self._load.measured_s
        return by_time or self._gauge.is_full or self._over.is_set()
