"""A fleet written as JSON and read back.

    {"123456789012/us-east-1": {"fn": {"$LATEST": {...} or null, "live": ..., ":facts": {...}}}}

A function has `:facts` if they are its own; `function_facts` describes them. A configuration has
the form of Lambda's responses, without the ARN; null means that the function, version or alias
exists without a configuration. Lanes, names and qualifiers are sorted, so that equal fleets give
equal text. A state file has one function a line, so that `diff` shows the differences, and no
LastModified of configurations, which would differ without a change of settings.
"""

import json
from typing import Any, TextIO

from bulkeic.sandbox.protocol.aws_errors import AwsError
from bulkeic.sandbox.state.fleet import (
    Fleet,
    FleetEntry,
    Lane,
    StoredConfig,
    Versions,
    described_function,
)
from bulkeic.sandbox.state.function_arns import LATEST, check_function_identity
from bulkeic.sandbox.state.function_facts import (
    DEFAULT_FACTS,
    facts_from_json,
    facts_to_json,
    format_time,
)
from bulkeic.sandbox.state.invoke_settings import settings_from_json, settings_violations

# The year 5138, where date formats begin to differ.
_LATEST_TIME_S = 1e11
# An object with more keys is hardly ever like another one.
_SHARED_KEYS = 20
# No qualifier has a colon.
_FACTS = ":facts"


def fleet_to_json(fleet: Fleet) -> dict[str, Any]:
    """Return all functions of a fleet as an object for JSON."""
    state: dict[str, dict[str, Any]] = {}
    for (account, region), name, versions in fleet.all_functions():
        configs: dict[str, Any] = {
            qualifier: config and _config_to_json(config)
            for qualifier, config in sorted(versions.items())
        }
        configs |= _own_facts(fleet, (account, region), name)
        state.setdefault(f"{account}/{region}", {})[name] = configs
    return state


def functions_to_json(fleet: Fleet) -> list[dict[str, Any]]:
    """Return what is known about each function: what a complete discovery must find.

    `Versions` are the published versions, `Aliases` the version of each alias, and
    `EventInvokeConfigs` the configurations by qualifier.
    """
    return [
        _function_to_json(fleet, lane, name, versions)
        for lane, name, versions in fleet.all_functions()
    ]


def fleet_from_json(data: Any, fleet: Fleet) -> None:
    """Add the functions of decoded JSON to a fleet.

    A configuration without LastModified gets that of the fleet's default.

    Raises:
        ValueError: the data is not a state; the message says where.
    """
    # The data outlives this loop, so an object's identity is a valid key.
    configs: dict[int, StoredConfig | None] = {}
    entries: dict[int, FleetEntry] = {}
    for lane, functions in _object(data, "state").items():
        account, _, region = lane.partition("/")
        for name, function in _object(functions, lane).items():
            check_function_identity(account, region, name, LATEST)
            if id(function) not in entries:
                where = f"{lane}/{name}"
                qualifiers = {LATEST: None} | _object(function, where)
                facts = qualifiers.pop(_FACTS, None)
                versions: Versions = {}
                for qualifier, config in qualifiers.items():
                    check_function_identity(account, region, name, qualifier)
                    if id(config) not in configs:
                        configs[id(config)] = _config(config, where, fleet.default.modified_ms)
                    versions[qualifier] = configs[id(config)]
                entries[id(function)] = _entry(versions, facts, where)
            fleet.merge((account, region), name, entries[id(function)])


def read_fleet(text: str, fleet: Fleet) -> None:
    """Add the functions of a state, as JSON text, to a fleet.

    Raises:
        ValueError: the text is not JSON, or not a state.
    """
    seen: dict[Any, dict[str, Any]] = {}

    def shared(data: dict[str, Any]) -> dict[str, Any]:
        # A fleet's functions share a few configurations and facts: keep each once while the whole
        # text is in memory. Inner objects are shared already, so their identity is a valid key.
        if len(data) > _SHARED_KEYS or any(isinstance(value, list) for value in data.values()):
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
        configs: dict[str, Any] = {
            qualifier: config and _settings_to_json(config)
            for qualifier, config in sorted(versions.items())
        }
        configs |= _own_facts(fleet, (account, region), name)
        file.write(f"\n {json.dumps(name)}: {json.dumps(configs, separators=(',', ':'))}")
    file.write("}\n" if previous is None else "}\n}\n")


def _own_facts(fleet: Fleet, lane: Lane, name: str) -> dict[str, Any]:
    facts = fleet.facts(lane, name)
    return {} if facts is DEFAULT_FACTS else {_FACTS: facts_to_json(facts)}


def _entry(versions: Versions, facts: Any, where: str) -> FleetEntry:
    if facts is None:
        return versions if len(versions) > 1 else versions[LATEST]
    try:
        return described_function(versions, facts_from_json(facts))
    except ValueError as error:
        raise ValueError(f"{where}: {_FACTS}: {error}") from error


def _function_to_json(fleet: Fleet, lane: Lane, name: str, versions: Versions) -> dict[str, Any]:
    facts = fleet.facts(lane, name)
    modified_ms = fleet.default.modified_ms if facts.modified_ms is None else facts.modified_ms
    return {
        "AccountId": lane[0],
        "Region": lane[1],
        "FunctionName": name,
        "Runtime": facts.runtime,
        "LastModified": format_time(modified_ms // 1000 * 1000),
        "MemorySize": facts.memory_mb,
        "Tags": dict(facts.tags),
        "Versions": [str(number) for number in fleet.version_numbers(lane, name)],
        "Aliases": {each: facts.version_of(each) for each in fleet.alias_names(lane, name)},
        "EventInvokeConfigs": {
            qualifier: _config_to_json(config)
            for qualifier, config in sorted(versions.items())
            if config is not None
        },
    }


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
