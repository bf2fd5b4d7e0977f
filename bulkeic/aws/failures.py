"""The tables that translate the exceptions of the SDK into failures.

Two things are translated by their content instead: an error response, by its code and HTTP status
(``core.pacing.retry``), and an SSL error of botocore, by the exception that caused it.
"""

import ssl
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    ConnectTimeoutError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from bulkeic.aws.sanitizer import sanitize, sanitize_code, sanitize_id, sanitize_message
from bulkeic.aws.transport_errors import UntrustedCertificateError
from bulkeic.aws.transport_failures import message_text, translate_transport_error
from bulkeic.core.errors import UsageError
from bulkeic.core.model import Failure, Fault
from bulkeic.core.pacing.retry import fault_of, retry_after_s

# The first row that matches holds.
SDK_FAULTS: tuple[tuple[type[Exception], Fault], ...] = (
    (TimeoutError, Fault.TIMEOUT),
    (ReadTimeoutError, Fault.TIMEOUT),
    (ConnectTimeoutError, Fault.TIMEOUT),
    (ConnectionError, Fault.CONNECTION),
    (HTTPClientError, Fault.CONNECTION),
    (aiohttp.ClientPayloadError, Fault.CONNECTION),
    (ResponseParserError, Fault.SERVER),
    (aiohttp.ClientError, Fault.CONNECTION),
    (OSError, Fault.CONNECTION),
    (BotoCoreError, Fault.REFUSED),
    (Exception, Fault.SERVER),  # the parser lets these through on malformed responses
)

SDK_ERRORS = (ClientError, BotoCoreError, aiohttp.ClientError, OSError, ResponseParserError)
"""Everything that the SDK raises on purpose."""
NO_CREDENTIALS_ERRORS = (NoCredentialsError, PartialCredentialsError)
"""What the SDK raises without usable credentials."""
PREPARATION_ERRORS = (BotoCoreError, UsageError, ValueError)
"""Everything that preparing a Region or an account may raise, besides ``CredentialsError``."""

# An unreadable response, such as a gateway's page, has these faults if its HTTP status says so.
_FAULTS_BY_STATUS = {Fault.THROTTLED, Fault.CONNECTION}


def translate_sdk_error(error: Exception) -> Failure:
    """Returns the failure for an exception of an SDK call."""
    if isinstance(error, ClientError):
        return translate_error_response(error.response)
    if isinstance(error, SSLError):
        cause = error.kwargs.get("error")
        if isinstance(cause, ssl.SSLCertVerificationError | UntrustedCertificateError):
            return translate_transport_error(UntrustedCertificateError(str(cause)))
    fault = next(fault for kind, fault in SDK_FAULTS if isinstance(error, kind))
    message = message_text(str(error))
    if not isinstance(error, SDK_ERRORS):
        # A parser's exception quotes the response.
        message = "the answer cannot be read"
    elif isinstance(error, ResponseParserError):
        # The lines that follow are the whole response; AssumeRole's contains credentials.
        first_line = str(error).partition("\n")[0]
        message = message_text(first_line.removesuffix(" Further retries may succeed:"))
    elif isinstance(error, NO_CREDENTIALS_ERRORS):
        message = (
            f"no usable AWS credentials ({message}); give --profile, set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with: aws sso login"
        )
    return Failure(fault, type(error).__name__, message)


def translate_preparation_error(error: Exception) -> Failure:
    """Returns the failure for one of ``PREPARATION_ERRORS``; nothing was sent."""
    return Failure(Fault.REFUSED, type(error).__name__, sanitize(str(error)), sent=False)


def translate_error_response(parsed: dict[str, Any]) -> Failure:
    """Returns the failure for an error response that the SDK has parsed."""
    error, metadata = parsed.get("Error", {}), parsed.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    code = sanitize_code(str(error.get("Code") or status), status)
    return Failure(
        fault_of(code, status),
        code,
        sanitize_message(str(error.get("Message") or "")),
        status,
        sanitize_id(metadata.get("RequestId")),
        retry_after_s(metadata.get("HTTPHeaders", {}), time.time()),
    )


def translate_unreadable_response(
    error: Exception, status: int, headers: Mapping[str, str]
) -> Failure:
    """Returns the failure for a response that the SDK cannot parse.

    Args:
        error: the parser's exception.
        status: the HTTP status; it can still slow a lane down.
        headers: their names match in any case.
    """
    failure = translate_sdk_error(error)
    fault = fault_of(failure.code, status)
    return msgspec.structs.replace(
        failure,
        # The exception's own text would quote the response.
        message=f"HTTP {status}, but it cannot be read",
        fault=fault if fault in _FAULTS_BY_STATUS else failure.fault,
        http_status=status,
        request_id=sanitize_id(headers.get("x-amzn-requestid")),
        retry_after_s=retry_after_s(headers, time.time()),
    )
