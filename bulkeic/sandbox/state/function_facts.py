"""What a function is, apart from its event-invoke configurations.

The facts of a function as JSON, in the words of AWS's own descriptions; each key can be left out:

    {"Runtime": "python3.13" or null, "LastModified": "2025-11-01T10:00:00.000+0000",
     "MemorySize": 128, "Tags": {"team": "payments"}, "Aliases": {"live": "2"}}

A Runtime of null means a container image. An alias that is left out points to $LATEST.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from bulkeic.sandbox.state.function_arns import LATEST

CANARY_SECRET = "canary-secret-of-the-sandbox"  # noqa: S105 - a client that prints it leaks secrets
"""The value of an environment variable of every function."""

DEFAULT_RUNTIME = "python3.13"
DEFAULT_MEMORY_MB = 128
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%f%z"
# The year 5138, as for configurations.
_LATEST_TIME_MS = 10**14
_KEYS = ("Runtime", "LastModified", "MemorySize", "Tags", "Aliases")
_ALIAS = re.compile(r"(?!\d+$)[a-zA-Z0-9-_]{1,128}", re.ASCII)
_VERSION = re.compile(r"\$LATEST|[1-9]\d{0,19}", re.ASCII)
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FunctionFacts:
    """The facts of a function. They are never changed, so that many functions share one object.

    Attributes:
        runtime: its runtime; None for a container image.
        modified_ms: Unix time of its last change in milliseconds; None for the fleet's start.
        memory_mb: MemorySize in MiB.
        tags: its tags.
        aliases: the version of each alias that does not point to $LATEST.
    """

    runtime: str | None = DEFAULT_RUNTIME
    modified_ms: int | None = None
    memory_mb: int = DEFAULT_MEMORY_MB
    tags: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    aliases: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def version_of(self, qualifier: str) -> str:
        """Return the version that a version or an alias means."""
        return qualifier if qualifier.isdecimal() else self.aliases.get(qualifier, LATEST)


DEFAULT_FACTS = FunctionFacts()


def format_time(unix_ms: int) -> str:
    """Return a Unix time in milliseconds as Lambda writes LastModified of a function."""
    text = datetime.fromtimestamp(unix_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{unix_ms % 1000:03d}+0000"


def facts_to_json(facts: FunctionFacts) -> dict[str, Any]:
    """Return facts as an object for JSON, which `facts_from_json` reads."""
    data: dict[str, Any] = {"Runtime": facts.runtime, "MemorySize": facts.memory_mb}
    if facts.modified_ms is not None:
        data["LastModified"] = format_time(facts.modified_ms)
    if facts.tags:
        data["Tags"] = dict(sorted(facts.tags.items()))
    if facts.aliases:
        data["Aliases"] = dict(sorted(facts.aliases.items()))
    return data


def facts_from_json(data: Any) -> FunctionFacts:
    """Return the facts of decoded JSON.

    Raises:
        ValueError: the data is not an object, has an unknown key or an invalid value.
    """
    if not isinstance(data, dict):
        raise ValueError(f"{data!r:.200} is not an object")  # noqa: TRY004 - callers expect one error type
    unknown = [key for key in data if key not in _KEYS]
    if unknown:
        raise ValueError(f"{unknown[0]}: unknown field; expected one of {', '.join(_KEYS)}")
    runtime = data.get("Runtime", DEFAULT_RUNTIME)
    if runtime is not None and not (isinstance(runtime, str) and runtime):
        raise ValueError(f"Runtime: {runtime!r:.200} is not a string or null")
    memory_mb = data.get("MemorySize", DEFAULT_MEMORY_MB)
    if type(memory_mb) is not int or memory_mb < 1:
        raise ValueError(f"MemorySize: {memory_mb!r:.200} is not a number of MiB")
    return FunctionFacts(runtime, _time_ms(data), memory_mb, _strings(data, "Tags"), _aliases(data))


def _time_ms(data: dict[str, Any]) -> int | None:
    text = data.get("LastModified")
    if text is None:
        return None
    try:
        time = datetime.strptime(text, _TIME_FORMAT).astimezone(UTC)
        unix_ms = round(time.timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        unix_ms = -1
    if not 0 <= unix_ms < _LATEST_TIME_MS:
        raise ValueError(
            f"LastModified: {text!r:.200} is not a time like 2025-11-01T10:00:00.000+0000"
        )
    return unix_ms


def _aliases(data: dict[str, Any]) -> Mapping[str, str]:
    aliases = _strings(data, "Aliases")
    for alias, version in aliases.items():
        if not _ALIAS.fullmatch(alias):
            raise ValueError(f"Aliases: {alias!r:.200} is not the name of an alias")
        if not _VERSION.fullmatch(version):
            raise ValueError(f"Aliases: {alias}: {version!r:.200} is not a version")
    return aliases


def _strings(data: dict[str, Any], key: str) -> Mapping[str, str]:
    values = data.get(key, {})
    if not isinstance(values, dict) or not all(isinstance(each, str) for each in values.values()):
        raise ValueError(f"{key}: {values!r:.200} is not an object of strings")
    return values
