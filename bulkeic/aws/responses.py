"""Reads Lambda's responses as success or failure.

A typed decoder reads the expected response. Everything else, errors included, goes to the SDK's own
parser.

================  =============================================================================
operation         its success
================  =============================================================================
Get, Update, Put  2xx with a configuration
GetFunction       2xx with a function
Delete            204; after any other 2xx the job repeats the call to learn what has happened
================  =============================================================================

A response that names another function, or shows other settings than those that were sent, belongs
to another call (``answer_identity``): a failure, whatever its status.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from botocore.model import Shape
from botocore.parsers import ResponseParserError, create_parser

from bulkeic.aws.answer_body import AnswerTooLargeError
from bulkeic.aws.answer_identity import (
    config_problem,
    error_problem,
    function_problem,
    mismatch,
)
from bulkeic.aws.failures import translate_error_response, translate_unreadable_response
from bulkeic.aws.sanitizer import sanitize, sanitize_id
from bulkeic.core.model import (
    Answer,
    Call,
    Failure,
    Fault,
    Operation,
    Success,
    Target,
    rfc3339,
)
from bulkeic.core.pacing.retry import ANSWER_MISMATCH

_OK = 200
_NO_CONTENT = 204
_FIRST_ERROR = 300
_MAX_PARSED_BYTES = 256 * 1024
_SENSELESS_CODES = frozenset({ANSWER_MISMATCH, ResponseParserError.__name__})
_INTEGERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")


class _DestinationBody(msgspec.Struct, omit_defaults=True):
    Destination: str | msgspec.UnsetType = msgspec.UNSET


class _DestinationConfigBody(msgspec.Struct, omit_defaults=True):
    OnSuccess: _DestinationBody | msgspec.UnsetType = msgspec.UNSET
    OnFailure: _DestinationBody | msgspec.UnsetType = msgspec.UNSET


class _SettingsBody(msgspec.Struct):
    MaximumRetryAttempts: int | msgspec.UnsetType = msgspec.UNSET
    MaximumEventAgeInSeconds: int | msgspec.UnsetType = msgspec.UNSET
    DestinationConfig: _DestinationConfigBody | msgspec.UnsetType = msgspec.UNSET


class _ConfigBody(_SettingsBody, kw_only=True):
    """FunctionEventInvokeConfig in botocore's Lambda model."""

    LastModified: float
    FunctionArn: str


class _FunctionConfigurationBody(msgspec.Struct):
    """FunctionConfiguration in botocore's Lambda model."""

    FunctionArn: str


class _FunctionBody(msgspec.Struct):
    """GetFunctionResponse in botocore's Lambda model."""

    Configuration: _FunctionConfigurationBody


# What decoding a body may raise. Nesting that is too deep is not a DecodeError.
_DECODING_ERRORS = (msgspec.DecodeError, ValueError, OverflowError, OSError, RecursionError)
_decode_config = msgspec.json.Decoder(_ConfigBody).decode
_decode_function = msgspec.json.Decoder(_FunctionBody).decode
_to_builtins = msgspec.to_builtins


class ResponseReader(ABC):
    """Reads the responses of one operation.

    Args:
        shape: the operation's output in the SDK's model; ``None``: it has none.

    Attributes:
        expected_status: the HTTP status of a success.
    """

    expected_status = _OK
    _has_config = False

    def __init__(self, shape: Shape | None) -> None:
        self._shape = shape
        self._parser = create_parser("rest-json")

    def read(
        self, status: int, headers: Mapping[str, str], body: bytes, target: Target, call: Call
    ) -> Answer:
        """Returns what a response means.

        Args:
            status: the HTTP status.
            headers: their names match in any case.
            body: the whole body.
            target: the target of the call.
            call: the call that is answered.
        """
        if status != self.expected_status:
            return self._parse(status, headers, body, target, call)
        try:
            content = self._decode(body)
        except _DECODING_ERRORS:
            return self._parse(status, headers, body, target, call)
        request_id = sanitize_id(headers.get("x-amzn-requestid"))
        return self._checked(content, status, request_id, target, call)

    def _parse(
        self, status: int, headers: Mapping[str, str], body: bytes, target: Target, call: Call
    ) -> Answer:
        """Reads a response with the SDK's parser, unless it is larger than any of AWS's."""
        if len(body) > _MAX_PARSED_BYTES:  # the parser's objects take many times as much memory
            too_large = AnswerTooLargeError(f"more than {_MAX_PARSED_BYTES} bytes")
            return translate_unreadable_response(too_large, status, headers)
        response = {
            "status_code": status,
            "headers": {name.lower(): value for name, value in headers.items()},
            "body": body,
            "context": {},
        }
        try:
            parsed = self._parser.parse(response, self._shape)
            if status >= _FIRST_ERROR:
                return _read_error(parsed, status, target)
            metadata = parsed.pop("ResponseMetadata")
            content = self._read_parsed(parsed, body)
            if isinstance(content, str):
                return _unexpected_success(metadata, content)
            request_id = sanitize_id(metadata.get("RequestId"))
            return self._checked(content, status, request_id, target, call)
        except Exception as error:  # noqa: BLE001 - the SDK's parser raises anything
            return translate_unreadable_response(error, status, headers)

    def _checked(
        self,
        content: dict[str, Any],
        status: int,
        request_id: str | None,
        target: Target,
        call: Call,
    ) -> Answer:
        """Returns a success, unless its content belongs to another call."""
        problem = self._problem(content, target, call)
        if problem is not None:
            return mismatch(problem, status, request_id)
        return Success(status, request_id, content if self._has_config else None)

    @abstractmethod
    def _decode(self, body: bytes) -> dict[str, Any]:
        """Decodes the body of a success.

        Raises one of ``_DECODING_ERRORS``.
        """

    @abstractmethod
    def _read_parsed(self, parsed: dict[str, Any], body: bytes) -> dict[str, Any] | str:
        """Returns the content of an unexpected 2xx response that the SDK could parse.

        Text: why the response is not a success.
        """

    @abstractmethod
    def _problem(self, content: dict[str, Any], target: Target, call: Call) -> str | None:
        """Returns why the content belongs to another call; ``None``: it does not."""


