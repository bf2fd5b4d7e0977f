"""The functions that exist and their configurations, compactly.

A function whose only qualifier is $LATEST is one dictionary entry: its name, and its configuration
or None. Only a function with versions or aliases has a dictionary of its own. Configurations never
change, so that any number of functions share the one they were made with.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bulkeic.sandbox.state.function_arns import LATEST

Lane = tuple[str, str]


@dataclass(frozen=True, slots=True)
class StoredConfig:
    """An event-invoke configuration; None for what is not set.

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
        default: the configuration of functions that are made without another.
        any_function: whether every function exists, with every qualifier, and has the default.
    """

    __slots__ = ("_any", "_lanes", "_names", "default")

    def __init__(self, default: StoredConfig, *, any_function: bool = False) -> None:
        self.default = default
        self._any = any_function
        self._lanes: dict[Lane, dict[str, StoredConfig | Versions | None]] = {}
        self._names: dict[Lane, list[str]] = {}

    def exists(self, lane: Lane, name: str, qualifier: str = LATEST) -> bool:
        """Whether the function has that version or alias."""
        if self._any:
            return True
        functions = self._lanes.get(lane)
        if functions is None or name not in functions:
            return False
        held = functions[name]
        return qualifier in held if isinstance(held, dict) else qualifier == LATEST

    def config(self, lane: Lane, name: str, qualifier: str) -> StoredConfig | None:
        """The configuration there, or None."""
        unseen = self.default if self._any else None
        functions = self._lanes.get(lane)
        if functions is None or name not in functions:
            return unseen
        held = functions[name]
        if isinstance(held, dict):
            return held.get(qualifier, unseen)
        return held if qualifier == LATEST else unseen

    def configs(self, lane: Lane, name: str) -> list[tuple[str, StoredConfig]]:
        """The configurations of all versions and aliases of a function, by qualifier."""
        versions = self._versions(lane, name)
        return [(key, config) for key, config in sorted(versions.items()) if config is not None]

    def set(self, lane: Lane, name: str, qualifier: str, config: StoredConfig | None) -> None:
        """Make the function, version or alias if need be, and set or remove its configuration."""
        functions = self._lanes.setdefault(lane, {})
        if name not in functions:
            self._names.pop(lane, None)
        if qualifier == LATEST and not isinstance(functions.get(name), dict):
            functions[name] = config
            return
        versions = self._versions(lane, name)
        versions[qualifier] = config
        functions[name] = versions

    def hold(self, lane: Lane, name: str, qualifier: str, config: StoredConfig | None) -> None:
        """Make the function and that version or alias; a configuration that is there stays.

        Args:
            lane: (account, Region).
            name: bare function name.
            qualifier: version or alias.
            config: the configuration that goes with it if it has none.
        """
        if name not in self._lanes.setdefault(lane, {}):
            self._names.pop(lane, None)
            unseen = self.default if self._any else None
            self._lanes[lane][name] = config if qualifier == LATEST else unseen
        if self._versions(lane, name).get(qualifier) is None:
            self.set(lane, name, qualifier, config)

    def hold_all(self, lane: Lane, configs: Mapping[str, StoredConfig | None]) -> None:
        """Make functions with these configurations; what is there already stays as it is."""
        self._names.pop(lane, None)
        functions: dict[str, StoredConfig | Versions | None] = {
            **configs,
            **self._lanes.get(lane, {}),
        }
        self._lanes[lane] = functions

    def numbered(self, lane: Lane, name: str) -> list[str]:
        """$LATEST and the versions, without the aliases, of a function that was made, in order."""
        return sorted(
            qualifier
            for qualifier in self._versions(lane, name)
            if qualifier == LATEST or qualifier.isdecimal()
        )

    def names_after(self, lane: Lane, name: str, limit: int) -> list[str]:
        """The next functions of a lane, in order: at most `limit`, after a name."""
        names = self._names.get(lane)
        if names is None:
            names = self._names[lane] = sorted(self._lanes.get(lane, {}))
        start = bisect_right(names, name) if name else 0
        return names[start : start + limit]

    def functions(self) -> Iterator[tuple[Lane, str, Versions]]:
        """Every function that was made or changed, in order of account, Region and name."""
        for lane in sorted(self._lanes):
            for name in sorted(self._lanes[lane]):
                yield lane, name, self._versions(lane, name)

    def replace(self, other: "Fleet") -> None:
        """Hold what another fleet holds, which is not to be used any more."""
        self._lanes, self._names = other._lanes, {}  # noqa: SLF001 - of the same class

    def _versions(self, lane: Lane, name: str) -> Versions:
        unseen = self.default if self._any else None
        held = self._lanes.get(lane, {}).get(name, unseen)
        return held if isinstance(held, dict) else {LATEST: held}
