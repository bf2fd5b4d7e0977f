"""Which resource of infrastructure code manages a target.

The first row that fits decides. Names that agree in account and Region come before those whose code
does not say where they are.

====================================  ================================
the code declares                     next deployment
====================================  ================================
the configuration, other settings     reverts
the configuration, the same settings  keeps
the configuration, unknown settings   unknown
the function                          keeps: it declares nothing there
neither                               the code says nothing
====================================  ================================

The owner's name is Terraform's address of the configuration, or of the function, and else the stack
if that is known.
Settings are the same if the code declares each one that the run writes, with the same value; a
destination that is cleared need not be declared. Invalid settings are unknown.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from bulkeic.core.code.code_targets import code_targets
from bulkeic.core.code.declared_code import DeclaredCode
from bulkeic.core.code.ownership import Manager, NextDeployment, Owner
from bulkeic.core.errors import InputError
from bulkeic.core.model import CLEARED, Job, Settings, Target
from bulkeic.core.targets.names import PARTITIONS
from bulkeic.core.targets.rows import WANTS_NONE, Defaults, Row, RowParser

_FUNCTION = ""
"""The qualifier of resources that are functions."""

_NO_REGIONS = ("-", *(prefix for prefix, _ in PARTITIONS))
"""Replaces an unknown Region, so that a row without a Region is valid. There is one for each
partition, because a destination must be in the partition of its function."""


class DeclaredResource(msgspec.Struct, frozen=True, gc=False):
    """A resource of code.

    Attributes:
        name: of its owner.
        settings: of a configuration; ``None``: they are not known, or it is a function.
        is_config: whether it is a configuration.
    """

    manager: Manager
    name: str
    settings: Settings | None
    is_config: bool = True

    def owner(self, wanted: Settings) -> Owner:
        """The owner of a target that a run gives some settings."""
        if not self.is_config:
            effect = NextDeployment.KEEPS
        elif self.settings is None:
            effect = NextDeployment.UNKNOWN
        elif _has_same_settings(self.settings, wanted):
            effect = NextDeployment.KEEPS
        else:
            effect = NextDeployment.REVERTS
        return Owner(self.manager, self.name, effect)


class _Key(NamedTuple):
    """What a resource is found by.

    Attributes:
        function: its bare name.
        qualifier: of a configuration; empty: the resource is a function.
        account_id: empty: the code does not say.
        region: empty: the code does not say.
    """

    function: str
    qualifier: str
    account_id: str
    region: str


class CodeOwners:
    """Looks up the owners of targets in code; see the table above.

    Args:
        codes: those given first come first.
    """

    def __init__(self, codes: Sequence[DeclaredCode]) -> None:
        self._declared: dict[_Key, DeclaredResource] = {}
        for key, declared in (*_configs_of(codes), *_functions_of(codes)):
            self._declared.setdefault(key, declared)

    def owner(self, target: Target, wanted: Settings) -> Owner | None:
        """The owner of a target; ``None``: the code does not declare it.

        Args:
            target: its account and Region are known.
            wanted: the settings that a run gives it.
        """
        found = self.config_of(target) or self._best(target, _FUNCTION)
        return None if found is None else found.owner(wanted)

    def config_of(self, target: Target) -> DeclaredResource | None:
        """The configuration of a target; ``None``: the code does not declare it."""
        return self._best(target, target.qualifier)

    def combined(self, by_tags: Owner | None, target: Target, wanted: Settings) -> Owner | None:
        """The owner of a target that code and tags may name.

        The code is right, because it declares the settings. But a template does not name its stack,
        and the tags of its function do.

        Args:
            by_tags: the owner that tags name.
            target: as for ``owner``.
            wanted: as for ``owner``.
        """
        by_code = self.owner(target, wanted)
        if by_code is None or by_tags is None:
            return by_code or by_tags
        if Manager.TERRAFORM in {by_code.manager, by_tags.manager} or not by_tags.name:
            return by_code
        return replace(by_tags, next_deployment=by_code.next_deployment)

    def _best(self, target: Target, qualifier: str) -> DeclaredResource | None:
        """The resource that identifies a target best; ``None``: none does."""
        found = map(self._declared.get, _keys_of(target, qualifier))
        return next((each for each in found if each is not None), None)


def owners_of(codes: Sequence[DeclaredCode]) -> CodeOwners:
    """Reads who manages what from code."""
    return CodeOwners(codes)


def _keys_of(target: Target, qualifier: str) -> Iterator[_Key]:
    """What may declare a target, the best first."""
    account_id, region = target.lane.account_id, target.lane.region
    for place in ((account_id, region), (account_id, ""), ("", region), ("", "")):
        yield _Key(target.function, qualifier, *place)


def _configs_of(codes: Sequence[DeclaredCode]) -> Iterator[tuple[_Key, DeclaredResource]]:
    """The configurations of code. One without a valid target is left out."""
    configs = [(code, config) for code in codes for config in code.configs]
    targets = code_targets(codes, with_lacking=False)
    parsers = [RowParser("", Defaults(region=each), exact=True) for each in _NO_REGIONS]
    for seq, ((code, config), located) in enumerate(zip(configs, targets, strict=True)):
        row = config.row if isinstance(located.row, InputError) else located.row
        whole = None if config.problem else _job(parsers, seq, row)
        job = whole or _job(parsers, seq, replace(row, values=row.values | {WANTS_NONE: True}))
        if job is None:
            continue
        target, lane = job.target, job.target.lane
        region = "" if lane.region in _NO_REGIONS else lane.region
        key = _Key(target.function, target.qualifier, lane.account_id, region)
        settings = None if whole is None else whole.settings
        yield key, DeclaredResource(code.manager, _owner_name(code, config.address), settings)


def _job(parsers: Sequence[RowParser], seq: int, row: Row) -> Job | None:
    """The job that the first parser makes of a row; ``None``: it is valid for none."""
    for parser in parsers:
        try:
            return parser.job(seq, row)
        except InputError:
            continue
    return None


def _functions_of(codes: Sequence[DeclaredCode]) -> Iterator[tuple[_Key, DeclaredResource]]:
    for code in codes:
        for each in code.functions:
            key = _Key(each.function, _FUNCTION, each.account_id or "", each.region or "")
            name = _owner_name(code, each.address)
            yield key, DeclaredResource(code.manager, name, None, is_config=False)


def _owner_name(code: DeclaredCode, address: str) -> str:
    return address if code.manager is Manager.TERRAFORM else code.stack


def _has_same_settings(declared: Settings, wanted: Settings) -> bool:
    pairs = zip(msgspec.structs.astuple(declared), msgspec.structs.astuple(wanted), strict=True)
    return all(want in {None, has} or (want == CLEARED and has is None) for has, want in pairs)
