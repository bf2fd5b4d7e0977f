"""Reads Lambda's responses as success or failure.

A typed decoder reads the expected response. Everything else, errors included, goes to the SDK's own
parser.

================  =============================================================================
operation         its success
================  =============================================================================
Get, Update, Put  2xx with a configuration
GetFunction       2xx with a function, whose content is ignored
Delete            204; after any other 2xx the job repeats the call to learn what has happened
================  =============================================================================
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from botocore.model import Shape
from botocore.parsers import ResponseParserError, create_parser

from bulkeic.aws.failures import translate_error_response, translate_unreadable_response
from bulkeic.aws.sanitizer import sanitize, sanitize_id
from bulkeic.core.model import Answer, Failure, Fault, Operation, Success, rfc3339

_OK = 200
_NO_CONTENT = 204
_FIRST_ERROR = 300


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


class _IgnoredBody(msgspec.Struct):
    """An object whose content is ignored."""


class _FunctionBody(msgspec.Struct):
    """GetFunctionResponse in botocore's Lambda model."""

    Configuration: _IgnoredBody


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

    def __init__(self, shape: Shape | None) -> None:
        self._shape = shape
        self._parser = create_parser("rest-json")

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """Returns what a response means.

        Args:
            status: the HTTP status.
            headers: their names match in any case.
            body: the whole body.
        """
        if status == self.expected_status:
            try:
                config = self._decode(body)
            except _DECODING_ERRORS:
                return self._parse(status, headers, body)
            return Success(status, sanitize_id(headers.get("x-amzn-requestid")), config)
        return self._parse(status, headers, body)

    def _parse(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """Reads a response with the SDK's parser."""
        response = {
            "status_code": status,
            "headers": {name.lower(): value for name, value in headers.items()},
            "body": body,
            "context": {},
        }
        try:
            parsed = self._parser.parse(response, self._shape)
            if status >= _FIRST_ERROR:
                return translate_error_response(parsed)
            return self._read_parsed(parsed)
        except Exception as error:  # noqa: BLE001 - the SDK's parser raises anything
            return translate_unreadable_response(error, status, headers)

    @abstractmethod
    def _decode(self, body: bytes) -> dict[str, Any] | None:
        """Decodes the body of a success; returns its configuration, if it has one.

        Raises one of ``_DECODING_ERRORS``.
        """

    @abstractmethod
    def _read_parsed(self, parsed: dict[str, Any]) -> Answer:
        """Returns what an unexpected 2xx response means that the SDK could parse."""


class ConfigReader(ResponseReader):
    """Reads the responses of an operation that returns a configuration."""

    def _decode(self, body: bytes) -> dict[str, Any]:
        config = _decode_config(body)
        fields: dict[str, Any] = _to_builtins(config)
        fields["LastModified"] = rfc3339(config.LastModified)
        return fields

    def _read_parsed(self, parsed: dict[str, Any]) -> Answer:
        metadata = parsed.pop("ResponseMetadata")
        status, request_id = metadata["HTTPStatusCode"], sanitize_id(metadata.get("RequestId"))
        if "FunctionArn" not in parsed:
            # The SDK parses a page of HTML as an empty configuration.
            return _unexpected_success(metadata, "it contains no configuration")
        msgspec.convert(parsed, _SettingsBody)  # the SDK accepts a string as a number
        modified = parsed.get("LastModified")
        if isinstance(modified, datetime):
            parsed["LastModified"] = rfc3339(modified.timestamp())
        return Success(status, request_id, _sanitize_values(parsed))


class FunctionReader(ResponseReader):
    """Reads the responses of GetFunction: whether the function exists."""

    def _decode(self, body: bytes) -> None:
        _decode_function(body)

    def _read_parsed(self, parsed: dict[str, Any]) -> Answer:
        metadata = parsed["ResponseMetadata"]
        if "Configuration" not in parsed:
            return _unexpected_success(metadata, "it contains no function")
        return Success(metadata["HTTPStatusCode"], sanitize_id(metadata.get("RequestId")))


class DeletionReader(ResponseReader):
    """Reads the responses of Delete."""

    expected_status = _NO_CONTENT

    def _decode(self, body: bytes) -> None:
        """There is nothing to decode."""

    def _read_parsed(self, parsed: dict[str, Any]) -> Answer:
        return _unexpected_success(parsed["ResponseMetadata"], f"expected {_NO_CONTENT}")


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


def _sanitize_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sanitize_values(each) for key, each in value.items()}
    return sanitize(value) if isinstance(value, str) else value
