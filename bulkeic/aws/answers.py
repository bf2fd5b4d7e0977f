"""What Lambda answered, as success or failure.

The answer that is as it should be is decoded by a typed decoder. Anything else, each error
included, is left to the SDK's own parser.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from botocore.model import Shape
from botocore.parsers import ResponseParserError, create_parser

from bulkeic.aws.failures import answered, clean, senseless
from bulkeic.core.model import Answer, Failure, Fault, Success, rfc3339

_OK = 200
_FIRST_ERROR = 300


class _Half(msgspec.Struct, omit_defaults=True):
    Destination: str | msgspec.UnsetType = msgspec.UNSET


class _DestinationConfig(msgspec.Struct, omit_defaults=True):
    OnSuccess: _Half | msgspec.UnsetType = msgspec.UNSET
    OnFailure: _Half | msgspec.UnsetType = msgspec.UNSET


class _Config(msgspec.Struct):
    """FunctionEventInvokeConfig in botocore's Lambda model."""

    LastModified: float
    FunctionArn: str
    MaximumRetryAttempts: int | msgspec.UnsetType = msgspec.UNSET
    MaximumEventAgeInSeconds: int | msgspec.UnsetType = msgspec.UNSET
    DestinationConfig: _DestinationConfig | msgspec.UnsetType = msgspec.UNSET


_decode = msgspec.json.Decoder(_Config).decode
_to_builtins = msgspec.to_builtins


class Answers:
    """Reads the answers of one operation.

    Args:
        shape: of its output, in the SDK's model.
    """

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._parser = create_parser("rest-json")

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """What an answer says.

        Args:
            status: of HTTP.
            headers: whatever the case of their names.
            body: all of it.
        """
        if status == _OK:
            try:
                config = _decode(body)
                modified = rfc3339(config.LastModified)
            except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError, OSError):
                return self._parsed(status, headers, body)
            told = _to_builtins(config)
            told["LastModified"] = modified
            return Success(status, headers.get("x-amzn-requestid"), told)
        return self._parsed(status, headers, body)

    def _parsed(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        response = {
            "status_code": status,
            "headers": {name.lower(): value for name, value in headers.items()},
            "body": body,
            "context": {},
        }
        try:
            parsed = self._parser.parse(response, self._shape)
            return answered(parsed) if status >= _FIRST_ERROR else _success(parsed)
        except Exception as error:  # noqa: BLE001 - the SDK's parser raises anything
            return senseless(error, status, headers)


def _success(parsed: dict[str, Any]) -> Answer:
    metadata = parsed.pop("ResponseMetadata")
    status, request_id = metadata["HTTPStatusCode"], metadata.get("RequestId")
    if "FunctionArn" not in parsed:
        # The SDK takes a page of HTML for an empty configuration.
        return Failure(
            Fault.SERVER,
            ResponseParserError.__name__,
            f"HTTP {status}, and no configuration in it",
            status,
            request_id,
        )
    modified = parsed.get("LastModified")
    if isinstance(modified, datetime):
        parsed["LastModified"] = rfc3339(modified.timestamp())
    return Success(status, request_id, _clean(parsed))


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(each) for key, each in value.items()}
    return clean(value) if isinstance(value, str) else value
