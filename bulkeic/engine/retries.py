"""tenacity drives the retries: after each failed attempt it says whether to try again, and when.

Its stop, retry and wait callables delegate to ``core.retry``. The waiting itself is the lane's: a
job that waits holds no worker, so tenacity is asked one step at a time.
"""

import random

from tenacity import DoSleep, RetryCallState, Retrying

from bulkeic.core.model import Failure
from bulkeic.core.pacing.retry import is_retryable, wait_before_retry


class Retries:
    """The retry policy of a run.

    Args:
        max_attempts: tries of one job at most.
        chance: where the jitter comes from.
    """

    def __init__(self, max_attempts: int, chance: random.Random) -> None:
        self._retrying = Retrying(
            stop=lambda state: state.kwargs["counted"] >= max_attempts,
            retry=lambda state: is_retryable(_failure(state).fault),
            wait=lambda state: wait_before_retry(
                _failure(state), state.attempt_number, chance.random()
            ),
            retry_error_callback=lambda _: None,
        )

    def delay(self, failure: Failure, attempt: int, counted: int) -> float | None:
        """Seconds to wait before the next try, or ``None`` for no more.

        Args:
            failure: what the last try met.
            attempt: its number, from 1.
            counted: how many of the tries count towards ``max_attempts``.
        """
        state = RetryCallState(self._retrying, fn=None, args=(), kwargs={"counted": counted})
        state.attempt_number = attempt
        state.set_result(failure)
        self._retrying.begin()
        action = self._retrying.iter(state)
        return float(action) if isinstance(action, DoSleep) else None


def _failure(state: RetryCallState) -> Failure:
    assert state.outcome is not None  # noqa: S101 - set by delay
    failure: Failure = state.outcome.result()
    return failure
