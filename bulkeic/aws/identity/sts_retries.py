"""When calls to STS are retried. tenacity counts, waits and repeats them.

=================  ================================  ========  ==================================
call               retried after                     attempts  before a retry
=================  ================================  ========  ==================================
GetCallerIdentity  a failure that may pass           3         jittered backoff, or Retry-After
the own            no credentials, before the run,   3         jittered backoff
credentials        unless their source is too slow
AssumeRole         ``ExpiredToken``: the caller's    2         the caller's credentials are
                   own credentials have expired                fetched again
=================  ================================  ========  ==================================

During the run, ``RefreshingCredentials`` fetches again: it serves all who wait, and waits longer
after each failure.
"""

from collections.abc import Awaitable, Callable

import anyio
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from bulkeic.aws.identity.credentials import CredentialsError
from bulkeic.core.model import Failure, Fault
from bulkeic.core.pacing.retry import (
    FIRST_WAIT_S,
    LONGEST_RETRY_AFTER_S,
    LONGEST_WAIT_S,
    is_retryable,
)

_IDENTITY_ATTEMPTS = 3
_ROLE_ATTEMPTS = 2
_backoff = wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)


def identity_retries(sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> AsyncRetrying:
    """Retries of GetCallerIdentity. The last attempt's exception is raised.

    Args:
        sleep: waits for some seconds.
    """
    return AsyncRetrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(_IDENTITY_ATTEMPTS),
        wait=_backoff_or_retry_after,
        sleep=sleep,
        reraise=True,
    )


def source_retries(sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> AsyncRetrying:
    """Retries of a fetch of the caller's own credentials. The last attempt's exception is raised.

    Args:
        sleep: waits for some seconds.
    """
    return AsyncRetrying(
        retry=retry_if_exception(_may_be_had),
        stop=stop_after_attempt(_IDENTITY_ATTEMPTS),
        wait=_backoff,
        sleep=sleep,
        reraise=True,
    )


def role_retries(before_retry: Callable[[RetryCallState], Awaitable[None]]) -> AsyncRetrying:
    """Retries of AssumeRole. The last attempt's exception is raised.

    Args:
        before_retry: fetches the caller's own credentials again.
    """
    return AsyncRetrying(
        retry=retry_if_exception(_is_expiry),
        stop=stop_after_attempt(_ROLE_ATTEMPTS),
        before_sleep=before_retry,
        reraise=True,
    )


def _backoff_or_retry_after(state: RetryCallState) -> float:
    """Returns the seconds to wait: jittered backoff, but at least what the server asks for."""
    assert state.outcome is not None  # noqa: S101 - a failed attempt has one
    failure = _failure(state.outcome.exception())
    retry_after_s = (failure.retry_after_s if failure else None) or 0.0
    return max(_backoff(state), min(retry_after_s, LONGEST_RETRY_AFTER_S))


def _may_pass(error: BaseException) -> bool:
    failure = _failure(error)
    return (
        failure is not None and failure.fault is not Fault.EXPIRED and is_retryable(failure.fault)
    )


def _may_be_had(error: BaseException) -> bool:
    return isinstance(error, CredentialsError) and error.failure.code != TimeoutError.__name__


def _is_expiry(error: BaseException) -> bool:
    return isinstance(error, CredentialsError) and error.failure.fault is Fault.EXPIRED


def _failure(error: BaseException | None) -> Failure | None:
    from bulkeic.aws.answers.failures import SDK_ERRORS, translate_sdk_error  # noqa: PLC0415 - it imports the SDK

    return translate_sdk_error(error) if isinstance(error, SDK_ERRORS) else None
