"""Forecasts how long ``apply`` will take at the limits that a benchmark found.

- ``--rate auto`` settles at a lane's limit less the headroom, and may use the lane's burst first.
- A lane without a found limit is assumed to have Lambda's documented quota.
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
    """Forecasts the duration of the jobs of a targets file.

    Args:
        source: name of the file.
        jobs: number of jobs in each lane; each job takes one call.
        limits: measured limits of lanes.
        headroom: share of a limit that stays free for others, 0 to less than 1.
        concurrency: maximum calls in flight.
    """
    left = [
        _lane_backlog(lane, number, _found(limits.get(lane)), headroom)
        for lane, number in jobs.items()
    ]
    total = forecast(left, concurrency=concurrency, call_s=USUAL_CALL_S)
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
        seconds=0.0 if total is None else total.seconds,
        lanes=sorted(lanes, key=lambda lane: (-lane.seconds, lane.lane)),
    )


def _lane_backlog(lane: Lane, jobs: int, limit: LaneLimit | None, headroom: float) -> LaneBacklog:
    rate = (QUOTA if limit is None else limit.rate) * (1 - headroom)
    burst = rate if limit is None or limit.burst is None else limit.burst
    return LaneBacklog(lane, jobs, rate, min(burst, rate))


def _found(limit: LaneLimit | None) -> LaneLimit | None:
    return limit if limit is not None and limit.found else None
