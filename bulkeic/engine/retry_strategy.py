"""tenacity's strategies for the retries of the engine. Imported at the first failure of a run."""

import random

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

from bulkeic.core.pacing.retry import RetryLimit, wait_before_retry
from bulkeic.engine.failed_attempt import FailedAttempt
from bulkeic.engine.limits import EngineLimits


class RetryStrategy:
    """Decides on retries.

    Args:
        limits: of the run.
        rng: draws the jitter.
    """

    def __init__(self, limits: EngineLimits, rng: random.Random) -> None:
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
