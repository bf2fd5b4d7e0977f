"""Decides which failures are retried, and when. Codes and statuses decide, never messages.

====================================  ===========  =======
error code or HTTP status             fault        retried
====================================  ===========  =======
TooManyRequestsException, 429, …      throttled    yes
ResourceConflictException             conflict     yes
ServiceException, most 5xx            server       yes
no answer within the timeout          timeout      yes
connection refused, reset or closed;  connection   yes
502, 503, 504 of a gateway
ExpiredTokenException, ExpiredToken;  expired      yes
the local clock was wrong
the caller's own credentials cannot   credentials  yes
be had (no code of AWS)
AccessDeniedException, keys unknown   denied       no
to AWS, …
an untrusted server certificate       untrusted    no
everything else                       refused      no
====================================  ===========  =======

A failure without a call that may pass holds its lane: the job waits, and no attempt is counted.

The wait is exponential with full jitter
(https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), and never shorter than
the server's ``Retry-After``.
"""

from bulkeic.core.model import Failure, Fault

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 20.0
LONGEST_RETRY_AFTER_S = 300.0

# Lambda's own code, and those of AWS's gateways and STS, as in botocore's standard retry mode.
_THROTTLES = frozenset({
    "TooManyRequestsException", "Throttling", "ThrottlingException", "ThrottledException",
    "RequestThrottledException", "RequestThrottled", "RequestLimitExceeded", "SlowDown",
})  # fmt: skip
_GATEWAY = range(502, 505)
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
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempt - 1, 30))
    retry_after = min(failure.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
    return max(longest * jitter, retry_after)
