"""The engine's log events.

At the default level, ``warning``, a run is quiet: what its summary counts is logged at ``info``.
The first failures and the first stopped lanes are warnings, so that trouble shows at once.
"""

import logging
from collections import Counter

from bulkeic.core.errors import printable
from bulkeic.core.model import Failure, Lane, Operation, Outcome
from bulkeic.engine.active_job import ActiveJob

_WARNINGS = 2
_log = logging.getLogger("bulkeic.engine")


class EngineLog:
    """Logs the events of engines that work on one run, and counts its warnings."""

    def __init__(self) -> None:
        self._warnings: Counter[str] = Counter()

    def slowed(self, lane: Lane, code: str, rate: float | None) -> None:
        """Log that a lane slows down.

        Args:
            lane: account and Region.
            code: the error code that caused it.
            rate: its new rate, calls a second; ``None``: it has no rate.
        """
        rounded = None if rate is None else round(rate, 2)
        _show(logging.INFO, "lane slowed down", lane=str(lane), code=code, rate=rounded)

    def stopped(self, lane: Lane, reason: str, *, expected: bool) -> None:
        """Log that a lane starts no more calls; as information if the command reports it."""
        log = self._inform if expected else self._warn
        log("lane stopped", lane=str(lane), reason=printable(reason))

    def held(self, lane: Lane, failure: Failure, delay_s: float) -> None:
        """Log that a lane waits for credentials: as a warning if it is the first one of the run."""
        is_first = not self._warnings["waiting for credentials"]
        self._warnings["waiting for credentials"] += 1
        _show(
            logging.WARNING if is_first else logging.INFO,
            "waiting for credentials",
            lane=str(lane),
            code=failure.code,
            reason=printable(failure.message),
            retry_in_s=round(delay_s, 3),
        )

    def retry(self, event: str, lane: Lane, active: ActiveJob, code: str, delay_s: float) -> None:
        """Log that a call is retried after ``delay_s`` seconds."""
        _show(
            logging.INFO,
            event,
            lane=str(lane),
            **_subject(active.job.function_name),
            code=code,
            attempt=active.attempts,
            retry_in_s=round(delay_s, 3),
        )

    def failed(self, lane: Lane, outcome: Outcome, *, expected: bool) -> None:
        """Log that a job failed or is unknown; as information if the failure is expected."""
        log = self._inform if expected else self._warn
        log(
            outcome.status.value,
            lane=str(lane),
            **_subject(outcome.function_name),
            code=outcome.error_code,
            attempt=outcome.attempts,
            message=printable(outcome.error_message or ""),
        )

    def _warn(self, event: str, **details: object) -> None:
        """Log a warning; after the first ones of its kind, information."""
        self._warnings[event] += 1
        if self._warnings[event] <= _WARNINGS:
            _show(logging.WARNING, event, **details)
            return
        if self._warnings[event] == _WARNINGS + 1:
            _log.warning("%s: more of these are logged at level info", event)
        self._inform(event, **details)

    @staticmethod
    def _inform(event: str, **details: object) -> None:
        _show(logging.INFO, event, **details)


def _subject(function: str) -> dict[str, str]:
    """What an event is about: a function, or the lane's list of functions."""
    return {"function": function} if function else {"operation": Operation.LIST_FUNCTIONS.value}


def _show(level: int, event: str, **details: object) -> None:
    _log.log(level, event, extra={"details": details})
