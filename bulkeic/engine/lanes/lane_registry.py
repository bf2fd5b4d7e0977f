"""All lanes of a run, and the number of jobs that are not finished."""

from collections.abc import Iterator

from bulkeic.core.model import Lane
from bulkeic.core.pacing.forecast import Forecast, forecast
from bulkeic.engine.lanes.lane_runtime import LaneRuntime
from bulkeic.engine.lanes.rate_limiter import RateLimiter
from bulkeic.engine.lanes.unresponsive_lanes import UnresponsiveLanes
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.ports import Feed


class LaneRegistry:
    """The lanes of a run, in the order in which their jobs arrived.

    Args:
        feed: provides the jobs.
        limits: of the run.
        limiters: rate limiters of earlier engines; the registry adds those of new lanes.
        unresponsive: the calls that all unresponsive lanes share.

    Attributes:
        unfinished: jobs without an outcome, those of stopped lanes excluded.
    """

    def __init__(
        self,
        feed: Feed,
        limits: EngineLimits,
        limiters: dict[Lane, RateLimiter],
        unresponsive: UnresponsiveLanes,
    ) -> None:
        self.unfinished = 0
        self._feed = feed
        self._limits = limits
        self._limiters = limiters
        self._unresponsive = unresponsive
        self._lanes: dict[Lane, LaneRuntime] = {}

    def __iter__(self) -> Iterator[LaneRuntime]:
        return iter(self._lanes.values())

    def __getitem__(self, lane: Lane) -> LaneRuntime:
        return self._lanes[lane]

    def open(self, lane: Lane, now: float) -> LaneRuntime:
        """Return the lane's runtime, made if necessary."""
        runtime = self._lanes.get(lane)
        if runtime is None:
            limiter = self._limiters.get(lane)
            if limiter is None:
                limiter = self._limiters[lane] = RateLimiter(self._limits, now)
            runtime = self._lanes[lane] = LaneRuntime(
                lane, self._feed, limiter, self._unresponsive, self._limits, now=now
            )
        return runtime

    def add_jobs(self, runtime: LaneRuntime, jobs: int) -> None:
        """Count jobs that the feed has for a lane."""
        self.unfinished += jobs
        runtime.left += jobs
        runtime.queue.feed_has_jobs()

    def finish_job(self, runtime: LaneRuntime) -> None:
        """Count a job that is finished. A stopped lane no longer counts."""
        if runtime.stopped is not None:
            return
        self.unfinished -= 1
        runtime.left -= 1
        if not runtime.left:
            runtime.health.record_idle()

    def stop(self, runtime: LaneRuntime, reason: str) -> int:
        """Stop a lane. Returns the number of its jobs that stay pending."""
        runtime.stopped = reason
        self.unfinished -= runtime.left
        return runtime.left

    def stopped(self) -> dict[Lane, str]:
        """The lanes that stopped, each with the reason."""
        return {runtime.lane: runtime.stopped for runtime in self if runtime.stopped is not None}

    def forecast(self, now: float, calls_per_job: int) -> Forecast | None:
        """Forecast how long the remaining jobs will take; ``None``: no jobs remain."""
        lanes = [runtime for runtime in self if runtime.left and runtime.stopped is None]
        call_s = sum(lane.health.expected_latency_s for lane in lanes) / max(1, len(lanes))
        return forecast(
            (lane.backlog(now, calls_per_job) for lane in lanes),
            concurrency=self._limits.concurrency,
            call_s=call_s,
        )
