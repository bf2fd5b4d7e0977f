"""Forecasts how long jobs will take, from the backlog and the rate of each lane.

- A lane takes (calls of its jobs - its tokens) / its rate.
- A run takes as long as its slowest lane, and at least as long as ``concurrency`` needs for all
  calls.
"""

from collections.abc import Iterable

import msgspec

from bulkeic.core.model import Lane

USUAL_CALL_S = 0.1
"""Seconds a call takes, until one was measured."""


class LaneBacklog(msgspec.Struct, frozen=True):
    """The work that remains in a lane.

    Attributes:
        jobs: jobs without an outcome.
        rate: calls a second.
        tokens: calls that need not wait for the rate.
        calls_per_job: calls that a job usually takes.
    """

    lane: Lane
    jobs: int
    rate: float
    tokens: float
    calls_per_job: int = 1

    @property
    def seconds(self) -> float:
        """Seconds until the rate lets the lane's last call start."""
        return max(0.0, self.jobs * self.calls_per_job - self.tokens) / self.rate


class Forecast(msgspec.Struct, frozen=True):
    """How long the remaining jobs will take.

    Attributes:
        seconds: until all jobs are done.
        longest: the lane that takes longest by its own rate.
        limited_by_concurrency: whether ``concurrency`` delays the lanes.
    """

    seconds: float
    longest: LaneBacklog
    limited_by_concurrency: bool


def forecast(
    backlogs: Iterable[LaneBacklog], *, concurrency: int, call_s: float
) -> Forecast | None:
    """Forecast how long jobs will take.

    Args:
        backlogs: one for each lane.
        concurrency: the maximum of calls in flight.
        call_s: seconds a call takes.

    Returns:
        ``None`` if no jobs remain.
    """
    calls, longest = 0, None
    for backlog in backlogs:
        calls += backlog.jobs * backlog.calls_per_job
        if longest is None or (backlog.seconds, backlog.jobs) > (longest.seconds, longest.jobs):
            longest = backlog
    if longest is None or not calls:
        return None
    by_concurrency_s = calls * call_s / concurrency
    by_rate_s = longest.seconds + call_s
    return Forecast(max(by_concurrency_s, by_rate_s), longest, by_concurrency_s > by_rate_s)
