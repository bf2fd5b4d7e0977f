"""Retries: which faults are retried, and the bounds of the waits."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Call, Failure, Fault, Operation, Settings
from bulkeic.core.pacing.retry import (
    FIRST_WAIT_S,
    LONGEST_RETRY_AFTER_S,
    LONGEST_WAIT_S,
    RetryLimit,
    fault_of,
    is_ambiguous,
    is_retryable,
    retry_after_s,
    retry_limit,
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
        ("408", 408, Fault.CONNECTION),
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


def failed(retry_after_s: float | None = None, fault: Fault = Fault.SERVER) -> Failure:
    return Failure(fault, "SomeException", "no", retry_after_s=retry_after_s)


jitters = st.floats(0, 1)
retry_afters = st.one_of(
    st.none(), st.floats(0, 1000), st.sampled_from([-5.0, math.inf, -math.inf, math.nan])
)


@settings(deadline=None, max_examples=200)
@given(retry_afters, st.integers(1, 10_000), jitters, st.sampled_from(Fault))
def test_the_wait_lies_between_retry_after_and_its_bounds(
    retry_after_s: float | None, attempt: int, jitter: float, fault: Fault
) -> None:
    wait = wait_before_retry(failed(retry_after_s, fault), attempt, jitter)
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


@pytest.mark.parametrize(("attempt", "longest"), [(1, 0.15), (2, 1), (3, 2), (7, 20)])
def test_the_first_wait_of_a_throttled_call_is_short(attempt: int, longest: float) -> None:
    throttled = failed(fault=Fault.THROTTLED)
    waits = [wait_before_retry(throttled, attempt, jitter) for jitter in (0, 1)]
    assert waits == [0, longest]


@pytest.mark.parametrize(
    ("retry_after_s", "jitter", "wait"),
    [(2.0, 0.0, 2.0), (2.0, 1.0, 2.0), (0.1, 1.0, 0.5), (0.0, 1.0, 0.5), (1e9, 0.5, 300.0)],
)
def test_retry_after_is_a_minimum(retry_after_s: float, jitter: float, wait: float) -> None:
    assert wait_before_retry(failed(retry_after_s), 1, jitter) == wait


TOPIC = "arn:aws:sns:us-east-1:123456789012:x"
PLAIN = Call(Operation.UPDATE, Settings(1))
WITH_TOPIC = Call(Operation.UPDATE, Settings(on_success="", on_failure=TOPIC))
CLEARS = Call(Operation.PUT, Settings(1, on_success="", on_failure=""))


@pytest.mark.parametrize(
    ("fault", "code", "sent", "call", "limit"),
    [
        # the lane or the function is busy
        (Fault.THROTTLED, "TooManyRequestsException", True, PLAIN, RetryLimit.THROTTLE_BUDGET),
        (Fault.CONFLICT, "ResourceConflictException", True, PLAIN, RetryLimit.THROTTLE_BUDGET),
        # a retry may succeed
        (Fault.THROTTLED, "Throttling", False, PLAIN, RetryLimit.ATTEMPTS),
        (Fault.SERVER, "ServiceException", True, PLAIN, RetryLimit.ATTEMPTS),
        (Fault.TIMEOUT, "ReadTimeoutError", True, WITH_TOPIC, RetryLimit.ATTEMPTS),
        # an invalid parameter of a call that sets a destination
        (Fault.REFUSED, "InvalidParameterValueException", True, WITH_TOPIC, RetryLimit.IAM_WAIT),
        # else
        (Fault.REFUSED, "InvalidParameterValueException", True, CLEARS, RetryLimit.NEVER),
        (Fault.REFUSED, "InvalidParameterValueException", True, PLAIN, RetryLimit.NEVER),
        (Fault.REFUSED, "ValidationException", True, WITH_TOPIC, RetryLimit.NEVER),
        (Fault.DENIED, "AccessDeniedException", True, WITH_TOPIC, RetryLimit.NEVER),
        (Fault.UNTRUSTED, "SSLError", False, PLAIN, RetryLimit.NEVER),
    ],
)
def test_what_limits_the_retries(
    fault: Fault,
    code: str,
    sent: bool,  # noqa: FBT001
    call: Call,
    limit: RetryLimit,
) -> None:
    assert retry_limit(Failure(fault, code, "", sent=sent), call) is limit


@pytest.mark.parametrize(
    ("fault", "code", "sent", "ambiguous"),
    [
        (Fault.TIMEOUT, "ReadTimeoutError", False, False),
        (Fault.TIMEOUT, "ConnectTimeoutError", True, False),
        (Fault.CONNECTION, "ProxyConnectionError", True, False),
        (Fault.REFUSED, "AnswerMismatch", True, True),
        (Fault.TIMEOUT, "ReadTimeoutError", True, True),
        (Fault.CONNECTION, "ConnectionClosedError", True, True),
        (Fault.CONNECTION, "EndpointConnectionError", True, True),
        (Fault.CONNECTION, "502", True, True),
        (Fault.SERVER, "ResponseParserError", True, True),
        (Fault.SERVER, "ServiceException", True, True),
        (Fault.THROTTLED, "TooManyRequestsException", True, False),
        (Fault.CONFLICT, "ResourceConflictException", True, False),
        (Fault.EXPIRED, "ExpiredTokenException", True, False),
        (Fault.DENIED, "AccessDeniedException", True, False),
        (Fault.REFUSED, "ValidationException", True, False),
    ],
)
def test_which_failed_call_may_have_been_carried_out(
    fault: Fault,
    code: str,
    sent: bool,  # noqa: FBT001
    ambiguous: bool,  # noqa: FBT001
) -> None:
    assert is_ambiguous(Failure(fault, code, "", sent=sent)) is ambiguous


NOW = 1_700_000_000.0
LATER = "Tue, 14 Nov 2023 22:13:50 GMT"  # 30 seconds after NOW


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": " 3 "}, 3),
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"x-amz-retry-after": "1500", "retry-after": "3"}, 1.5),
        ({"x-amz-retry-after": "soon", "retry-after": "3"}, 3),
        ({"retry-after": LATER}, 30),
        ({"retry-after": LATER, "date": "Tue, 14 Nov 2023 22:13:40 GMT"}, 10),
        ({"retry-after": LATER, "date": "Tue, 14 Nov 2023 23:00:00 GMT"}, 0),
        ({"retry-after": LATER, "date": "yesterday"}, 30),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "Tue, 99 Nov 2023 22:13:50 GMT"}, None),
        ({"retry-after": "9" * 400}, math.inf),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from(["retry-after", "x-amz-retry-after", "date"]), st.text()))
def test_no_header_makes_the_wait_invalid(headers: dict[str, str]) -> None:
    seconds = retry_after_s(headers, NOW)
    assert seconds is None or seconds >= 0
    failure = Failure(Fault.THROTTLED, "", "", retry_after_s=seconds)
    assert 0 <= wait_before_retry(failure, 1, 0.5) <= LONGEST_RETRY_AFTER_S
