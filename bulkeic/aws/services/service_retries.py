"""When calls of the services are retried. tenacity counts, waits and repeats them.

================================  =====================  ========================================
failure                           attempts               before a retry
================================  =====================  ========================================
throttled                         10                     jittered backoff, or Retry-After
no answer, a server error, an     4                      the same
answer without what was asked
for, no credentials yet
expired credentials               2                      the credentials are fetched again
                                                         (``ServiceCalls``)
everything else                   1
================================  =====================  ========================================
"""

import random
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from bulkeic.core.model import Failure, Fault
from bulkeic.core.pacing.retry import is_retryable, wait_before_retry

_THROTTLED_ATTEMPTS = 10
_ATTEMPTS = 4


class FailedCallError(Exception):
    """One attempt that failed.

    Attributes:
        failure: why.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def service_retries(
    sleep: Callable[[float], Awaitable[None]], jitter: Callable[[], float] = random.random
) -> AsyncRetrying:
    """Retries of one call. The last attempt's exception is raised.

    Args:
        sleep: waits for some seconds.
        jitter: draws numbers from 0 to 1.
    """

    def wait(state: RetryCallState) -> float:
        return wait_before_retry(_failure(state), state.attempt_number, jitter())

    return AsyncRetrying(
        retry=retry_if_exception(_may_pass),
        stop=_is_last,
        wait=wait,
        sleep=sleep,
        reraise=True,
    )


def _is_last(state: RetryCallState) -> bool:
    is_throttled = _failure(state).fault is Fault.THROTTLED
    return state.attempt_number >= (_THROTTLED_ATTEMPTS if is_throttled else _ATTEMPTS)


def _may_pass(error: BaseException) -> bool:
    if not isinstance(error, FailedCallError):
        return False
    fault = error.failure.fault
    return fault is not Fault.EXPIRED and is_retryable(fault)


def _failure(state: RetryCallState) -> Failure:
    assert state.outcome is not None  # noqa: S101 - a failed attempt has one
    error = state.outcome.exception()
    assert isinstance(error, FailedCallError)  # noqa: S101 - no other is retried
    return error.failure
