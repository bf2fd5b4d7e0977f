"""Which functions a discovery looks for, and which of their qualifiers become targets.

A function must match every criterion that is given. Runtime and time of a published version are its
own; an alias and a configuration of another qualifier have those of ``$LATEST``.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

import msgspec

from bulkeic.core.code.owner_tags import manager_of
from bulkeic.core.code.ownership import Manager
from bulkeic.core.errors import InputError, quoted
from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import LATEST, Lane
from bulkeic.core.targets.selection import pattern_matcher
from bulkeic.discovery.model.modified_since import modified_at
from bulkeic.discovery.model.runtimes import matches_runtime
from bulkeic.discovery.model.tag_filters import has_tags
from bulkeic.discovery.model.target_document import CONFIG_FIELD, TAGS_FIELD, target_document


class Qualifiers(StrEnum):
    """Which qualifiers of a function become targets."""

    LATEST = "latest"
    ALIASES = "aliases"
    VERSIONS = "versions"
    CONFIGURED = "configured"


class FoundTarget(msgspec.Struct, frozen=True):
    """A target that a discovery has found.

    Attributes:
        config: its configuration, API names; ``None``: it has none, or it was not read.
    """

    lane: Lane
    function: str
    qualifier: str
    config: dict[str, Any] | None = None


class Criteria(msgspec.Struct, frozen=True, kw_only=True):
    """What a discovery looks for. The discovery file stores it for the command that resumes.

    Attributes:
        qualifiers: which become targets; at least one.
        names: globs of function names; ``!`` excludes.
        tags: tag → the values that are allowed; an empty tuple: any value.
        runtimes: globs of runtimes; ``!`` excludes.
        modified_since: Unix time in seconds; ``None``: any.
        managed_by: what may manage a function; empty: anything.
        where: JMESPath on a target; ``None``: every target.
        where_names: the fields of a target's document that ``where`` may read.
        with_config: whether targets have their configuration.
    """

    qualifiers: tuple[Qualifiers, ...] = (Qualifiers.LATEST,)
    names: tuple[str, ...] = ()
    tags: dict[str, tuple[str, ...]] = {}
    runtimes: tuple[str, ...] = ()
    modified_since: float | None = None
    managed_by: tuple[Manager, ...] = ()
    where: str | None = None
    where_names: tuple[str, ...] = ()
    with_config: bool = False

    @property
    def needs_tags(self) -> bool:
        """Whether tags must be read."""
        return bool(self.tags or self.managed_by) or TAGS_FIELD in self.where_names

    @property
    def needs_aliases(self) -> bool:
        """Whether ListAliases must be called for each function."""
        return Qualifiers.ALIASES in self.qualifiers

    @property
    def needs_versions(self) -> bool:
        """Whether ListFunctions must list the published versions, too."""
        return Qualifiers.VERSIONS in self.qualifiers

    @property
    def needs_configs(self) -> bool:
        """Whether ListFunctionEventInvokeConfigs must be called for each function."""
        return (
            self.with_config
            or Qualifiers.CONFIGURED in self.qualifiers
            or CONFIG_FIELD in self.where_names
        )

    def may_match(self, function: FoundFunction) -> bool:
        """Whether a function may have a target, as far as is known of it.

        Called before aliases and configurations are read, so that no call is spent on others.
        """
        if not pattern_matcher(self.names)(function.name):
            return False
        if function.tags is not None and not self._has_wanted_tags(function.tags):
            return False
        known = [function.facts, *function.versions.values()]
        return any(map(self._has_wanted_facts, known))

    def targets(
        self, function: FoundFunction, where: Callable[[dict[str, Any]], bool]
    ) -> Iterator[FoundTarget]:
        """The targets of a function about which everything needed is known.

        They are in this order: ``$LATEST``, versions by number, aliases by name.

        Args:
            function: the function; without tags, it is taken to have none.
            where: whether a target's document matches ``where``.
        """
        if not self.may_match(function) or not self._has_wanted_tags(function.tags or {}):
            return
        configs = function.configs or {}
        for qualifier in sorted(self._qualifiers_of(function), key=_rank):
            facts = function.versions.get(qualifier, function.facts)
            if not self._has_wanted_facts(facts):
                continue
            config = configs.get(qualifier)
            if self.where is None or where(target_document(function, qualifier)):
                yield FoundTarget(
                    function.lane, function.name, qualifier, config if self.with_config else None
                )

    def _qualifiers_of(self, function: FoundFunction) -> set[str]:
        found: set[str] = set()
        for kind in self.qualifiers:
            match kind:
                case Qualifiers.LATEST:
                    found.add(LATEST)
                case Qualifiers.ALIASES:
                    found.update(function.aliases)
                case Qualifiers.VERSIONS:
                    found.update(function.versions)
                case Qualifiers.CONFIGURED:
                    found.update(function.configs or ())
        return found

    def _has_wanted_tags(self, tags: dict[str, str]) -> bool:
        return has_tags(tags, self.tags) and (
            not self.managed_by or manager_of(tags) in self.managed_by
        )

    def _has_wanted_facts(self, facts: dict[str, Any]) -> bool:
        """Whether runtime and time match; of a function that is known by name only, they do."""
        if not facts:
            return True
        if self.runtimes and not matches_runtime(facts.get("Runtime"), self.runtimes):
            return False
        if self.modified_since is None:
            return True
        modified = modified_at(facts.get("LastModified") or "")
        return modified is None or modified >= self.modified_since


def parse_qualifiers(text: str) -> tuple[Qualifiers, ...]:
    """The kinds of a list with commas, each once.

    Raises:
        InputError: one is unknown.
    """
    kinds = {kind.value: kind for kind in Qualifiers}
    found = []
    for part in text.split(","):
        kind = kinds.get(part.strip())
        if kind is None:
            raise InputError(
                f"{quoted(part.strip())} is invalid; expected one or several of "
                f"{', '.join(kinds)}, with commas between them"
            )
        found.append(kind)
    return tuple(dict.fromkeys(found))


def _rank(qualifier: str) -> tuple[int, int, str]:
    if qualifier == LATEST:
        return (0, 0, "")
    if qualifier.isdecimal():
        return (1, int(qualifier), qualifier)
    return (2, 0, qualifier)
