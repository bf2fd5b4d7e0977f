"""Options as JSON: scenarios, faults, and overrides of single lanes.

A scenario is an object of the options of `SandboxOptions`, `Faults` and `AccountOptions`:

    {"seed": 7, "rate": 5, "throttle": 0.1, "latency_s": 0.05, "latency_p99_s": 0.4}

Its field `lanes` overrides `rate`, `burst` and faults in single lanes:

    {"123456789012/us-east-1": {"rate": 5, "burst": 5, "hang": 1, "latency_s": 0.5}}

Missing fields keep their values.
"""

from dataclasses import asdict, replace
from typing import Any

from bulkeic.sandbox.behavior.account_options import ACCOUNT_TYPES
from bulkeic.sandbox.behavior.faults import Faults
from bulkeic.sandbox.behavior.option_types import option_types, options_of_json
from bulkeic.sandbox.behavior.sandbox_options import LaneOptions, LaneOverrides, SandboxOptions

_FAULTS = option_types(Faults)
_SCENARIO = option_types(SandboxOptions) | _FAULTS | ACCOUNT_TYPES
_LANE = option_types(LaneOptions) | _FAULTS
FIELDS = tuple(_SCENARIO)


def options_from_json(data: Any, base: SandboxOptions) -> SandboxOptions:
    """Return options changed by a scenario.

    Args:
        data: decoded JSON.
        base: the options to change.

    Raises:
        ValueError: the data is not an object, has an unknown field, or a value of the wrong type
            or out of bounds.
    """
    options = options_of_json(data, _SCENARIO)
    if "lanes" in options:
        options["lanes"] = lane_overrides_from_json(options["lanes"])
    faults = {name: options.pop(name) for name in _FAULTS if name in options}
    accounts = {name: options.pop(name) for name in ACCOUNT_TYPES if name in options}
    return replace(
        base,
        **options,
        faults=replace(base.faults, **faults),
        accounts=replace(base.accounts, **accounts),
    )


def faults_from_json(data: Any) -> Faults:
    """Return the faults of decoded JSON; missing fields have their defaults.

    Raises:
        ValueError: the data is not an object, has an unknown field, or a value of the wrong type
            or out of bounds.
    """
    return Faults(**options_of_json(data, _FAULTS))


def faults_to_json(faults: Faults) -> dict[str, Any]:
    """Return faults as an object for JSON, which `faults_from_json` reads."""
    return asdict(faults)


def lane_overrides_from_json(data: Any) -> LaneOverrides:
    """Return the overrides of single lanes of decoded JSON; bounds and lane names are not checked.

    Raises:
        ValueError: the data is not an object of objects, has an unknown field or a value of the
            wrong type.
    """
    if not isinstance(data, dict):
        raise ValueError(f"lanes: {data!r:.200} is not an object")  # noqa: TRY004 - one error type
    overrides = {}
    for lane, options in data.items():
        try:
            overrides[lane] = options_of_json(options, _LANE)
        except ValueError as error:
            raise ValueError(f"lanes: {lane}: {error}") from None
    return overrides


def lane_overrides_to_json(overrides: LaneOverrides) -> dict[str, Any]:
    """Return overrides as an object for JSON, which `lane_overrides_from_json` reads."""
    return {
        lane: {
            name: _LANE[name].none_values[0] if value is None else value
            for name, value in options.items()
        }
        for lane, options in overrides.items()
    }
