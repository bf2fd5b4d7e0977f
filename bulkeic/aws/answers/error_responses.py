"""Error responses of AWS as failures, without the SDK.

Lambda's usual errors are read here. The SDK's own parser reads all others (``sdk_responses``).
"""

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from bulkeic.aws.answers.answer_identity import error_problem, mismatch
from bulkeic.aws.answers.sanitizer import sanitize_code, sanitize_id, sanitize_message
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.core.model import Call, Failure, Target
from bulkeic.core.pacing.retry import fault_of, retry_after_s

_Text = str | msgspec.UnsetType


# Other fields are forbidden: what is skipped would not be checked as the SDK checks it.
class _ErrorBody(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The body of an error, with all names that Lambda and AWS's gateways use."""

    message: _Text = msgspec.UNSET
    Message: _Text = msgspec.UNSET
    code: _Text = msgspec.UNSET
    Code: _Text = msgspec.UNSET
    type_: _Text = msgspec.field(name="__type", default=msgspec.UNSET)
    Type: str | None = None
    Reason: str | None = None


class ErrorResponse(msgspec.Struct, frozen=True, gc=False):
    """An error response as the SDK reads it. Nothing is masked.

    Attributes:
        code: empty: it has none.
        headers: their names are lower case, or match in any case.
    """

    code: str
    message: str
    status: int
    request_id: str | None
    headers: Mapping[str, str]


_decode = msgspec.json.Decoder(_ErrorBody).decode


def parse_error(response: RawResponse) -> ErrorResponse | None:
    """Reads an error response, with a status from 400; ``None``: it has not the usual form."""
    headers, body, status = response.headers, response.body, response.status
    if not body.isascii() or headers.get("x-amzn-query-error") is not None:
        return None
    try:
        content = _decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    code = headers.get("x-amzn-errortype")
    if code is None:
        code = _first(content.code, content.Code, content.type_, str(status))
    return ErrorResponse(
        code.split(":", 1)[0].rsplit("#", 1)[-1],
        _first(content.message, content.Message, ""),
        status,
        headers.get("x-amzn-requestid"),
        headers,
    )


def error_response(parsed: dict[str, Any]) -> ErrorResponse:
    """Returns an error response that the SDK has parsed."""
    error, metadata = parsed.get("Error", {}), parsed.get("ResponseMetadata", {})
    return ErrorResponse(
        str(error.get("Code") or ""),
        str(error.get("Message") or ""),
        int(metadata.get("HTTPStatusCode", 0)),
        metadata.get("RequestId"),
        metadata.get("HTTPHeaders", {}),
    )


def error_answer(error: ErrorResponse, target: Target, call: Call) -> Failure:
    """Returns the failure for an error response to a call for a target."""
    problem = error_problem(error.message, error.status, target, call)
    if problem is not None:
        return mismatch(problem, error.status, sanitize_id(error.request_id))
    return error_failure(error)


def error_failure(error: ErrorResponse) -> Failure:
    """Returns the failure for an error response of any service."""
    code = sanitize_code(error.code or str(error.status), error.status)
    return Failure(
        fault_of(code, error.status),
        code,
        sanitize_message(error.message),
        error.status,
        sanitize_id(error.request_id),
        retry_after_s(error.headers, time.time()),
    )


def _first(*texts: _Text) -> str:
    return next(each for each in texts if isinstance(each, str))
