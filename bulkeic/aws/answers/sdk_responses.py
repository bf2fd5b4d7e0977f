"""Reads responses with the SDK's own parser, which hardly any run needs."""

import time
from typing import Any

import msgspec
from botocore.parsers import create_parser

from bulkeic.aws.answers.failures import translate_sdk_error
from bulkeic.aws.answers.sanitizer import sanitize_id
from bulkeic.aws.http.answer_body import AnswerTooLargeError
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.core.model import Failure, Fault
from bulkeic.core.pacing.retry import fault_of, retry_after_s

_MAX_PARSED_BYTES = 256 * 1024
# An unreadable response, such as a gateway's page, has these faults if its HTTP status says so.
_FAULTS_BY_STATUS = {Fault.THROTTLED, Fault.CONNECTION}
_parser = create_parser("rest-json")


def parse_response(response: RawResponse, shape: Any) -> dict[str, Any]:
    """Parses a response as the SDK's client does.

    Args:
        response: the whole response.
        shape: the operation's output in the SDK's model; ``None``: it has none.

    Raises:
        AnswerTooLargeError: it is larger than any of AWS's.
        Exception: anything, if the response is malformed.
    """
    if len(response.body) > _MAX_PARSED_BYTES:  # as objects, it takes many times as much memory
        raise AnswerTooLargeError(f"more than {_MAX_PARSED_BYTES} bytes")
    content = {
        "status_code": response.status,
        "headers": {name.lower(): value for name, value in response.headers.items()},
        "body": response.body,
        "context": {},
    }
    parsed: dict[str, Any] = _parser.parse(content, shape)
    return parsed


def translate_unreadable_response(error: Exception, response: RawResponse) -> Failure:
    """Returns the failure for a response that the SDK cannot parse.

    Args:
        error: the parser's exception.
        response: the whole response; its status can still slow a lane down.
    """
    failure, status = translate_sdk_error(error), response.status
    fault = fault_of(failure.code, status)
    return msgspec.structs.replace(
        failure,
        # The exception's own text would quote the response.
        message=f"HTTP {status}, but it cannot be read",
        fault=fault if fault in _FAULTS_BY_STATUS else failure.fault,
        http_status=status,
        request_id=sanitize_id(response.headers.get("x-amzn-requestid")),
        retry_after_s=retry_after_s(response.headers, time.time()),
    )
