"""The functions that exist and their configurations, in little memory.

A function whose only qualifier is $LATEST is one dictionary entry: its name, and its configuration
or None. Only a function with versions or aliases has a dictionary of its own. Configurations are
immutable, so that many functions share one.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bulkeic.sandbox.state.function_arns import LATEST

Lane = tuple[str, str]
"""(account, Region)."""

FunctionKey = tuple[str, str, str]
"""(account, Region, function)."""


@dataclass(frozen=True, slots=True)
class StoredConfig:
    """An event-invoke configuration; None for settings that are not set.

    Attributes:
        retries: MaximumRetryAttempts.
        age_s: MaximumEventAgeInSeconds.
        on_failure: ARN.
        on_success: ARN.
        modified_ms: Unix time of the last change, in milliseconds.
    """

    retries: int | None
    age_s: int | None
    on_failure: str | None
    on_success: str | None
    modified_ms: int


Versions = dict[str, StoredConfig | None]


class Fleet:
    """All functions of all lanes.

    Args:
        default: the configuration of functions that are added without one.
        any_function: whether every function exists, with every qualifier, and has the default.
    """

    __slots__ = ("_any_function", "_lanes", "_names", "default")

    def __init__(self, default: StoredConfig, *, any_function: bool = False) -> None:
        self.default = default
        self._any_function = any_function
        self._lanes: dict[Lane, dict[str, StoredConfig | Versions | None]] = {}
        self._names: dict[Lane, list[str]] = {}

    def has_lane(self, lane: Lane) -> bool:
        """Whether a function of the lane was added or changed."""
        return lane in self._lanes

    def exists(self, lane: Lane, name: str, qualifier: str = LATEST) -> bool:
        """Whether the function has that version or alias."""
        if self._any_function:
            return True
        functions = self._lanes.get(lane)
        if functions is None or name not in functions:
            return False
        entry = functions[name]
        return qualifier in entry if isinstance(entry, dict) else qualifier == LATEST

    def config(self, lane: Lane, name: str, qualifier: str) -> StoredConfig | None:
        """Return a function's configuration, or None."""
        implied = self.default if self._any_function else None
        functions = self._lanes.get(lane)
        if functions is None or name not in functions:
            return implied
        entry = functions[name]
        if isinstance(entry, dict):
            return entry.get(qualifier, implied)
        return entry if qualifier == LATEST else implied

    def configs(self, lane: Lane, name: str) -> list[tuple[str, StoredConfig]]:
        """Return the configurations of a function's versions and aliases, sorted by qualifier."""
        versions = self._versions(lane, name)
        return [(key, config) for key, config in sorted(versions.items()) if config is not None]

    def set_config(
        self, lane: Lane, name: str, qualifier: str, config: StoredConfig | None
    ) -> None:
        """Set or remove a configuration; add its function, version or alias if it is missing."""
        functions = self._lanes.setdefault(lane, {})
        if name not in functions:
            self._names.pop(lane, None)
        if qualifier == LATEST and not isinstance(functions.get(name), dict):
            functions[name] = config
            return
        versions = self._versions(lane, name)
        versions[qualifier] = config
        functions[name] = versions

    def add(self, lane: Lane, name: str, qualifier: str, config: StoredConfig | None) -> None:
        """Add a function's version or alias; an existing configuration stays.

        Args:
            lane: (account, Region).
            name: bare function name.
            qualifier: version or alias.
            config: its configuration, unless it has one.
        """
        if name not in self._lanes.setdefault(lane, {}):
            self._names.pop(lane, None)
            implied = self.default if self._any_function else None
            self._lanes[lane][name] = config if qualifier == LATEST else implied
        if self._versions(lane, name).get(qualifier) is None:
            self.set_config(lane, name, qualifier, config)

    def add_all(self, lane: Lane, configs: Mapping[str, StoredConfig | None]) -> None:
        """Add functions with these configurations; existing functions stay as they are."""
        self._names.pop(lane, None)
        functions: dict[str, StoredConfig | Versions | None] = {
            **configs,
            **self._lanes.get(lane, {}),
        }
        self._lanes[lane] = functions

    def version_names(self, lane: Lane, name: str) -> list[str]:
        """Return $LATEST and the versions of a function, sorted, without its aliases."""
        return sorted(
            qualifier
            for qualifier in self._versions(lane, name)
            if qualifier == LATEST or qualifier.isdecimal()
        )

    def names_after(self, lane: Lane, name: str, limit: int) -> list[str]:
        """Return the next functions of a lane after a name, sorted: at most `limit`."""
        names = self._names.get(lane)
        if names is None:
            names = self._names[lane] = sorted(self._lanes.get(lane, {}))
        start = bisect_right(names, name) if name else 0
        return names[start : start + limit]

    def all_functions(self) -> Iterator[tuple[Lane, str, Versions]]:
        """Yield every function that was added or changed, by account, Region and name."""
        for lane in sorted(self._lanes):
            for name in sorted(self._lanes[lane]):
                yield lane, name, self._versions(lane, name)

    def replace_with(self, other: "Fleet") -> None:
        """Take over the functions of another fleet, which must not be used afterwards."""
        self._lanes, self._names = other._lanes, {}  # noqa: SLF001 - of the same class

    def _versions(self, lane: Lane, name: str) -> Versions:
        implied = self.default if self._any_function else None
        entry = self._lanes.get(lane, {}).get(name, implied)
        return entry if isinstance(entry, dict) else {LATEST: entry}
