"""How long ``apply`` will take at the limits that a benchmark has found.

- ``--rate auto`` settles at a lane's limit less the headroom, and may use the lane's burst first.
- A lane whose limit was not found is taken to have Lambda's documented quota.
"""

from collections.abc import Mapping

from bulkeic.bench.model.measurements import ApplyForecast, LaneForecast, LaneLimit
from bulkeic.core.model import Lane
from bulkeic.core.pacing.adaptive_rate import QUOTA
from bulkeic.core.pacing.forecast import USUAL_CALL_S, LaneBacklog, forecast


def forecast_apply(
    source: str,
    jobs: Mapping[Lane, int],
    limits: Mapping[Lane, LaneLimit],
    *,
    headroom: float,
    concurrency: int,
) -> ApplyForecast:
    """How long the jobs of a targets file will take.

    Args:
        source: the file's name.
        jobs: of each lane, one call each.
        limits: that were found.
        headroom: part of a limit that is left to others, 0 to less than 1.
        concurrency: calls in flight at most.
    """
    left = [_left(lane, number, limits.get(lane), headroom) for lane, number in jobs.items()]
    ahead = forecast(left, concurrency=concurrency, call_s=USUAL_CALL_S)
    lanes = [
        LaneForecast(
            lane=str(each.lane),
            targets=each.jobs,
            rate=each.rate,
            measured=_found(limits.get(each.lane)) is not None,
            seconds=each.seconds + USUAL_CALL_S,
        )
        for each in left
    ]
    return ApplyForecast(
        source=source,
        seconds=0.0 if ahead is None else ahead.seconds,
        lanes=sorted(lanes, key=lambda lane: (-lane.seconds, lane.lane)),
    )


def _left(lane: Lane, jobs: int, limit: LaneLimit | None, headroom: float) -> LaneBacklog:
    found = _found(limit)
    rate = (QUOTA if found is None else found.rate) * (1 - headroom)
    burst = rate if found is None or found.burst is None else found.burst
    return LaneBacklog(lane, jobs, rate, min(burst, rate))


def _found(limit: LaneLimit | None) -> LaneLimit | None:
    return limit if limit is not None and limit.found else None
