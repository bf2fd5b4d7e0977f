"""What Lambda answered, as success or failure.

The answer that is as it should be is decoded by a typed decoder. Anything else, each error
included, is left to the SDK's own parser.

================  =====================================================
operation         its success
================  =====================================================
Get, Update, Put  2xx with a configuration
GetFunction       2xx with a function, which nobody looks into
Delete            204; what else was done can be found out by repeating
================  =====================================================
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from botocore.model import Shape
from botocore.parsers import ResponseParserError, create_parser

from bulkeic.aws.failures import answered, senseless
from bulkeic.aws.sanitizer import clean, clean_id
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


class _Anything(msgspec.Struct):
    """An object of which nothing is kept."""


class _FunctionBody(msgspec.Struct):
    """GetFunctionResponse in botocore's Lambda model."""

    Configuration: _Anything


# What decoding a body may raise: nesting that is too deep is no DecodeError.
_UNREADABLE = (msgspec.DecodeError, ValueError, OverflowError, OSError, RecursionError)
_decode = msgspec.json.Decoder(_ConfigBody).decode
_skim = msgspec.json.Decoder(_FunctionBody).decode
_to_builtins = msgspec.to_builtins


class ResponseReader(ABC):
    """Reads the answers of one operation.

    Args:
        shape: of its output, in the SDK's model; ``None``: it has none.
    """

    def __init__(self, shape: Shape | None) -> None:
        self._shape = shape
        self._parser = create_parser("rest-json")

    @abstractmethod
    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """What an answer says.

        Args:
            status: of HTTP.
            headers: whatever the case of their names.
            body: all of it.
        """

    def _parsed(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        response = {
            "status_code": status,
            "headers": {name.lower(): value for name, value in headers.items()},
            "body": body,
            "context": {},
        }
        try:
            parsed = self._parser.parse(response, self._shape)
            return answered(parsed) if status >= _FIRST_ERROR else self._success(parsed)
        except Exception as error:  # noqa: BLE001 - the SDK's parser raises anything
            return senseless(error, status, headers)

    @abstractmethod
    def _success(self, parsed: dict[str, Any]) -> Answer:
        """What a 2xx says that is not as it should be, though the SDK could read it."""


class ConfigReader(ResponseReader):
    """Reads the answers of an operation that tells a configuration."""

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """See ``ResponseReader``."""
        if status == _OK:
            try:
                config = _decode(body)
                modified = rfc3339(config.LastModified)
            except _UNREADABLE:
                return self._parsed(status, headers, body)
            told = _to_builtins(config)
            told["LastModified"] = modified
            return Success(status, clean_id(headers.get("x-amzn-requestid")), told)
        return self._parsed(status, headers, body)

    def _success(self, parsed: dict[str, Any]) -> Answer:
        metadata = parsed.pop("ResponseMetadata")
        status, request_id = metadata["HTTPStatusCode"], clean_id(metadata.get("RequestId"))
        if "FunctionArn" not in parsed:
            # The SDK takes a page of HTML for an empty configuration.
            return _nothing("configuration", metadata)
        msgspec.convert(parsed, _SettingsBody)  # the SDK takes a text for a number
        modified = parsed.get("LastModified")
        if isinstance(modified, datetime):
            parsed["LastModified"] = rfc3339(modified.timestamp())
        return Success(status, request_id, _clean(parsed))


class FunctionReader(ResponseReader):
    """Reads the answers of GetFunction, for whether there is one."""

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """See ``ResponseReader``."""
        if status == _OK:
            try:
                _skim(body)
            except _UNREADABLE:
                return self._parsed(status, headers, body)
            return Success(status, clean_id(headers.get("x-amzn-requestid")))
        return self._parsed(status, headers, body)

    def _success(self, parsed: dict[str, Any]) -> Answer:
        metadata = parsed["ResponseMetadata"]
        if "Configuration" not in parsed:
            return _nothing("function", metadata)
        return Success(metadata["HTTPStatusCode"], clean_id(metadata.get("RequestId")))


class DeletionReader(ResponseReader):
    """Reads the answers of Delete."""

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """See ``ResponseReader``."""
        if status == _NO_CONTENT:
            return Success(status, clean_id(headers.get("x-amzn-requestid")))
        return self._parsed(status, headers, body)

    def _success(self, parsed: dict[str, Any]) -> Answer:
        return _nothing("word of a deletion", parsed["ResponseMetadata"])


def reader_of(operation: Operation, shape: Shape | None) -> ResponseReader:
    """What reads the answers of an operation.

    Args:
        operation: which one.
        shape: of its output, in the SDK's model; ``None``: it has none.
    """
    kind: type[ResponseReader] = ConfigReader
    if operation is Operation.DELETE:
        kind = DeletionReader
    elif operation is Operation.GET_FUNCTION:
        kind = FunctionReader
    return kind(shape)


def _nothing(subject: str, metadata: dict[str, Any]) -> Failure:
    """The failure that a 2xx is that makes no sense."""
    status = metadata["HTTPStatusCode"]
    return Failure(
        Fault.SERVER,
        ResponseParserError.__name__,
        f"HTTP {status}, and no {subject} in it",
        status,
        clean_id(metadata.get("RequestId")),
    )


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(each) for key, each in value.items()}
    return clean(value) if isinstance(value, str) else value
