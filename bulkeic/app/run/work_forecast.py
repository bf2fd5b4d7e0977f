"""How long jobs will take."""

from bulkeic.app.options.command_options import WorkOptions
from bulkeic.core.model import Lane
from bulkeic.core.pacing.forecast import USUAL_CALL_S, Forecast, LaneBacklog, forecast


def forecast_work(
    lanes: dict[Lane, int], options: WorkOptions, calls_per_job: int
) -> Forecast | None:
    """Forecasts how long jobs will take; ``None``: there are none.

    Args:
        lanes: the number of jobs by lane.
        options: how fast to work.
        calls_per_job: how many calls each job needs.
    """
    limits = options.pace.limits()
    left = (
        LaneBacklog(lane, jobs, limits.first_rate, limits.bucket_size, calls_per_job)
        for lane, jobs in lanes.items()
    )
    return forecast(left, concurrency=limits.concurrency, call_s=USUAL_CALL_S)
