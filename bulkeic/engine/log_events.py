"""What an engine logs."""

import structlog

from bulkeic.core.errors import printable
from bulkeic.core.model import Outcome
from bulkeic.engine.active_job import ActiveJob
from bulkeic.engine.lane_runtime import LaneRuntime

_log: structlog.stdlib.BoundLogger = structlog.get_logger("bulkeic.engine")


def tell_slowed(lane: LaneRuntime, code: str, now: float) -> None:
    """A lane goes slower from now on."""
    rate = round(lane.rate(now), 2) if lane.rate_limited else None
    _log.warning("lane slowed down", lane=str(lane.lane), code=code, rate=rate)


def tell_stopped(lane: LaneRuntime, reason: str) -> None:
    """A lane starts no more calls."""
    _log.warning("lane stopped", lane=str(lane.lane), reason=printable(reason))


def tell_retry(event: str, work: ActiveJob, code: str, delay: float) -> None:
    """A call is made again after so many seconds."""
    _log.info(
        event,
        lane=str(work.lane.lane),
        function=work.job.function_name,
        code=code,
        attempt=work.attempts,
        again_in_s=round(delay, 3),
    )


def tell_failed(lane: LaneRuntime, outcome: Outcome, *, expected: bool) -> None:
    """A job has failed; a failure that is looked for is no warning."""
    tell = _log.info if expected else _log.warning
    tell(
        "failed",
        lane=str(lane.lane),
        function=outcome.function_name,
        code=outcome.error_code,
        attempt=outcome.attempts,
        message=printable(outcome.error_message or ""),
    )
