"""The settings of an Update or a Put: their types, their constraints, the resulting configuration.

A JSON null means the same as a missing key. Unknown keys are ignored.
"""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.protocol.constraints import range_violations, text_violations
from bulkeic.sandbox.state.fleet import StoredConfig

DESTINATION_PATTERN = (
    r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
    r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
)
DESTINATION_MAX = 350
RETRIES_RANGE = (0, 2)
AGE_RANGE_S = (60, 21600)

_DESTINATION = re.compile(DESTINATION_PATTERN, re.ASCII)
_TOKENS = {bool: "BOOLEAN_VALUE", str: "STRING_VALUE", list: "START_ARRAY", dict: "START_OBJECT"}


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_reject_constant)


@dataclass(frozen=True, slots=True)
class DestinationPair:
    """A DestinationConfig as sent: None for a missing half, "" for an empty one."""

    on_failure: str | None
    on_success: str | None


@dataclass(frozen=True, slots=True)
class RequestedSettings:
    """The settings of a request; None for missing ones."""

    retries: int | None
    age_s: int | None
    destinations: DestinationPair | None

    @property
    def is_empty(self) -> bool:
        """Whether the request sets nothing."""
        return self.retries is None and self.age_s is None and self.destinations is None

    def put_config(self, now_ms: int) -> StoredConfig:
        """Return the configuration after a Put of these settings at that Unix time."""
        sent = self.destinations or DestinationPair(None, None)
        return StoredConfig(
            self.retries, self.age_s, sent.on_failure or None, sent.on_success or None, now_ms
        )

    def update_config(
        self, old: StoredConfig, now_ms: int, *, merge_destinations: bool
    ) -> StoredConfig:
        """Return the configuration after an Update with these settings.

        Args:
            old: the configuration before.
            now_ms: Unix time of the change, in milliseconds.
            merge_destinations: keep the half of DestinationConfig that is not sent, instead of
                replacing both halves.
        """
        sent = self.destinations
        failure, success = old.on_failure, old.on_success
        if sent is not None:
            if sent.on_failure is not None or not merge_destinations:
                failure = sent.on_failure or None
            if sent.on_success is not None or not merge_destinations:
                success = sent.on_success or None
        return StoredConfig(
            old.retries if self.retries is None else self.retries,
            old.age_s if self.age_s is None else self.age_s,
            failure,
            success,
            now_ms,
        )


def decode_settings(body: bytes) -> RequestedSettings:
    """Return the settings of a request's body; an empty body has none.

    Raises:
        AwsError: the body is not JSON, or a value has the wrong type.
    """
    if not body:
        return RequestedSettings(None, None, None)
    try:
        data = _JSON.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise AwsError(ErrorKind.UNPARSABLE, reason=str(error)) from error
    return settings_from_json(data)


def settings_from_json(data: Any) -> RequestedSettings:
    """Return the settings of decoded JSON.

    Raises:
        AwsError: a value has the wrong type.
    """
    body = _typed(data, dict, "an object")
    destinations = body.get("DestinationConfig")
    return RequestedSettings(
        _integer(body.get("MaximumRetryAttempts")),
        _integer(body.get("MaximumEventAgeInSeconds")),
        None if destinations is None else _destinations(destinations),
    )


def settings_violations(settings: RequestedSettings) -> list[str]:
    """Return the constraints that settings violate, in AWS's words."""
    violations = []
    if settings.retries is not None:
        violations += range_violations(settings.retries, "maximumRetryAttempts", *RETRIES_RANGE)
    if settings.age_s is not None:
        violations += range_violations(settings.age_s, "maximumEventAgeInSeconds", *AGE_RANGE_S)
    sent = settings.destinations or DestinationPair(None, None)
    for half, arn in (("onFailure", sent.on_failure), ("onSuccess", sent.on_success)):
        if arn is not None:
            violations += text_violations(
                arn,
                f"destinationConfig.{half}.destination",
                shortest=0,
                longest=DESTINATION_MAX,
                pattern=_DESTINATION,
            )
    return violations


def _destinations(data: Any) -> DestinationPair:
    halves = _typed(data, dict, "an object")
    return DestinationPair(_half(halves.get("OnFailure")), _half(halves.get("OnSuccess")))


def _half(data: Any) -> str | None:
    if data is None:
        return None
    arn = _typed(data, dict, "an object").get("Destination")
    text: str = "" if arn is None else _typed(arn, str, "a String")
    return _interned(text) if len(text) <= DESTINATION_MAX else text


def _integer(data: Any) -> int | None:
    return None if data is None else int(_typed(data, int, "an Integer"))


def _typed(data: Any, kind: type, wanted: str) -> Any:
    if type(data) is kind:
        return data
    token = "NULL_VALUE" if data is None else _TOKENS.get(type(data), "NUMBER_VALUE")
    raise AwsError(ErrorKind.WRONG_TYPE, token=token, wanted=wanted)


@lru_cache(maxsize=1024)
def _interned(arn: str) -> str:
    """Return one copy of equal strings: a fleet's functions share a few destinations."""
    return arn
