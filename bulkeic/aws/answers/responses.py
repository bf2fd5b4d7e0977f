"""Reads the responses of the operations that read or change one configuration, or one function."""

import json
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
from bulkeic.aws.answers.response_reader import (
    DECODING_ERRORS,
    OK,
    ResponseReader,
    has_fraction,
    sanitize_values,
    unexpected_success,
)
from bulkeic.aws.answers.sanitizer import sanitize_id
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.core.model import (
    CLEARED,
    Answer,
    Call,
    Settings,
    Success,
    Target,
    rfc3339,
)

_NO_CONTENT = 204


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


_decode_config = msgspec.json.Decoder(_ConfigBody).decode
_decode_function = msgspec.json.Decoder(_FunctionBody).decode
_to_builtins = msgspec.to_builtins
_UNSET = msgspec.UNSET


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
        except DECODING_ERRORS:
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
            return mismatch(problem, OK, request_id)
        fields: dict[str, Any] = _to_builtins(config)
        fields["LastModified"] = modified
        return Success(OK, request_id, fields)

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
            return unexpected_success("it contains no configuration", response, request_id)
        if has_fraction(json.loads(response.body)):
            text = "it has a fraction where an integer is expected"
            return unexpected_success(text, response, request_id)
        msgspec.convert(parsed, _SettingsBody)  # the SDK accepts a string as a number
        modified = parsed.get("LastModified")
        if isinstance(modified, datetime):
            parsed["LastModified"] = rfc3339(modified.timestamp())
        fields: dict[str, Any] = sanitize_values(parsed)
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
        except DECODING_ERRORS:
            return None
        request_id = sanitize_id(response.headers.get("x-amzn-requestid"))
        return _function_answer(arn, OK, request_id, target)

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
            return unexpected_success("it contains no function", response, request_id)
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
        return unexpected_success(f"expected {_NO_CONTENT}", response, request_id)


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
