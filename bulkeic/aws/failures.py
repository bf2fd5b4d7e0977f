"""The two tables that turn foreign exceptions into failures: the SDK's, and aiohttp's own.

=============================================  ===========================
exception                                      fault
=============================================  ===========================
``ClientError`` (AWS answered with an error)   by code and HTTP status
time-outs, ours or the SDK's                   timeout
a certificate that cannot be trusted           untrusted
connections refused, reset, cut; DNS; proxies  connection
answers that cannot be understood              server
everything else the SDK raises on purpose      refused
what its parser lets through on odd answers    server
=============================================  ===========================
"""

from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from aiohttp.http_exceptions import HttpProcessingError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from bulkeic.aws.sanitizer import clean, clean_id
from bulkeic.core.model import Failure, Fault
from bulkeic.core.pacing.retry import fault_of

_TABLE: tuple[tuple[type[Exception], Fault], ...] = (
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
    (Exception, Fault.SERVER),
)

# These an answer tells that makes no sense otherwise, such as the page of a gateway.
_TOLD_BY_STATUS = {Fault.THROTTLED, Fault.CONNECTION}

SDK_ERRORS = (ClientError, BotoCoreError, aiohttp.ClientError, OSError, ResponseParserError)
"""Everything that the SDK raises on purpose."""


# aiohttp's exceptions under the names that the SDK gives them.
_TRANSPORT: tuple[tuple[type[Exception], str, Fault], ...] = (
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
TRANSPORT_ERRORS = tuple(kind for kind, _, _ in _TRANSPORT)
"""Everything that sending a request may raise."""


def transport_failure(error: Exception) -> Failure:
    """The failure that an exception out of aiohttp stands for."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _untrusted(error)
    code, fault = next((code, fault) for kind, code, fault in _TRANSPORT if isinstance(error, kind))
    return Failure(fault, code, clean(str(error)) or "no answer within the time-out")


def failure_of(error: Exception) -> Failure:
    """The failure that an exception out of a call stands for."""
    if isinstance(error, ClientError):
        return answered(error.response)
    if isinstance(error, SSLError):
        cause = error.kwargs.get("error")
        if isinstance(cause, aiohttp.ClientConnectorCertificateError):
            return _untrusted(cause)
    fault = next(fault for kind, fault in _TABLE if isinstance(error, kind))
    text = str(error)
    if isinstance(error, ResponseParserError):
        # What follows is the whole answer; of AssumeRole, that is a role's credentials.
        text = text.partition("\n")[0].removesuffix(" Further retries may succeed:")
    return Failure(fault, type(error).__name__, clean(text) or "no answer within the time-out")


def _untrusted(error: aiohttp.ClientConnectorCertificateError) -> Failure:
    message = f"{clean(str(error))}; AWS_CA_BUNDLE names a file with the CA that is to be trusted"
    return Failure(Fault.UNTRUSTED, "SSLError", message, sent=False)


def answered(response: dict[str, Any]) -> Failure:
    """The failure that an answer stands for, as the SDK's parser has it."""
    error, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    code = clean(str(error.get("Code") or status))
    return Failure(
        fault_of(code, status),
        code,
        clean(str(error.get("Message") or "")),
        status,
        clean_id(metadata.get("RequestId")),
        _seconds(metadata.get("HTTPHeaders", {}).get("retry-after")),
    )


def senseless(error: Exception, status: int, headers: Mapping[str, str]) -> Failure:
    """The failure that an answer stands for of which the SDK's parser makes nothing.

    Args:
        error: what the parser raised.
        status: of HTTP; it slows a lane down even so.
        headers: whatever the case of their names.
    """
    failure = failure_of(error)
    fault = fault_of(failure.code, status)
    return msgspec.structs.replace(
        failure,
        fault=fault if fault in _TOLD_BY_STATUS else failure.fault,
        http_status=status,
        request_id=clean_id(headers.get("x-amzn-requestid")),
        retry_after_s=_seconds(headers.get("retry-after")),
    )


def _seconds(retry_after: str | None) -> float | None:
    # The header's other form, a date, is not what AWS's services send.
    return float(retry_after) if retry_after and retry_after.isdecimal() else None
