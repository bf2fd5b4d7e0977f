"""Generates one load and measures it."""

import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import anyio

from bulkeic.bench.model.measurements import BenchOperation, LaneLimit, Measures
from bulkeic.bench.model.workload import Load
from bulkeic.bench.report.live_view import LiveView
from bulkeic.bench.run.collector import Collector
from bulkeic.bench.run.engine_run import LoadContext, Targets
from bulkeic.bench.run.load_generators import LoadGenerator, generator_of
from bulkeic.bench.run.process_usage import ProcessUsage
from bulkeic.bench.run.timed_caller import TimedCallPort
from bulkeic.core.change.policy import Policy, Rewrite, Verify
from bulkeic.core.model import Lane
from bulkeic.engine.limits import EngineLimits

_POLICIES: dict[BenchOperation, Policy] = {
    BenchOperation.GET: Verify(),
    BenchOperation.UPDATE: Rewrite(),
}


class LoadRun:
    """One repeat of a load. Create it in the event loop, when the load starts.

    Args:
        load: the load.
        targets: the targets of each lane.
        operation: the operation to call.
        calls: makes the calls.
        limits: the engine's limits; the load's rate and concurrency replace theirs.
        grace_s: seconds that requests in flight may take to end.
        seed: of the order of targets and of the jitter of retries.
        watch: shows the progress.

    Attributes:
        limits: the limits that were found, by lane.
    """

    def __init__(
        self,
        load: Load,
        targets: Targets,
        operation: BenchOperation,
        calls: TimedCallPort,
        limits: EngineLimits,
        *,
        grace_s: float,
        seed: int,
        watch: LiveView,
    ) -> None:
        start = time.monotonic()
        self.limits: Mapping[Lane, LaneLimit] = {}
        self._load = load
        self._watch = watch
        self._begin = start + load.warmup_s
        self._collector = Collector(load, targets, self._begin, watch.second)
        self._usage = ProcessUsage()
        context = LoadContext(
            load=load,
            targets=targets,
            policy=_POLICIES[operation],
            calls=calls,
            limits=limits,
            rng=random.Random(seed),  # noqa: S311 - order and jitter
            collector=self._collector,
            start=start,
            grace_s=grace_s,
        )
        self._generator: LoadGenerator = generator_of(context)

    def stop(self, reason: str) -> None:
        """Ends the load early: no call starts, and those in flight may end."""
        self._generator.stop(reason)

    async def run(self, repeat: int) -> Measures:
        """Generates the load and returns its measurements.

        Args:
            repeat: number of the repeat, from 0.
        """
        started_at = datetime.now(UTC)
        self._watch.start(self._load, self._load.duration_s)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._restart_usage)
                end = await self._generator.run()
                tasks.cancel_scope.cancel()
            self.limits = end.limits
            return self._collector.measures(
                end,
                repeat=repeat,
                started_at=started_at.isoformat(timespec="milliseconds"),
                client=self._usage.client(),
            )
        finally:
            self._watch.stop()

    async def _restart_usage(self) -> None:
        """Excludes the warm-up from the CPU time."""
        await anyio.sleep(max(0.0, self._begin - time.monotonic()))
        self._usage.restart()
