"""Drives retries with tenacity: after each failed attempt, whether to retry and when.

A job that waits for its retry is in its lane's queue and holds no task. So tenacity does not
sleep here: it is asked one step at a time.
"""

import functools
import random
from typing import TYPE_CHECKING

from bulkeic.core.model import Failure
from bulkeic.core.pacing.retry import LONGEST_RETRY_AFTER_S, wait_before_retry
from bulkeic.engine.failed_attempt import FailedAttempt
from bulkeic.engine.limits import EngineLimits

if TYPE_CHECKING:
    from bulkeic.engine.retry_strategy import RetryStrategy


class Retries:
    """The retry policy of a run.

    Args:
        limits: of the run.
        rng: draws the jitter.
    """

    def __init__(self, limits: EngineLimits, rng: random.Random) -> None:
        self._rng = rng
        self._limits = limits

    @functools.cached_property
    def _strategy(self) -> "RetryStrategy":
        from bulkeic.engine.retry_strategy import RetryStrategy  # noqa: PLC0415 - most runs need none

        return RetryStrategy(self._limits, self._rng)

    def delay(self, failed: FailedAttempt) -> float | None:
        """Seconds to wait before the next attempt; ``None``: do not retry."""
        return self._strategy.delay(failed)

    def wait(self, failure: Failure, attempt: int) -> float:
        """Seconds to wait after a failed attempt, before the target is called again."""
        return wait_before_retry(failure, attempt, self._rng.random())

    def hold_delay(self, failure: Failure, holds: int) -> float:
        """Seconds that a lane waits for credentials.

        Args:
            failure: why there are none. Its ``retry_after_s`` says when they are fetched again.
            holds: how often in a row the lane has waited, this time included.
        """
        if failure.retry_after_s is not None:
            return min(failure.retry_after_s, LONGEST_RETRY_AFTER_S)
        return wait_before_retry(failure, holds, self._rng.random())
