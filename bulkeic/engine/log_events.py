"""The engine's log events."""

import structlog

from bulkeic.core.errors import printable
from bulkeic.core.model import Failure, Lane, Outcome
from bulkeic.engine.active_job import ActiveJob

_log: structlog.stdlib.BoundLogger = structlog.get_logger("bulkeic.engine")


def log_slowed(lane: Lane, code: str, rate: float | None) -> None:
    """Log that a lane slows down.

    Args:
        lane: account and Region.
        code: the error code that caused it.
        rate: its new rate, calls a second; ``None``: it has no rate.
    """
    rounded = None if rate is None else round(rate, 2)
    _log.warning("lane slowed down", lane=str(lane), code=code, rate=rounded)


def log_stopped(lane: Lane, reason: str) -> None:
    """Log that a lane starts no more calls."""
    _log.warning("lane stopped", lane=str(lane), reason=printable(reason))


def log_held(lane: Lane, failure: Failure, delay_s: float, *, is_first: bool) -> None:
    """Log that a lane waits for credentials: as a warning if it is the first one of the run."""
    log = _log.warning if is_first else _log.info
    log(
        "waiting for credentials",
        lane=str(lane),
        code=failure.code,
        reason=printable(failure.message),
        retry_in_s=round(delay_s, 3),
    )


def log_retry(event: str, lane: Lane, active: ActiveJob, code: str, delay_s: float) -> None:
    """Log that a call is retried after ``delay_s`` seconds."""
    _log.info(
        event,
        lane=str(lane),
        function=active.job.function_name,
        code=code,
        attempt=active.attempts,
        retry_in_s=round(delay_s, 3),
    )


def log_failed(lane: Lane, outcome: Outcome, *, expected: bool) -> None:
    """Log that a job failed: as a warning, or as information if the failure is expected."""
    log = _log.info if expected else _log.warning
    log(
        "failed",
        lane=str(lane),
        function=outcome.function_name,
        code=outcome.error_code,
        attempt=outcome.attempts,
        message=printable(outcome.error_message or ""),
    )
