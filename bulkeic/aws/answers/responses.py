"""Reads Lambda's responses as success or failure.

Typed decoders read the expected response and Lambda's usual errors. Everything else goes to the
SDK's own parser.

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
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from bulkeic.aws.answers.answer_identity import (
    config_problem,
    function_problem,
    mismatch,
    settings_problem,
)
from bulkeic.aws.answers.error_responses import error_answer, error_response, parse_error
from bulkeic.aws.answers.sanitizer import sanitize, sanitize_id
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.core.model import (
    CLEARED,
    Answer,
    Call,
    Failure,
    Fault,
    Operation,
    Settings,
    Success,
    Target,
    rfc3339,
)
from bulkeic.core.pacing.retry import ANSWER_MISMATCH

_OK = 200
_NO_CONTENT = 204
_FIRST_ERROR = 300
_FIRST_CLIENT_ERROR = 400
_PARSER_ERROR = "ResponseParserError"  # the name of the SDK's exception
_SENSELESS_CODES = frozenset({ANSWER_MISMATCH, _PARSER_ERROR})
_INTEGERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")


class _DestinationBody(msgspec.Struct, gc=False):
    Destination: str | msgspec.UnsetType = msgspec.UNSET


class _DestinationConfigBody(msgspec.Struct, gc=False):
    OnSuccess: _DestinationBody | msgspec.UnsetType = msgspec.UNSET
    OnFailure: _DestinationBody | msgspec.UnsetType = msgspec.UNSET


class _SettingsBody(msgspec.Struct, gc=False):
    MaximumRetryAttempts: int | msgspec.UnsetType = msgspec.UNSET
    MaximumEventAgeInSeconds: int | msgspec.UnsetType = msgspec.UNSET
    DestinationConfig: _DestinationConfigBody | msgspec.UnsetType = msgspec.UNSET


class _ConfigBody(_SettingsBody, kw_only=True, gc=False):
    """FunctionEventInvokeConfig in botocore's Lambda model."""

    LastModified: float
    FunctionArn: str


class _FunctionConfigurationBody(msgspec.Struct, gc=False):
    """FunctionConfiguration in botocore's Lambda model."""

    FunctionArn: str


class _FunctionBody(msgspec.Struct, gc=False):
    """GetFunctionResponse in botocore's Lambda model."""

    Configuration: _FunctionConfigurationBody


# What decoding a body may raise. Nesting that is too deep is not a DecodeError.
_DECODING_ERRORS = (msgspec.DecodeError, ValueError, OverflowError, OSError, RecursionError)
_decode_config = msgspec.json.Decoder(_ConfigBody).decode
_decode_function = msgspec.json.Decoder(_FunctionBody).decode
_to_builtins = msgspec.to_builtins
_UNSET = msgspec.UNSET


class ResponseReader(ABC):
    """Reads the responses of one operation.

    Args:
        load_shape: returns the operation's output in the SDK's model; ``None``: it has none. Only
            called for a response that the SDK's parser must read.

    Attributes:
        expected_status: the HTTP status of a success.
    """

    expected_status = _OK

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


class ConfigReader(ResponseReader):
    """Reads the responses of an operation that returns a configuration."""

    def _read_expected(
        self,
        response: RawResponse,
        target: Target,
        call: Call,
        hide: Callable[[bytes], bytes],
    ) -> Answer | None:
        body = response.body
        try:
            config = _decode_config(body)
            modified = rfc3339(config.LastModified)
        except _DECODING_ERRORS:
            return None
        shown, arn = _shown_settings(config), config.FunctionArn
        is_arn_known = arn == f"{target.arn}:{target.qualifier}"
        if not is_arn_known or _has_news(shown, call.settings):
            hidden = hide(body)
            if hidden is not body:
                response = msgspec.structs.replace(response, body=hidden)
                return self._read_expected(response, target, call, hide)
        request_id = sanitize_id(response.headers.get("x-amzn-requestid"))
        if is_arn_known:
            problem = settings_problem(shown, call)
        else:
            problem = config_problem(arn, shown, target, call)
        if problem is not None:
            return mismatch(problem, _OK, request_id)
        fields: dict[str, Any] = _to_builtins(config)
        fields["LastModified"] = modified
        return Success(_OK, request_id, fields)

    def _read_parsed(
        self,
        parsed: dict[str, Any],
        request_id: str | None,
        response: RawResponse,
        target: Target,
        call: Call,
    ) -> Answer:
        if "FunctionArn" not in parsed:
            # The SDK parses a page of HTML as an empty configuration.
            return _unexpected_success("it contains no configuration", response, request_id)
        if _has_fraction(response.body):
            text = "it has a fraction where an integer is expected"
            return _unexpected_success(text, response, request_id)
        msgspec.convert(parsed, _SettingsBody)  # the SDK accepts a string as a number
        modified = parsed.get("LastModified")
        if isinstance(modified, datetime):
            parsed["LastModified"] = rfc3339(modified.timestamp())
        fields: dict[str, Any] = _sanitize_values(parsed)
        shown = Settings.from_api(
            {name: value for name, value in fields.items() if value is not None}
        )
        problem = config_problem(fields["FunctionArn"], shown, target, call)
        if problem is not None:
            return mismatch(problem, response.status, request_id)
        return Success(response.status, request_id, fields)


