"""Decides which failures are retried, and when. Codes and statuses decide, never messages.

====================================  ===========  =========================
error code or HTTP status             fault        retried within
====================================  ===========  =========================
TooManyRequestsException, 429, …      throttled    the throttle budget
ResourceConflictException             conflict     the throttle budget
ServiceException, most 5xx            server       the maximum of attempts
no answer within the timeout          timeout      the maximum of attempts
connection refused, reset or closed;  connection   the maximum of attempts
408, 502, 503, 504 of a gateway
ExpiredTokenException, ExpiredToken;  expired      the maximum of attempts
the local clock was wrong
InvalidParameterValueException for a  refused      the wait for IAM, if asked
call that sets a destination
the caller's own credentials cannot    credentials  until the lane gives up
be had (no code of AWS)
AccessDeniedException, keys unknown   denied       never
to AWS, …
an untrusted server certificate       untrusted    never
everything else                       refused      never
====================================  ===========  =========================

A failure without a call that may pass holds its lane: the job waits, and no attempt is counted.

The wait is exponential with full jitter
(https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), and never shorter than
the server asks: see ``retry_after_s``. After the first throttle of a call it is shorter.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum

from bulkeic.core.model import Call, Failure, Fault

FIRST_WAIT_S = 0.5
FIRST_WAIT_THROTTLED_S = 0.15
"""Seconds after a first throttle: it may be a stray one, and the lane paces its calls anyway."""
LONGEST_WAIT_S = 20.0
LONGEST_RETRY_AFTER_S = 300.0

# Lambda's own code, and those of AWS's gateways and STS, as in botocore's standard retry mode.
_THROTTLES = frozenset({
    "TooManyRequestsException", "Throttling", "ThrottlingException", "ThrottledException",
    "RequestThrottledException", "RequestThrottled", "RequestLimitExceeded", "SlowDown",
})  # fmt: skip
# A load balancer's 408 says as little about the call as a connection that was closed.
_GATEWAY = frozenset({408, 502, 503, 504})
_CONFLICT = "ResourceConflictException"
# Lambda's and STS's codes for expired session credentials.
_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken"})

# The caller lacks a permission, or its keys are invalid: a retry would fail too. These are the
# codes of Lambda and STS, and those that all AWS services share:
# https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
_DENIED = frozenset({
    "AccessDeniedException", "AccessDenied", "NotAuthorized",
    "OptInRequired", "OptInRequiredException",
    "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId",
    "InvalidSignatureException", "SignatureDoesNotMatch",
    "IncompleteSignature", "IncompleteSignatureException",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException",
})  # fmt: skip
_FINAL = frozenset({Fault.REFUSED, Fault.DENIED, Fault.UNTRUSTED})
_PACED = frozenset({Fault.THROTTLED, Fault.CONFLICT})
ANSWER_MISMATCH = "AnswerMismatch"
"""The code of an answer that belongs to another call, or is not what the target shows."""
_IAM_REFUSAL = "InvalidParameterValueException"
_AMBIGUOUS = frozenset({Fault.SERVER, Fault.TIMEOUT, Fault.CONNECTION})
# There was no connection yet, so nothing was sent.
_NO_CONNECTION = frozenset({"ConnectTimeoutError", "ProxyConnectionError", "SSLError"})


class RetryLimit(Enum):
    """What limits the retries of a failure."""

    NEVER = "it is not retried"
    ATTEMPTS = "the maximum of attempts"
    THROTTLE_BUDGET = "the throttle budget"
    IAM_WAIT = "the wait for IAM"


def fault_of(code: str, http_status: int) -> Fault:
    """Classify an error answer.

    Args:
        code: AWS's error code.
        http_status: 400 to 599; any other number means an invalid answer.
    """
    if code in _THROTTLES or http_status == 429:  # noqa: PLR2004 - HTTP's own number
        return Fault.THROTTLED
    if code == _CONFLICT:
        return Fault.CONFLICT
    if is_expiry(code):
        return Fault.EXPIRED
    if http_status in _GATEWAY:
        return Fault.CONNECTION
    if http_status >= 500:  # noqa: PLR2004 - HTTP's own number
        return Fault.SERVER
    return Fault.DENIED if code in _DENIED else Fault.REFUSED


def is_expiry(code: str) -> bool:
    """Whether an error code means that session credentials have expired."""
    return code in _EXPIRED


def is_retryable(fault: Fault) -> bool:
    """Whether a retry may succeed."""
    return fault not in _FINAL


def retry_limit(failure: Failure, call: Call) -> RetryLimit:
    """What limits the retries of a failure; the first row that fits.

    ====================================================  ===============
    failure                                               limit
    ====================================================  ===============
    the lane or the function is busy                      THROTTLE_BUDGET
    a retry may succeed                                   ATTEMPTS
    an invalid parameter of a call that sets a            IAM_WAIT
    destination: AWS may not know its permissions yet
    else                                                  NEVER
    ====================================================  ===============

    Args:
        failure: the result of the last attempt.
        call: that failed.
    """
    if failure.fault in _PACED and failure.sent:
        return RetryLimit.THROTTLE_BUDGET
    if is_retryable(failure.fault):
        return RetryLimit.ATTEMPTS
    sets_destination = bool(call.settings.on_success or call.settings.on_failure)
    is_iam = failure.code == _IAM_REFUSAL and sets_destination
    return RetryLimit.IAM_WAIT if is_iam else RetryLimit.NEVER


def is_ambiguous(failure: Failure) -> bool:
    """Whether the call may have been carried out, although it failed.

    =============================================  =====
    failure                                        may be
    =============================================  =====
    not sent, or there was no connection           no
    the answer belongs to another call             yes
    no answer, a senseless one, or a server error  yes
    else: the server has refused the call          no
    =============================================  =====
    """
    if not failure.sent or failure.code in _NO_CONNECTION:
        return False
    return failure.fault in _AMBIGUOUS or failure.code == ANSWER_MISMATCH


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a server asks to wait before a retry; ``None``: it asks for nothing valid.

    =======================  ===================================================
    header                   value
    =======================  ===================================================
    ``x-amz-retry-after``    milliseconds; it wins
    ``retry-after``          seconds, or a date (RFC 9110) by the server's clock
    =======================  ===================================================

    Args:
        headers: their names are lower case, or match in any case.
        now: Unix time in seconds, for an answer without a ``date``.
    """
    millis = headers.get("x-amz-retry-after", "").strip()
    if _is_number(millis):
        return float(millis) / 1000
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if _is_number(text):
        return float(text)
    at = _date(text)
    if at is None:
        return None
    sent_at = _date(headers.get("date", ""))
    return max(0.0, at - (now if sent_at is None else sent_at))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _date(text: str) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - hardly any answer has a date to read

    try:
        date: datetime = parsedate_to_datetime(text)
        return date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def is_hold(failure: Failure) -> bool:
    """Whether a lane waits for credentials: no call was sent, and a later one may be.

    ==================  =========  ======================
    the call was sent   retryable  then
    ==================  =========  ======================
    no                  yes        the lane waits
    no                  no         the job fails
    yes                 any        the attempt is counted
    ==================  =========  ======================
    """
    return not failure.sent and is_retryable(failure.fault)


def wait_before_retry(failure: Failure, attempt: int, jitter: float) -> float:
    """Seconds to wait before the next attempt.

    Args:
        failure: the result of the last attempt.
        attempt: number of the attempt that failed, from 1.
        jitter: a random number, 0 to 1, so that the retries of many jobs spread.
    """
    if attempt == 1 and failure.sent and failure.fault is Fault.THROTTLED:
        longest = FIRST_WAIT_THROTTLED_S
    else:
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempt - 1, 30))
    retry_after = min(failure.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
    return max(longest * jitter, retry_after)
