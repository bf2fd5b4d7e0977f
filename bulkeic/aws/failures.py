"""The tables that translate the exceptions of botocore and aiohttp into failures.

Two things are translated by their content instead: an error response (``error_responses``), and an
SSL error of botocore, by the aiohttp exception that caused it.
"""

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
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

from bulkeic.aws.answer_body import AnswerTooLargeError, ContentEncodingError
from bulkeic.aws.error_responses import error_failure, error_response
from bulkeic.aws.sanitizer import sanitize
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

# The first row that matches holds. The codes are botocore's names for aiohttp's exceptions.
TRANSPORT_FAULTS: tuple[tuple[type[Exception], str, Fault], ...] = (
    (AnswerTooLargeError, "AnswerTooLarge", Fault.SERVER),
    (ContentEncodingError, "UnknownContentEncoding", Fault.SERVER),
    (aiohttp.ClientConnectorCertificateError, "SSLError", Fault.UNTRUSTED),
    (aiohttp.ClientSSLError, "SSLError", Fault.CONNECTION),
    (aiohttp.ClientProxyConnectionError, "ProxyConnectionError", Fault.CONNECTION),
    (aiohttp.ClientHttpProxyError, "ProxyConnectionError", Fault.CONNECTION),
    (aiohttp.ServerDisconnectedError, "ConnectionClosedError", Fault.CONNECTION),
    (aiohttp.ClientPayloadError, "ConnectionClosedError", Fault.CONNECTION),
    (aiohttp.ClientResponseError, "ConnectionClosedError", Fault.CONNECTION),
    (HttpProcessingError, "ConnectionClosedError", Fault.CONNECTION),
    (aiohttp.ConnectionTimeoutError, "ConnectTimeoutError", Fault.TIMEOUT),
    (TimeoutError, "ReadTimeoutError", Fault.TIMEOUT),
    (aiohttp.ClientError, "EndpointConnectionError", Fault.CONNECTION),
    (OSError, "EndpointConnectionError", Fault.CONNECTION),
    (ValueError, "InvalidRequest", Fault.REFUSED),
)

SDK_ERRORS = (ClientError, BotoCoreError, aiohttp.ClientError, OSError, ResponseParserError)
"""Everything that the SDK raises on purpose."""
NO_CREDENTIALS_ERRORS = (NoCredentialsError, PartialCredentialsError)
"""What the SDK raises without usable credentials."""
PREPARATION_ERRORS = (BotoCoreError, UsageError, ValueError)
"""Everything that preparing a Region or an account may raise, besides ``CredentialsError``."""
TRANSPORT_ERRORS = tuple(kind for kind, _, _ in TRANSPORT_FAULTS)
"""Everything that sending a request may raise."""

# The texts of these exceptions would quote what the server sent.
_QUOTING_ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (HttpProcessingError, "the answer is not valid HTTP"),
    (aiohttp.ClientPayloadError, "the answer ended too early, or is not valid HTTP"),
)


def translate_transport_error(error: Exception) -> Failure:
    """Returns the failure for one of ``TRANSPORT_ERRORS``."""
    code, fault = next(
        (code, fault) for kind, code, fault in TRANSPORT_FAULTS if isinstance(error, kind)
    )
    message = _transport_text(error)
    if fault is Fault.UNTRUSTED:
        message += "; set AWS_CA_BUNDLE to a file that contains the CA certificate to trust"
        return Failure(fault, code, message, sent=False)
    return Failure(fault, code, message)


def translate_sdk_error(error: Exception) -> Failure:
    """Returns the failure for an exception of an SDK call."""
    if isinstance(error, ClientError):
        return error_failure(error_response(error.response))
    if isinstance(error, SSLError):
        cause = error.kwargs.get("error")
        if isinstance(cause, aiohttp.ClientConnectorCertificateError):
            return translate_transport_error(cause)
    fault = next(fault for kind, fault in SDK_FAULTS if isinstance(error, kind))
    message = _message(str(error))
    if not isinstance(error, SDK_ERRORS):
        # A parser's exception quotes the response.
        message = "the answer cannot be read"
    elif isinstance(error, ResponseParserError):
        # The lines that follow are the whole response; AssumeRole's contains credentials.
        first_line = str(error).partition("\n")[0]
        message = _message(first_line.removesuffix(" Further retries may succeed:"))
    elif isinstance(error, NO_CREDENTIALS_ERRORS):
        message = (
            f"no usable AWS credentials ({message}); give --profile, set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with: aws sso login"
        )
    return Failure(fault, type(error).__name__, message)


def translate_preparation_error(error: Exception) -> Failure:
    """Returns the failure for one of ``PREPARATION_ERRORS``; nothing was sent."""
    return Failure(Fault.REFUSED, type(error).__name__, sanitize(str(error)), sent=False)


def _transport_text(error: Exception) -> str:
    """What is shown of an exception of the transport."""
    if isinstance(error, aiohttp.ClientResponseError):  # its text quotes the proxy's reason phrase
        return f"HTTP {error.status} of the proxy"
    fixed = next((text for kind, text in _QUOTING_ERRORS if isinstance(error, kind)), None)
    return fixed or _message(str(error))


def _message(text: str) -> str:
    return sanitize(text) or "no answer within the timeout"
