"""Which failures are tried again, and after how long. Codes and statuses decide, never messages.

====================================  ===========  ==========
error code or HTTP status             fault        tried again
====================================  ===========  ==========
TooManyRequestsException, 429, …      throttled    yes
ResourceConflictException             conflict     yes
ServiceException, most 5xx            server       yes
no answer within the time-out         timeout      yes
connection refused, reset, cut; 502,  connection   yes
503, 504: nobody behind a gateway
ExpiredTokenException, ExpiredToken;  expired      yes
this machine's clock was wrong
AccessDeniedException, keys that AWS  denied       no
does not know, …
a server whose certificate is not     untrusted    no
trusted
everything else                       refused      no
====================================  ===========  ==========

The wait is exponential with full jitter
(https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), and never shorter than
what the server asks for with ``Retry-After``.
"""

from bulkeic.core.model import Failure, Fault

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 20.0
LONGEST_RETRY_AFTER_S = 300.0

# Lambda's own code, and those that AWS's gateways and STS use for the same (botocore's
# standard retry mode names them).
_THROTTLES = frozenset({
    "TooManyRequestsException", "Throttling", "ThrottlingException", "ThrottledException",
    "RequestThrottledException", "RequestThrottled", "RequestLimitExceeded", "SlowDown",
})  # fmt: skip
_GATEWAY = range(502, 505)
_CONFLICT = "ResourceConflictException"
# Lambda's and STS's word for session credentials whose time is over.
_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken"})

# What the caller may not do, or nobody with such keys: the next call will hear the same. The codes
# of Lambda and STS, and those that all of AWS shares:
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
    """What an answered failure means for trying again.

    Args:
        code: AWS's error code.
        http_status: 400 to 599, or any other for an answer that makes no sense.
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
    """Whether an error code says that session credentials have expired."""
    return code in _EXPIRED


def is_retryable(fault: Fault) -> bool:
    """Whether another try may succeed."""
    return fault not in _FINAL


def wait_before_retry(failure: Failure, attempt: int, chance: float) -> float:
    """Seconds to wait before the next try.

    Args:
        failure: what the last try met.
        attempt: number of the try that failed, from 1.
        chance: a random number, 0 to 1, that spreads the tries of many jobs.
    """
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempt - 1, 30))
    asked = min(failure.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
    return max(longest * chance, asked)
