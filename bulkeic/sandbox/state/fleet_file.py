"""A fleet as JSON, and back.

    {"123456789012/us-east-1": {"fn": {"$LATEST": {...} or null, "live": ...}}}

A configuration looks as in Lambda's answers, without its ARN; null is a function, version or alias
that exists without one. Lanes, names and qualifiers are in order, so that equal fleets have equal
texts. A file of a state has a function a line, so that `diff` shows what is different, and no
LastModified, so that only what was set can be.
"""

import json
from typing import Any, TextIO

from bulkeic.sandbox.protocol.aws_errors import AwsError
from bulkeic.sandbox.state.fleet import Fleet, StoredConfig
from bulkeic.sandbox.state.function_arns import LATEST, check_place
from bulkeic.sandbox.state.invoke_settings import settings_from, settings_violations

# Seconds: the year 5138, where formats of dates begin to differ.
_FAR = 1e11
# An object with more keys is no configuration.
_SMALL = 4


def to_json(fleet: Fleet) -> dict[str, Any]:
    """All that a fleet holds, as an object for JSON."""
    state: dict[str, dict[str, Any]] = {}
    for (account, region), name, versions in fleet.functions():
        state.setdefault(f"{account}/{region}", {})[name] = {
            qualifier: config and _config_to_json(config)
            for qualifier, config in sorted(versions.items())
        }
    return state


def from_json(data: Any, into: Fleet) -> None:
    """Add what decoded JSON holds to a fleet; a time that is left out is that of its default.

    Raises:
        ValueError: it does not have the form of a state; the message says where.
    """
    made: dict[int, StoredConfig | None] = {}
    for lane, functions in _object(data, "state").items():
        account, _, region = lane.partition("/")
        for name, versions in _object(functions, lane).items():
            where = f"{lane}/{name}"
            for qualifier, config in ({LATEST: None} | _object(versions, where)).items():
                check_place(account, region, name, qualifier)
                # The data outlives this: what is the same object is the same configuration.
                if id(config) not in made:
                    made[id(config)] = _config(config, where, into.default.modified_ms)
                into.set((account, region), name, qualifier, made[id(config)])


def read(text: str, into: Fleet) -> None:
    """Add what the JSON text of a state holds to a fleet.

    Raises:
        ValueError: no JSON, or it does not have the form of a state.
    """
    seen: dict[Any, dict[str, Any]] = {}

    def shared(data: dict[str, Any]) -> dict[str, Any]:
        # A fleet's functions have a handful of configurations: each is kept once, while the whole
        # text is in memory. Objects within it are shared already, so that identity will do.
        if len(data) > _SMALL or any(isinstance(value, list) for value in data.values()):
            return data
        key = tuple(
            (name, id(value) if isinstance(value, dict) else (type(value), value))
            for name, value in data.items()
        )
        return seen.setdefault(key, data)

    try:
        data = json.loads(text, object_hook=shared)
    except RecursionError as error:
        raise ValueError(f"no JSON: {error}") from error
    from_json(data, into)


def write(fleet: Fleet, file: TextIO) -> None:
    """Write all that a fleet holds, without LastModified, as JSON."""
    file.write("{")
    lane = None
    for (account, region), name, versions in fleet.functions():
        here = f"{account}/{region}"
        opening = f"{'' if lane is None else '},'}\n{json.dumps(here)}: {{"
        file.write("," if here == lane else opening)
        lane = here
        told = {
            qualifier: config and _told(config) for qualifier, config in sorted(versions.items())
        }
        file.write(f"\n {json.dumps(name)}: {json.dumps(told, separators=(',', ':'))}")
    file.write("}\n" if lane is None else "}\n}\n")


def _told(config: StoredConfig) -> dict[str, Any]:
    told = _config_to_json(config)
    del told["LastModified"]
    return told


def _object(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError(f"{where}: not an object")  # noqa: TRY004 - callers know one kind of error
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


def _config(data: Any, where: str, now_ms: int) -> StoredConfig | None:
    if data is None:
        return None
    try:
        settings = settings_from(_object(data, where))
    except AwsError as error:
        raise ValueError(f"{where}: {error}") from error
    violations = settings_violations(settings)
    if violations:
        raise ValueError(f"{where}: {violations[0]}")
    modified = data.get("LastModified", now_ms / 1000)
    if (
        isinstance(modified, bool)
        or not isinstance(modified, int | float)
        or not 0 <= modified < _FAR
    ):
        raise ValueError(f"{where}: LastModified: {modified!r} is not a time in seconds")
    return settings.put(round(modified * 1000))
