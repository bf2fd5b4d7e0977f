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
destination that is cleared need not be declared.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from bulkeic.core.code.declared_code import DeclaredCode
from bulkeic.core.code.ownership import Manager, NextDeployment, Owner
from bulkeic.core.errors import InputError
from bulkeic.core.model import CLEARED, Settings, Target
from bulkeic.core.targets.rows import WANTS_NONE, Defaults, RowParser

_FUNCTION = ""
"""The qualifier of resources that are functions."""

_NO_REGION = "-"
_ANYWHERE = Defaults(region=_NO_REGION)
"""Code that does not say where a function is must not be taken for an invalid row."""


class _Declared(msgspec.Struct, frozen=True, gc=False):
    """A resource of code.

    Attributes:
        settings: of a configuration; ``None``: it is a function.
        is_known: whether the code says which settings they are.
    """

    manager: Manager
    name: str
    settings: Settings | None
    is_known: bool = True

    def owner(self, wanted: Settings) -> Owner:
        """The owner of a target that a run gives some settings."""
        if not self.is_known:
            return Owner(self.manager, self.name)
        if self.settings is None or _has_same_settings(self.settings, wanted):
            return Owner(self.manager, self.name, NextDeployment.KEEPS)
        return Owner(self.manager, self.name, NextDeployment.REVERTS)


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
        self._declared: dict[_Key, _Declared] = {}
        for code in codes:
            for key, declared in (*_configs_of(code), *_functions_of(code)):
                self._declared.setdefault(key, declared)

    def owner(self, target: Target, wanted: Settings) -> Owner | None:
        """The owner of a target; ``None``: the code does not declare it.

        Args:
            target: its account and Region are known.
            wanted: the settings that a run gives it.
        """
        for key in _keys_of(target):
            found = self._declared.get(key)
            if found is not None:
                return found.owner(wanted)
        return None

    def combined(self, by_tags: Owner | None, target: Target, wanted: Settings) -> Owner | None:
        """The owner of a target that code and tags may name.

        Code beats tags, since it knows what it declares. A template does not say which stack it is
        deployed as, and the tags of its function do.

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
        return msgspec.structs.replace(by_tags, next_deployment=by_code.next_deployment)


def owners_of(codes: Sequence[DeclaredCode]) -> CodeOwners:
    """Reads who manages what from code."""
    return CodeOwners(codes)


def _keys_of(target: Target) -> Iterator[_Key]:
    """What may declare a target, the best first."""
    account_id, region = target.lane.account_id, target.lane.region
    for qualifier in (target.qualifier, _FUNCTION):
        for place in ((account_id, region), (account_id, ""), ("", region), ("", "")):
            yield _Key(target.function, qualifier, *place)


def _configs_of(code: DeclaredCode) -> Iterator[tuple[_Key, _Declared]]:
    """The configurations of code. One without a valid row is left out."""
    parser = RowParser(code.file, _ANYWHERE, exact=True)
    for seq, each in enumerate(code.configs):
        row = each.row
        if each.problem is not None:
            row = msgspec.structs.replace(row, values={**row.values, WANTS_NONE: True})
        try:
            job = parser.job(seq, row)
        except InputError:
            continue
        target, lane = job.target, job.target.lane
        region = "" if lane.region == _NO_REGION else lane.region
        name, is_known = _owner_name(code, each.address), each.problem is None
        key = _Key(target.function, target.qualifier, lane.account_id, region)
        yield key, _Declared(code.manager, name, job.settings, is_known)


def _functions_of(code: DeclaredCode) -> Iterator[tuple[_Key, _Declared]]:
    for each in code.functions:
        key = _Key(each.function, _FUNCTION, each.account_id or "", each.region or "")
        yield key, _Declared(code.manager, _owner_name(code, each.address), None)


def _owner_name(code: DeclaredCode, address: str) -> str:
    return address if code.manager is Manager.TERRAFORM else code.stack


def _has_same_settings(declared: Settings, wanted: Settings) -> bool:
    pairs = zip(msgspec.structs.astuple(declared), msgspec.structs.astuple(wanted), strict=True)
    return all(want in {None, has} or (want == CLEARED and has is None) for has, want in pairs)
