"""The functions that exist and their configurations, in little memory.

A function whose only qualifier is $LATEST is one dictionary entry: its name, and its configuration
or None. Only a function with versions or aliases has a dictionary of its own, and only one with
facts of its own a `DescribedFunction`. All of these are never changed but replaced, so that many
functions share one.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bulkeic.sandbox.state.function_arns import LATEST
from bulkeic.sandbox.state.function_facts import DEFAULT_FACTS, FunctionFacts

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
"""The versions and aliases of a function, with their configurations."""


@dataclass(frozen=True, slots=True)
class DescribedFunction:
    """A function with facts of its own.

    Attributes:
        versions: its versions and aliases, never changed.
        facts: its facts.
    """

    versions: Versions
    facts: FunctionFacts


def described_function(versions: Versions, facts: FunctionFacts) -> DescribedFunction:
    """Return a function with facts: it also has the aliases that they name, with their versions."""
    named = dict.fromkeys([*facts.aliases, *facts.aliases.values()])
    return DescribedFunction({**named, **versions}, facts)


FleetEntry = StoredConfig | Versions | DescribedFunction | None
"""What the fleet holds for a function: see the module."""


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
        self._lanes: dict[Lane, dict[str, FleetEntry]] = {}
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
        return qualifier in _versions_of(functions[name])

    def config(self, lane: Lane, name: str, qualifier: str) -> StoredConfig | None:
        """Return a function's configuration, or None."""
        implied = self.default if self._any_function else None
        functions = self._lanes.get(lane)
        if functions is None or name not in functions:
            return implied
        return _versions_of(functions[name]).get(qualifier, implied)

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
        entry = functions.get(name)
        if qualifier == LATEST and not isinstance(entry, dict | DescribedFunction):
            functions[name] = config
            return
        versions = {**self._versions(lane, name), qualifier: config}
        if isinstance(entry, DescribedFunction):
            functions[name] = DescribedFunction(versions, entry.facts)
        else:
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

    def add_all(self, lane: Lane, entries: Mapping[str, FleetEntry]) -> None:
        """Add functions, which can share their entries; existing ones stay as they are."""
        self._names.pop(lane, None)
        self._lanes[lane] = {**entries, **self._lanes.get(lane, {})}

    def merge(self, lane: Lane, name: str, entry: FleetEntry) -> None:
        """Add a function, or replace what an entry has of an existing one: it may be shared."""
        functions = self._lanes.setdefault(lane, {})
        if name not in functions:
            self._names.pop(lane, None)
            functions[name] = entry
            return
        for qualifier, config in _versions_of(entry).items():
            self.set_config(lane, name, qualifier, config)
        if isinstance(entry, DescribedFunction):
            self.describe(lane, name, entry.facts)

    def facts(self, lane: Lane, name: str) -> FunctionFacts:
        """Return a function's facts."""
        entry = self._lanes.get(lane, {}).get(name)
        return entry.facts if isinstance(entry, DescribedFunction) else DEFAULT_FACTS

    def describe(self, lane: Lane, name: str, facts: FunctionFacts) -> None:
        """Replace the facts of a function that was added.

        The aliases that the facts name, and their versions, are added if they are missing.
        """
        self._lanes[lane][name] = described_function(self._versions(lane, name), facts)

    def version_numbers(self, lane: Lane, name: str) -> list[int]:
        """Return the published versions of a function, sorted."""
        return sorted(int(each) for each in self._versions(lane, name) if each.isdecimal())

    def alias_names(self, lane: Lane, name: str) -> list[str]:
        """Return the aliases of a function, sorted."""
        versions = self._versions(lane, name)
        return sorted(each for each in versions if each != LATEST and not each.isdecimal())

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
        return _versions_of(self._lanes.get(lane, {}).get(name, implied))


def _versions_of(entry: FleetEntry) -> Versions:
    if isinstance(entry, DescribedFunction):
        return entry.versions
    return entry if isinstance(entry, dict) else {LATEST: entry}