class ConfigReader(ResponseReader):
    """Reads the responses of an operation that returns a configuration."""

    _has_config = True

    def _decode(self, body: bytes) -> dict[str, Any]:
        config = _decode_config(body)
        fields: dict[str, Any] = _to_builtins(config)
        fields["LastModified"] = rfc3339(config.LastModified)
        return fields

    def _read_parsed(self, parsed: dict[str, Any], body: bytes) -> dict[str, Any] | str:
        if "FunctionArn" not in parsed:
            # The SDK parses a page of HTML as an empty configuration.
            return "it contains no configuration"
        if _has_fraction(body):
            return "it has a fraction where an integer is expected"
        msgspec.convert(parsed, _SettingsBody)  # the SDK accepts a string as a number
        modified = parsed.get("LastModified")
        if isinstance(modified, datetime):
            parsed["LastModified"] = rfc3339(modified.timestamp())
        sanitized: dict[str, Any] = _sanitize_values(parsed)
        return sanitized

    def _problem(self, content: dict[str, Any], target: Target, call: Call) -> str | None:
        return config_problem(content, target, call)


class FunctionReader(ResponseReader):
    """Reads the responses of GetFunction: whether the function exists."""

    def _decode(self, body: bytes) -> dict[str, Any]:
        return {"FunctionArn": _decode_function(body).Configuration.FunctionArn}

    def _read_parsed(self, parsed: dict[str, Any], body: bytes) -> dict[str, Any] | str:
        del body
        configuration: dict[str, Any] = parsed.get("Configuration", {})
        return configuration if "FunctionArn" in configuration else "it contains no function"

    def _problem(self, content: dict[str, Any], target: Target, call: Call) -> str | None:
        del call
        return function_problem(content["FunctionArn"], target)


class DeletionReader(ResponseReader):
    """Reads the responses of Delete."""

    expected_status = _NO_CONTENT

    def _decode(self, body: bytes) -> dict[str, Any]:
        del body
        return {}

    def _read_parsed(self, parsed: dict[str, Any], body: bytes) -> str:
        del parsed, body
        return f"expected {_NO_CONTENT}"

    def _problem(self, content: dict[str, Any], target: Target, call: Call) -> None:
        """A deletion has no content."""


def response_reader(operation: Operation, shape: Shape | None) -> ResponseReader:
    """Returns the reader of an operation's responses.

    Args:
        operation: one of Lambda's operations.
        shape: the operation's output in the SDK's model; ``None``: it has none.
    """
    return _READERS.get(operation, ConfigReader)(shape)


_READERS: dict[Operation, type[ResponseReader]] = {
    Operation.DELETE: DeletionReader,
    Operation.GET_FUNCTION: FunctionReader,
}


def _read_error(parsed: dict[str, Any], status: int, target: Target) -> Failure:
    """Returns the failure for an error response."""
    message = str(parsed.get("Error", {}).get("Message") or "")
    problem = error_problem(message, status, target)
    if problem is None:
        return translate_error_response(parsed)
    return mismatch(problem, status, sanitize_id(parsed["ResponseMetadata"].get("RequestId")))


def _has_fraction(body: bytes) -> bool:
    """Returns whether an integer field of a configuration has a fraction; the SDK cuts it off."""
    fields = json.loads(body)
    return any(isinstance(fields.get(name), float) for name in _INTEGERS)


def _unexpected_success(metadata: dict[str, Any], problem: str) -> Failure:
    """Returns the failure for a 2xx response that is not a success."""
    status = metadata["HTTPStatusCode"]
    return Failure(
        Fault.SERVER,
        ResponseParserError.__name__,
        f"HTTP {status}, but {problem}",
        status,
        sanitize_id(metadata.get("RequestId")),
    )


def is_senseless(answer: Answer) -> bool:
    """Whether an answer cannot be read, or belongs to another call."""
    return isinstance(answer, Failure) and answer.code in _SENSELESS_CODES


def _sanitize_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sanitize_values(each) for key, each in value.items()}
    return sanitize(value) if isinstance(value, str) else value
