"""Reads Lambda's responses as success or failure: what is the same for all operations.

Typed decoders read the expected response and Lambda's usual errors. Everything else goes to the
SDK's own parser.

================  =============================================================================
operation         its success
================  =============================================================================
Get, Update, Put  2xx with a configuration
GetFunction       2xx with a function
Delete            204; after any other 2xx the job repeats the call to learn what has happened
List…             2xx with a list of functions, aliases or configurations
================  =============================================================================

A response that names another function, or shows other settings than those that were sent, belongs
to another call (``answer_identity``): a failure, whatever its status.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import msgspec

from bulkeic.aws.answers.error_responses import error_answer, error_response, parse_error
from bulkeic.aws.answers.sanitizer import sanitize, sanitize_id
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.core.model import Answer, Call, Failure, Fault, Target
from bulkeic.core.pacing.retry import ANSWER_MISMATCH

OK = 200

DECODING_ERRORS = (msgspec.DecodeError, ValueError, OverflowError, OSError, RecursionError)
"""What decoding a body may raise. Nesting that is too deep is not a ``DecodeError``."""

_FIRST_ERROR = 300
_FIRST_CLIENT_ERROR = 400
_INTEGERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
_PARSER_ERROR = "ResponseParserError"  # the name of the SDK's exception
_SENSELESS_CODES = frozenset({ANSWER_MISMATCH, _PARSER_ERROR})


class ResponseReader(ABC):
    """Reads the responses of one operation.

    Args:
        load_shape: returns the operation's output in the SDK's model; ``None``: it has none. Only
            called for a response that the SDK's parser must read.

    Attributes:
        expected_status: the HTTP status of a success.
    """

    expected_status = OK

    def __init__(self, load_shape: Callable[[], Any]) -> None:
        self._load_shape = load_shape

    def read(
        self,
        response: RawResponse,
        target: Target,
        call: Call,
        hide: Callable[[bytes], bytes],
    ) -> Answer:
        """Returns what a response means.

        Args:
            response: the whole response.
            target: the target of the call.
            call: the call that is answered.
            hide: replaces the credentials in a body; returns the body itself if it has none.
        """
        if response.status == self.expected_status:
            answer = self._read_expected(response, target, call, hide)
            if answer is not None:
                return answer
        body = hide(response.body)
        if body is not response.body:
            response = msgspec.structs.replace(response, body=body)
        if response.status >= _FIRST_CLIENT_ERROR:
            error = parse_error(response)
            if error is not None:
                return error_answer(error, target, call)
        return self._parse(response, target, call)

    def _parse(self, response: RawResponse, target: Target, call: Call) -> Answer:
        """Reads a response with the SDK's parser."""
        from bulkeic.aws.answers import sdk_responses  # noqa: PLC0415 - hardly any run needs the SDK here

        try:
            parsed = sdk_responses.parse_response(response, self._load_shape())
            if response.status >= _FIRST_ERROR:
                return error_answer(error_response(parsed), target, call)
            request_id = sanitize_id(parsed.pop("ResponseMetadata").get("RequestId"))
            content = self._read_parsed(parsed, request_id, response, target, call)
        except Exception as error:  # noqa: BLE001 - the SDK's parser raises anything
            return sdk_responses.translate_unreadable_response(error, response)
        return content

    @abstractmethod
    def _read_expected(
        self,
        response: RawResponse,
        target: Target,
        call: Call,
        hide: Callable[[bytes], bytes],
    ) -> Answer | None:
        """Reads a response with the expected status; ``None``: it has not the expected form."""

    @abstractmethod
    def _read_parsed(
        self,
        parsed: dict[str, Any],
        request_id: str | None,
        response: RawResponse,
        target: Target,
        call: Call,
    ) -> Answer:
        """Reads an unexpected 2xx response that the SDK could parse."""


def unexpected_success(problem: str, response: RawResponse, request_id: str | None) -> Failure:
    """Returns the failure for a 2xx response that is not a success."""
    text = f"HTTP {response.status}, but {problem}"
    return Failure(Fault.SERVER, _PARSER_ERROR, text, response.status, request_id)


def is_senseless(answer: Answer) -> bool:
    """Whether an answer cannot be read, or belongs to another call."""
    return isinstance(answer, Failure) and answer.code in _SENSELESS_CODES


def has_fraction(fields: dict[str, Any]) -> bool:
    """Whether an integer field of a configuration has a fraction; the SDK cuts it off."""
    return any(isinstance(fields.get(name), float) for name in _INTEGERS)


def sanitize_values(value: Any) -> Any:
    """Returns what the SDK has parsed, with texts that are safe to show and to store."""
    if isinstance(value, dict):
        return {key: sanitize_values(each) for key, each in value.items()}
    if isinstance(value, list):
        return [sanitize_values(each) for each in value]
    return sanitize(value) if isinstance(value, str) else value
