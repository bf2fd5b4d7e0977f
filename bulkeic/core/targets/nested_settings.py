"""Settings that a row gives as an object: ``DestinationConfig``, and ``Settings`` of an outcome."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.targets.destinations import CLEARING_WORD

UNSET = (None, "")
"""The values that mean "not set here"."""
NO_DESTINATIONS = (None, None)
"""Neither destination is set."""

_DESTINATIONS = ("OnSuccess", "OnFailure")
_API_FIELDS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")

T = TypeVar("T")


def collect(problems: list[InputError], check: Callable[..., T], *values: Any) -> T | None:
    """The value that a check returns, or ``None`` with the problem that it raised collected."""
    try:
        return check(*values)
    except InputError as problem:
        problems.append(problem)
        return None


def spread_settings(
    problems: list[InputError], values: dict[str, Any]
) -> tuple[Callable[[str], Any], tuple[Any, Any] | None]:
    """A getter of the values with those of ``Settings``, and both nested destinations.

    The destinations are ``None`` if ``Settings`` or ``DestinationConfig`` is invalid.
    """
    if values.get("Settings") not in UNSET:
        merged = collect(problems, _merge_settings, values)
        if merged is None:
            return values.get, None
        values = merged
    config = values.get("DestinationConfig")
    if config in UNSET:
        return values.get, NO_DESTINATIONS
    return values.get, _nested_destinations(problems, config)


def _merge_settings(values: dict[str, Any]) -> dict[str, Any]:
    settings = values["Settings"]
    if isinstance(settings, str):
        try:
            settings = msgspec.json.decode(settings)
        except (ValueError, RecursionError):
            raise InputError(
                f"{quoted(settings)} is not JSON; expected what an exported outcome has",
                field="Settings",
            ) from None
    _check_object(settings, "Settings", _API_FIELDS)
    for field in settings:
        if values.get(field) not in UNSET:
            raise InputError("also given in Settings; give it once", field=field)
    merged: dict[str, Any] = values | settings
    return merged


def _nested_destinations(problems: list[InputError], config: Any) -> tuple[Any, Any] | None:
    """OnSuccess and OnFailure of ``DestinationConfig`` in the flat form; ``None``: it is invalid.

    A destination that it does not set is ``None``.
    """
    before = len(problems)
    collect(problems, _check_object, config, "DestinationConfig", _DESTINATIONS)
    if len(problems) > before:
        return None
    on_success, on_failure = (
        collect(problems, _nested_destination, name, config.get(name)) for name in _DESTINATIONS
    )
    return (on_success, on_failure) if len(problems) == before else None


def _nested_destination(name: str, config: Any) -> Any:
    if config is None:
        return None
    _check_object(config, f"DestinationConfig.{name}", ("Destination",))
    destination = config.get("Destination")
    return CLEARING_WORD if destination in UNSET else destination


def _check_object(value: Any, field: str, keys: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        raise InputError(f"{quoted(value)} is not an object with {' and '.join(keys)}", field=field)
    for key in value:
        if key not in keys:
            raise InputError(
                f"unknown key {quoted(key)}; expected {' and '.join(keys)}", field=field
            )
