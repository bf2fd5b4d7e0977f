"""Which resource of infrastructure code manages a target.

The first row that fits decides. Names that agree in account and Region come before those whose code
does not say where they are.

====================================  ==========================  ================================
the code declares                     name of the owner           next deployment
====================================  ==========================  ================================
the configuration, other settings     address or stack            reverts
the configuration, the same settings  the same                    keeps
the configuration, unknown settings   the same                    unknown
the function                          the same, of the function   keeps: it declares nothing there
neither                               the code says nothing
====================================  ==========================  ================================

Settings are the same if the code declares each one that the run writes, with the same value; a
destination that is cleared need not be declared. Terraform's resources have addresses. A template
is one stack, and its file stands for a stack whose name is not known.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from bulkeic.core.code.declared_code import DeclaredCode
from bulkeic.core.code.ownership import Manager, NextDeployment, Owner
from bulkeic.core.errors import InputError
from bulkeic.core.model import CLEARED, Settings, Target
from bulkeic.core.targets.rows import WANTS_NONE, Defaults, RowParser

_NO_REGION = "-"
_ANYWHERE = Defaults(region=_NO_REGION)
"""Code that does not say where a function is must not be taken for an invalid row."""


class _Declared(msgspec.Struct, frozen=True, gc=False):
    """A resource of code.

    Attributes:
        account_id: empty: the code does not say.
        region: empty: the code does not say.
        settings: of a configuration; ``None``: it is a function.
        is_known: whether the code says which settings they are.
    """

    manager: Manager
    name: str
    account_id: str
    region: str
    settings: Settings | None
    is_known: bool = True

    def is_at(self, target: Target) -> bool:
        """Whether it can be the resource of a target, by account and Region."""
        lane = target.lane
        return self.account_id in {"", lane.account_id} and self.region in {"", lane.region}

    def owner(self, wanted: Settings) -> Owner:
        """The owner of a target that a run gives some settings."""
        if not self.is_known:
            return Owner(self.manager, self.name)
        if self.settings is None or _has_same_settings(self.settings, wanted):
            return Owner(self.manager, self.name, NextDeployment.KEEPS)
        return Owner(self.manager, self.name, NextDeployment.REVERTS)


class CodeOwners:
    """Looks up the owners of targets in code; see the table above.

    Args:
        codes: those given first come first.
    """

    def __init__(self, codes: Sequence[DeclaredCode]) -> None:
        self._configs: defaultdict[tuple[str, str], list[_Declared]] = defaultdict(list)
        self._functions: defaultdict[str, list[_Declared]] = defaultdict(list)
        for code in codes:
            for key, config in _configs_of(code):
                self._configs[key].append(config)
            for each in code.functions:
                name = _owner_name(code, each.address)
                account, region = each.account_id or "", each.region or ""
                declared = _Declared(code.manager, name, account, region, None)
                self._functions[each.function].append(declared)

    def owner(self, target: Target, wanted: Settings) -> Owner | None:
        """The owner of a target; ``None``: the code does not declare it.

        Args:
            target: its account and Region are known.
            wanted: the settings that a run gives it.
        """
        for found in (
            self._configs.get((target.function, target.qualifier), ()),
            self._functions.get(target.function, ()),
        ):
            here = [each for each in found if each.is_at(target)]
            if here:
                best = max(here, key=lambda each: bool(each.account_id) + bool(each.region))
                return best.owner(wanted)
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


def _configs_of(code: DeclaredCode) -> Iterator[tuple[tuple[str, str], _Declared]]:
    """The configurations of code by function and qualifier. One without a valid row is left out."""
    parser = RowParser(code.file, _ANYWHERE, exact=True)
    for seq, each in enumerate(code.configs):
        row = each.row
        if each.problem is not None:
            row = msgspec.structs.replace(row, values={**row.values, WANTS_NONE: True})
        try:
            job = parser.job(seq, row)
        except InputError:
            continue
        target, name = job.target, _owner_name(code, each.address)
        region = "" if target.lane.region == _NO_REGION else target.lane.region
        found = _Declared(
            code.manager,
            name,
            target.lane.account_id,
            region,
            job.settings,
            is_known=each.problem is None,
        )
        yield (target.function, target.qualifier), found


def _owner_name(code: DeclaredCode, address: str) -> str:
    return address if code.manager is Manager.TERRAFORM else code.stack or code.file


def _has_same_settings(declared: Settings, wanted: Settings) -> bool:
    pairs = zip(msgspec.structs.astuple(declared), msgspec.structs.astuple(wanted), strict=True)
    return all(want in {None, has} or (want == CLEARED and has is None) for has, want in pairs)
