"""Drives retries with tenacity: after each failed attempt, whether to retry and when.

A job that waits for its retry is in its lane's queue and holds no worker. So tenacity does not
sleep here: it is asked one step at a time.
"""

import random

import msgspec
from tenacity import (
    DoSleep,
    RetryCallState,
    Retrying,
    stop_after_attempt,
    stop_after_delay,
    stop_any,
)
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from bulkeic.core.model import Failure
from bulkeic.core.pacing.retry import LONGEST_RETRY_AFTER_S, RetryLimit, wait_before_retry
from bulkeic.engine.limits import EngineLimits


class FailedAttempt(msgspec.Struct, frozen=True):
    """An attempt that failed.

    Attributes:
        failure: its result.
        limit: what limits the retries of this failure.
        attempt: its number among those of its call, from 1. The wait grows with it.
        counted: the attempts that count towards the maximum.
        since_s: seconds since the job's first failure with this limit.
    """

    failure: Failure
    limit: RetryLimit
    attempt: int
    counted: int
    since_s: float


class Retries:
    """The retry policy of a run.

    Args:
        limits: of the run.
        rng: draws the jitter.
    """

    def __init__(self, limits: EngineLimits, rng: random.Random) -> None:
        self._rng = rng
        self._retrying = Retrying(
            stop=stop_any(
                _StopIf(RetryLimit.ATTEMPTS, stop_after_attempt(limits.max_attempts)),
                _StopIf(RetryLimit.THROTTLE_BUDGET, stop_after_delay(limits.throttle_budget_s)),
                _StopIf(RetryLimit.IAM_WAIT, stop_after_delay(limits.wait_for_iam_s)),
            ),
            retry=lambda state: _failed(state).limit is not RetryLimit.NEVER,
            wait=_WaitBeforeRetry(rng),
            retry_error_callback=lambda _: None,
        )

    def delay(self, failed: FailedAttempt) -> float | None:
        """Seconds to wait before the next attempt; ``None``: do not retry."""
        state = RetryCallState(self._retrying, fn=None, args=(failed,), kwargs={})
        state.attempt_number = failed.counted
        state.set_result(failed.failure)
        state.start_time, state.outcome_timestamp = 0.0, failed.since_s
        self._retrying.begin()
        action = self._retrying.iter(state)
        return float(action) if isinstance(action, DoSleep) else None

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


class _StopIf(stop_base):
    """Stops by a strategy that applies to failures with one limit."""

    def __init__(self, limit: RetryLimit, stop: stop_base) -> None:
        self._limit = limit
        self._stop = stop

    def __call__(self, retry_state: RetryCallState) -> bool:
        return _failed(retry_state).limit is self._limit and self._stop(retry_state)


class _WaitBeforeRetry(wait_base):
    """Waits as ``core.pacing.retry`` decides."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def __call__(self, retry_state: RetryCallState) -> float:
        failed = _failed(retry_state)
        return wait_before_retry(failed.failure, failed.attempt, self._rng.random())


def _failed(retry_state: RetryCallState) -> FailedAttempt:
    [failed] = retry_state.args
    assert isinstance(failed, FailedAttempt)  # noqa: S101 - set by delay
    return failed
