"""The tables that translate the exceptions of the SDK into failures.

Two things are translated by their content instead: an error response (``error_responses``), and an
SSL error of botocore, by the exception that caused it.
"""

import ssl

import aiohttp
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

from bulkeic.aws.answers.error_responses import error_failure, error_response
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.aws.answers.transport_failures import message_text, translate_transport_error
from bulkeic.aws.http.transport_errors import UntrustedCertificateError
from bulkeic.core.errors import UsageError
from bulkeic.core.model import Failure, Fault

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


def translate_sdk_error(error: Exception) -> Failure:
    """Returns the failure for an exception of an SDK call."""
    if isinstance(error, ClientError):
        return error_failure(error_response(error.response))
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