class FunctionReader(ResponseReader):
    """Reads the responses of GetFunction: whether the function exists."""

    def _read_expected(
        self,
        response: RawResponse,
        target: Target,
        call: Call,
        hide: Callable[[bytes], bytes],
    ) -> Answer | None:
        del call, hide  # nothing of the body is shown
        try:
            arn = _decode_function(response.body).Configuration.FunctionArn
        except _DECODING_ERRORS:
            return None
        request_id = sanitize_id(response.headers.get("x-amzn-requestid"))
        return _function_answer(arn, _OK, request_id, target)

    def _read_parsed(
        self,
        parsed: dict[str, Any],
        request_id: str | None,
        response: RawResponse,
        target: Target,
        call: Call,
    ) -> Answer:
        del call
        arn = parsed.get("Configuration", {}).get("FunctionArn")
        if arn is None:
            return _unexpected_success("it contains no function", response, request_id)
        return _function_answer(arn, response.status, request_id, target)


class DeletionReader(ResponseReader):
    """Reads the responses of Delete."""

    expected_status = _NO_CONTENT

    def _read_expected(
        self,
        response: RawResponse,
        target: Target,
        call: Call,
        hide: Callable[[bytes], bytes],
    ) -> Answer:
        del target, call, hide
        return Success(_NO_CONTENT, sanitize_id(response.headers.get("x-amzn-requestid")))

    def _read_parsed(
        self,
        parsed: dict[str, Any],
        request_id: str | None,
        response: RawResponse,
        target: Target,
        call: Call,
    ) -> Answer:
        del parsed, target, call
        return _unexpected_success(f"expected {_NO_CONTENT}", response, request_id)


def response_reader(operation: Operation, load_shape: Callable[[], Any]) -> ResponseReader:
    """Returns the reader of an operation's responses.

    Args:
        operation: one of Lambda's operations.
        load_shape: see ``ResponseReader``.
    """
    return _READERS.get(operation, ConfigReader)(load_shape)


_READERS: dict[Operation, type[ResponseReader]] = {
    Operation.DELETE: DeletionReader,
    Operation.GET_FUNCTION: FunctionReader,
}


def _shown_settings(config: _ConfigBody) -> Settings:
    """The settings that a configuration shows."""
    retries, age = config.MaximumRetryAttempts, config.MaximumEventAgeInSeconds
    success = failure = None
    destinations = config.DestinationConfig
    if destinations is not _UNSET:
        on_success, on_failure = destinations.OnSuccess, destinations.OnFailure
        if on_success is not _UNSET:
            success = CLEARED if on_success.Destination is _UNSET else on_success.Destination
        if on_failure is not _UNSET:
            failure = CLEARED if on_failure.Destination is _UNSET else on_failure.Destination
    return Settings(
        None if retries is _UNSET else retries, None if age is _UNSET else age, success, failure
    )


def _has_news(shown: Settings, sent: Settings) -> bool:
    """Whether settings hold a text that was not sent, which may be a credential."""
    success, failure = shown.on_success, shown.on_failure
    return bool(
        (success and success != sent.on_success) or (failure and failure != sent.on_failure)
    )


def _function_answer(arn: str, status: int, request_id: str | None, target: Target) -> Answer:
    problem = function_problem(arn, target)
    if problem is not None:
        return mismatch(problem, status, request_id)
    return Success(status, request_id)


def _has_fraction(body: bytes) -> bool:
    """Returns whether an integer field of a configuration has a fraction; the SDK cuts it off."""
    fields = json.loads(body)
    return any(isinstance(fields.get(name), float) for name in _INTEGERS)


def _unexpected_success(problem: str, response: RawResponse, request_id: str | None) -> Failure:
    """Returns the failure for a 2xx response that is not a success."""
    text = f"HTTP {response.status}, but {problem}"
    return Failure(Fault.SERVER, _PARSER_ERROR, text, response.status, request_id)


def is_senseless(answer: Answer) -> bool:
    """Whether an answer cannot be read, or belongs to another call."""
    return isinstance(answer, Failure) and answer.code in _SENSELESS_CODES


def _sanitize_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sanitize_values(each) for key, each in value.items()}
    return sanitize(value) if isinstance(value, str) else value
