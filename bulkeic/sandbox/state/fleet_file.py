"""A fleet written as JSON and read back.

    {"123456789012/us-east-1": {"fn": {"$LATEST": {...} or null, "live": ...}}}

A configuration has the form of Lambda's responses, without the ARN; null means that the function,
version or alias exists without a configuration. Lanes, names and qualifiers are sorted, so that
equal fleets give equal text. A state file has one function a line, so that `diff` shows the
differences, and no LastModified, which would differ without a change of settings.
"""

import json
from typing import Any, TextIO

from bulkeic.sandbox.protocol.aws_errors import AwsError
from bulkeic.sandbox.state.fleet import Fleet, StoredConfig
from bulkeic.sandbox.state.function_arns import LATEST, check_function_identity
from bulkeic.sandbox.state.invoke_settings import settings_from_json, settings_violations

# The year 5138, where date formats begin to differ.
_LATEST_TIME_S = 1e11
# An object with more keys is not a configuration.
_CONFIG_KEYS = 4


def fleet_to_json(fleet: Fleet) -> dict[str, Any]:
    """Return all functions of a fleet as an object for JSON."""
    state: dict[str, dict[str, Any]] = {}
    for (account, region), name, versions in fleet.all_functions():
        state.setdefault(f"{account}/{region}", {})[name] = {
            qualifier: config and _config_to_json(config)
            for qualifier, config in sorted(versions.items())
        }
    return state


def fleet_from_json(data: Any, fleet: Fleet) -> None:
    """Add the functions of decoded JSON to a fleet.

    A configuration without LastModified gets that of the fleet's default.

    Raises:
        ValueError: the data is not a state; the message says where.
    """
    configs: dict[int, StoredConfig | None] = {}
    for lane, functions in _object(data, "state").items():
        account, _, region = lane.partition("/")
        for name, versions in _object(functions, lane).items():
            where = f"{lane}/{name}"
            for qualifier, config in ({LATEST: None} | _object(versions, where)).items():
                check_function_identity(account, region, name, qualifier)
                # The data outlives this loop, so an object's identity is a valid key.
                if id(config) not in configs:
                    configs[id(config)] = _config(config, where, fleet.default.modified_ms)
                fleet.set_config((account, region), name, qualifier, configs[id(config)])


def read_fleet(text: str, fleet: Fleet) -> None:
    """Add the functions of a state, as JSON text, to a fleet.

    Raises:
        ValueError: the text is not JSON, or not a state.
    """
    seen: dict[Any, dict[str, Any]] = {}

    def shared(data: dict[str, Any]) -> dict[str, Any]:
        # A fleet's functions share a few configurations: keep each once while the whole text is in
        # memory. Inner objects are shared already, so that their identity is a valid key.
        if len(data) > _CONFIG_KEYS or any(isinstance(value, list) for value in data.values()):
            return data
        key = tuple(
            (name, id(value) if isinstance(value, dict) else (type(value), value))
            for name, value in data.items()
        )
        return seen.setdefault(key, data)

    try:
        data = json.loads(text, object_hook=shared)
    except RecursionError as error:
        raise ValueError(f"not JSON: {error}") from error
    fleet_from_json(data, fleet)


def write_fleet(fleet: Fleet, file: TextIO) -> None:
    """Write all functions of a fleet as JSON, without LastModified."""
    file.write("{")
    previous = None
    for (account, region), name, versions in fleet.all_functions():
        lane = f"{account}/{region}"
        opening = f"{'' if previous is None else '},'}\n{json.dumps(lane)}: {{"
        file.write("," if lane == previous else opening)
        previous = lane
        configs = {
            qualifier: config and _settings_to_json(config)
            for qualifier, config in sorted(versions.items())
        }
        file.write(f"\n {json.dumps(name)}: {json.dumps(configs, separators=(',', ':'))}")
    file.write("}\n" if previous is None else "}\n}\n")


def _settings_to_json(config: StoredConfig) -> dict[str, Any]:
    data = _config_to_json(config)
    del data["LastModified"]
    return data


def _object(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError(f"{where}: not an object")  # noqa: TRY004 - callers expect one error type
    return data


def _config_to_json(config: StoredConfig) -> dict[str, Any]:
    halves = {"OnFailure": config.on_failure, "OnSuccess": config.on_success}
    return {
        "DestinationConfig": {
            half: {} if arn is None else {"Destination": arn} for half, arn in halves.items()
        },
        "LastModified": config.modified_ms / 1000,
        "MaximumEventAgeInSeconds": config.age_s,
        "MaximumRetryAttempts": config.retries,
    }


def _config(data: Any, where: str, default_modified_ms: int) -> StoredConfig | None:
    if data is None:
        return None
    try:
        settings = settings_from_json(_object(data, where))
    except AwsError as error:
        raise ValueError(f"{where}: {error}") from error
    violations = settings_violations(settings)
    if violations:
        raise ValueError(f"{where}: {violations[0]}")
    modified = data.get("LastModified", default_modified_ms / 1000)
    if (
        isinstance(modified, bool)
        or not isinstance(modified, int | float)
        or not 0 <= modified < _LATEST_TIME_S
    ):
        raise ValueError(f"{where}: LastModified: {modified!r} is not a Unix time in seconds")
    return settings.put_config(round(modified * 1000))
