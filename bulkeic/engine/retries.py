"""Drives retries with tenacity: after each failed attempt, whether to retry and when.

A job that waits for its retry is in its lane's queue and holds no worker. So tenacity does not
sleep here: it is asked one step at a time.
"""

import random

from tenacity import DoSleep, RetryCallState, Retrying, retry_if_result, stop_after_attempt
from tenacity.wait import wait_base

from bulkeic.core.model import Failure
from bulkeic.core.pacing.retry import LONGEST_RETRY_AFTER_S, is_retryable, wait_before_retry


class Retries:
    """The retry policy of a run.

    Args:
        max_attempts: the maximum of attempts of one call.
        rng: draws the jitter.
    """

    def __init__(self, max_attempts: int, rng: random.Random) -> None:
        self._rng = rng
        self._retrying = Retrying(
            retry=retry_if_result(_is_retryable),
            stop=stop_after_attempt(max_attempts),
            wait=_WaitBeforeRetry(rng),
            retry_error_callback=lambda _: None,
        )

    def delay(self, failure: Failure, attempt: int, counted: int) -> float | None:
        """Seconds to wait before the next attempt; ``None``: do not retry.

        Args:
            failure: the result of the last attempt.
            attempt: its number, from 1. The wait grows with it.
            counted: the attempts that count towards ``max_attempts``.
        """
        state = RetryCallState(self._retrying, fn=None, args=(attempt,), kwargs={})
        state.attempt_number = counted
        state.set_result(failure)
        self._retrying.begin()
        action = self._retrying.iter(state)
        return float(action) if isinstance(action, DoSleep) else None

    def hold_delay(self, failure: Failure, holds: int) -> float:
        """Seconds that a lane waits for credentials.

        Args:
            failure: why there are none. Its ``retry_after_s`` says when they are fetched again.
            holds: how often in a row the lane has waited, this time included.
        """
        if failure.retry_after_s is not None:
            return min(failure.retry_after_s, LONGEST_RETRY_AFTER_S)
        return wait_before_retry(failure, holds, self._rng.random())


class _WaitBeforeRetry(wait_base):
    """Waits as ``core.pacing.retry`` decides."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def __call__(self, retry_state: RetryCallState) -> float:
        assert retry_state.outcome is not None  # noqa: S101 - set by delay
        [attempt] = retry_state.args
        return wait_before_retry(retry_state.outcome.result(), attempt, self._rng.random())


def _is_retryable(failure: Failure) -> bool:
    return is_retryable(failure.fault)
