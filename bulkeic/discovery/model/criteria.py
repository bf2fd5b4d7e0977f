"""Which functions a discovery looks for, and which of their qualifiers become targets."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

import msgspec

from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Lane


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
    """What a discovery looks for. A run file stores it, so that a resumed discovery has the same.

    Attributes:
        qualifiers: which become targets; at least one.
        names: globs of function names; ``!`` excludes.
        tags: tag → the values that are allowed; an empty tuple: any value.
        runtimes: globs of runtimes; ``!`` excludes.
        modified_since: Unix time in seconds; ``None``: any.
        managed_by: names of ``Manager``; empty: any.
        where: JMESPath on a target; ``None``: every target.
        with_config: whether targets have their configuration.
    """

    qualifiers: tuple[Qualifiers, ...] = (Qualifiers.LATEST,)
    names: tuple[str, ...] = ()
    tags: dict[str, tuple[str, ...]] = {}
    runtimes: tuple[str, ...] = ()
    modified_since: float | None = None
    managed_by: tuple[str, ...] = ()
    where: str | None = None
    with_config: bool = False

    @property
    def needs_tags(self) -> bool:
        """Whether tags must be read."""
        raise NotImplementedError

    @property
    def needs_aliases(self) -> bool:
        """Whether ListAliases must be called for each function."""
        raise NotImplementedError

    @property
    def needs_versions(self) -> bool:
        """Whether ListFunctions must list the published versions, too."""
        raise NotImplementedError

    @property
    def needs_configs(self) -> bool:
        """Whether ListFunctionEventInvokeConfigs must be called for each function."""
        raise NotImplementedError

    def may_match(self, function: FoundFunction) -> bool:
        """Whether a function may have a target, as far as is known of it.

        Called before aliases and configurations are read, so that no call is spent on others.
        """
        raise NotImplementedError

    def targets(
        self, function: FoundFunction, where: Callable[[dict[str, Any]], bool]
    ) -> Iterator[FoundTarget]:
        """The targets of a function about which everything needed is known, sorted by qualifier.

        Args:
            function: the function.
            where: whether a target's document matches ``where``.
        """
        raise NotImplementedError
