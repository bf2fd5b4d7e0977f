"""A fleet as JSON, and back.

    {"123456789012/us-east-1": {"fn": {"$LATEST": {...} or null, "live": ...}}}

A configuration looks as in Lambda's answers, without its ARN; null is a function, version or alias
that exists without one. Lanes, names and qualifiers are in order, so that equal fleets have equal
texts.
"""

from typing import Any

from bulkeic.sandbox.errors import AwsError
from bulkeic.sandbox.names import LATEST, check_place
from bulkeic.sandbox.settings import settings_from, settings_violations
from bulkeic.sandbox.store import Config, Fleet

# Seconds: the year 5138, where formats of dates begin to differ.
_FAR = 1e11


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
    """Add what decoded JSON holds to a fleet.

    Raises:
        ValueError: it does not have the form of a state; the message says where.
    """
    for lane, functions in _object(data, "state").items():
        account, _, region = lane.partition("/")
        for name, versions in _object(functions, lane).items():
            where = f"{lane}/{name}"
            for qualifier, config in ({LATEST: None} | _object(versions, where)).items():
                check_place(account, region, name, qualifier)
                into.set((account, region), name, qualifier, _config(config, where))


def _object(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError(f"{where}: not an object")  # noqa: TRY004 - callers know one kind of error
    return data


def _config_to_json(config: Config) -> dict[str, Any]:
    halves = {"OnFailure": config.on_failure, "OnSuccess": config.on_success}
    return {
        "DestinationConfig": {
            half: {} if arn is None else {"Destination": arn} for half, arn in halves.items()
        },
        "LastModified": config.modified_ms / 1000,
        "MaximumEventAgeInSeconds": config.age_s,
        "MaximumRetryAttempts": config.retries,
    }


def _config(data: Any, where: str) -> Config | None:
    if data is None:
        return None
    try:
        settings = settings_from(_object(data, where))
    except AwsError as error:
        raise ValueError(f"{where}: {error}") from error
    violations = settings_violations(settings)
    if violations:
        raise ValueError(f"{where}: {violations[0]}")
    modified = data.get("LastModified", 0)
    if (
        isinstance(modified, bool)
        or not isinstance(modified, int | float)
        or not 0 <= modified < _FAR
    ):
        raise ValueError(f"{where}: LastModified: {modified!r} is not a time in seconds")
    return settings.put(round(modified * 1000))
