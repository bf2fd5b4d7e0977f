"""Retries: which faults are retried, and the bounds of the waits."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Failure, Fault
from bulkeic.core.pacing.retry import (
    FIRST_WAIT_S,
    LONGEST_RETRY_AFTER_S,
    LONGEST_WAIT_S,
    fault_of,
    is_retryable,
    wait_before_retry,
)


@pytest.mark.parametrize(
    ("code", "http_status", "fault"),
    [
        # TooManyRequestsException, 429, …
        ("TooManyRequestsException", 429, Fault.THROTTLED),
        ("TooManyRequestsException", 400, Fault.THROTTLED),
        ("", 429, Fault.THROTTLED),
        ("Throttling", 400, Fault.THROTTLED),
        ("ThrottlingException", 400, Fault.THROTTLED),
        ("RequestLimitExceeded", 503, Fault.THROTTLED),
        ("SlowDown", 503, Fault.THROTTLED),
        # ResourceConflictException
        ("ResourceConflictException", 409, Fault.CONFLICT),
        ("ResourceConflictException", 400, Fault.CONFLICT),
        ("", 409, Fault.REFUSED),
        # ServiceException, any 5xx
        ("ServiceException", 500, Fault.SERVER),
        ("", 500, Fault.SERVER),
        ("InternalFailure", 501, Fault.SERVER),
        # 502, 503, 504
        ("502", 502, Fault.CONNECTION),
        ("ServiceUnavailable", 503, Fault.CONNECTION),
        ("504", 504, Fault.CONNECTION),
        ("505", 505, Fault.SERVER),
        ("ValidationException", 599, Fault.SERVER),
        # AccessDeniedException, keys unknown to AWS, …
        ("AccessDeniedException", 403, Fault.DENIED),
        ("AccessDenied", 403, Fault.DENIED),
        ("UnrecognizedClientException", 403, Fault.DENIED),
        ("InvalidClientTokenId", 403, Fault.DENIED),
        ("SignatureDoesNotMatch", 403, Fault.DENIED),
        ("AccessDeniedException", 500, Fault.SERVER),
        # everything else
        ("ResourceNotFoundException", 404, Fault.REFUSED),
        ("InvalidParameterValueException", 400, Fault.REFUSED),
        ("ValidationException", 400, Fault.REFUSED),
        ("", 403, Fault.REFUSED),
        ("ExpiredTokenException", 403, Fault.EXPIRED),
        ("", 400, Fault.REFUSED),
        ("", 499, Fault.REFUSED),
        ("toomanyrequestsexception", 400, Fault.REFUSED),
    ],
)
def test_code_and_status_determine_the_fault(code: str, http_status: int, fault: Fault) -> None:
    assert fault_of(code, http_status) is fault


@pytest.mark.parametrize(
    ("fault", "retried"),
    [
        (Fault.THROTTLED, True),
        (Fault.CONFLICT, True),
        (Fault.SERVER, True),
        (Fault.TIMEOUT, True),
        (Fault.CONNECTION, True),
        (Fault.EXPIRED, True),
        (Fault.REFUSED, False),
        (Fault.DENIED, False),
        (Fault.UNTRUSTED, False),
    ],
)
def test_only_faults_that_may_pass_are_retried(fault: Fault, retried: bool) -> None:  # noqa: FBT001
    assert is_retryable(fault) is retried


def failed(retry_after_s: float | None = None) -> Failure:
    return Failure(
        Fault.THROTTLED, "TooManyRequestsException", "Rate exceeded", retry_after_s=retry_after_s
    )


jitters = st.floats(0, 1)
retry_afters = st.one_of(
    st.none(), st.floats(0, 1000), st.sampled_from([-5.0, math.inf, -math.inf, math.nan])
)


@settings(deadline=None, max_examples=200)
@given(retry_afters, st.integers(1, 10_000), jitters)
def test_the_wait_lies_between_retry_after_and_its_bounds(
    retry_after_s: float | None, attempt: int, jitter: float
) -> None:
    wait = wait_before_retry(failed(retry_after_s), attempt, jitter)
    bound = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempt - 1, 100))
    least = 0.0
    if retry_after_s is not None and retry_after_s > 0:
        least = min(retry_after_s, LONGEST_RETRY_AFTER_S)
    assert least <= wait <= max(bound, least)


@pytest.mark.parametrize(
    ("attempt", "longest"),
    [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 16), (7, 20), (8, 20), (1000, 20)],
)
def test_the_longest_wait_doubles_up_to_its_bound_and_jitter_covers_all_of_it(
    attempt: int, longest: float
) -> None:
    waits = [wait_before_retry(failed(), attempt, jitter) for jitter in (0, 0.25, 1)]
    assert waits == [0, longest / 4, longest]


@pytest.mark.parametrize(
    ("retry_after_s", "jitter", "wait"),
    [(2.0, 0.0, 2.0), (2.0, 1.0, 2.0), (0.1, 1.0, 0.5), (0.0, 1.0, 0.5), (1e9, 0.5, 300.0)],
)
def test_retry_after_is_a_minimum(retry_after_s: float, jitter: float, wait: float) -> None:
    assert wait_before_retry(failed(retry_after_s), 1, jitter) == wait
