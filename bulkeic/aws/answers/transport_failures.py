"""The table that translates the exceptions of a transport into failures."""

from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.aws.http.answer_body import AnswerTooLargeError, ContentEncodingError
from bulkeic.aws.http.transport_errors import (
    ConnectTimeout,
    InvalidAnswerError,
    NoAnswerError,
    ProxyError,
    TlsError,
    UntrustedCertificateError,
)
from bulkeic.core.model import Failure, Fault

# The first row that matches holds. The codes are botocore's names.
TRANSPORT_FAULTS: tuple[tuple[type[Exception], str, Fault], ...] = (
    (AnswerTooLargeError, "AnswerTooLarge", Fault.SERVER),
    (ContentEncodingError, "UnknownContentEncoding", Fault.SERVER),
    (UntrustedCertificateError, "SSLError", Fault.UNTRUSTED),
    (TlsError, "SSLError", Fault.CONNECTION),
    (ProxyError, "ProxyConnectionError", Fault.CONNECTION),
    (NoAnswerError, "ConnectionClosedError", Fault.CONNECTION),
    (InvalidAnswerError, "ConnectionClosedError", Fault.CONNECTION),
    (ConnectTimeout, "ConnectTimeoutError", Fault.TIMEOUT),
    (TimeoutError, "ReadTimeoutError", Fault.TIMEOUT),
    (OSError, "EndpointConnectionError", Fault.CONNECTION),
    (ValueError, "InvalidRequest", Fault.REFUSED),
)

TRANSPORT_ERRORS = tuple(kind for kind, _, _ in TRANSPORT_FAULTS)
"""Everything that sending a request may raise."""


def translate_transport_error(error: Exception) -> Failure:
    """Returns the failure for one of ``TRANSPORT_ERRORS``."""
    code, fault = next(
        (code, fault) for kind, code, fault in TRANSPORT_FAULTS if isinstance(error, kind)
    )
    message = message_text(str(error))
    if fault is Fault.UNTRUSTED:
        message += "; set AWS_CA_BUNDLE to a file that contains the CA certificate to trust"
        return Failure(fault, code, message, sent=False)
    return Failure(fault, code, message)


def message_text(text: str) -> str:
    """Returns what is shown of an exception's text."""
    return sanitize(text) or "no answer within the timeout"
