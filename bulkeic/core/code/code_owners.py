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
destination that is cleared need not be declared. Invalid settings are unknown. Terraform's
resources have addresses. A template is one stack, and its file stands for a stack whose name is
not known.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from bulkeic.core.code.code_targets import code_targets
from bulkeic.core.code.declared_code import DeclaredCode
from bulkeic.core.code.ownership import Manager, NextDeployment, Owner
from bulkeic.core.errors import InputError
from bulkeic.core.model import CLEARED, Job, Settings, Target
from bulkeic.core.targets.rows import WANTS_NONE, Defaults, Row, RowParser

_NO_REGION = "-"
_ANYWHERE = Defaults(region=_NO_REGION)
"""Code that does not say where a function is must not be taken for an invalid row."""


class DeclaredResource(msgspec.Struct, frozen=True, gc=False):
    """A resource of code.

    Attributes:
        name: of its owner.
        account_id: empty: the code does not say.
        region: empty: the code does not say.
        settings: of a configuration; ``None``: they are not known, or it is a function.
        is_config: whether it is a configuration.
    """

    manager: Manager
    name: str
    account_id: str
    region: str
    settings: Settings | None
    is_config: bool = True

    def is_at(self, target: Target) -> bool:
        """Whether it can be the resource of a target, by account and Region."""
        lane = target.lane
        return self.account_id in {"", lane.account_id} and self.region in {"", lane.region}

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


class CodeOwners:
    """Looks up the owners of targets in code; see the table above.

    Args:
        codes: those given first come first.
    """

    def __init__(self, codes: Sequence[DeclaredCode]) -> None:
        self._configs: defaultdict[tuple[str, str], list[DeclaredResource]] = defaultdict(list)
        self._functions: defaultdict[str, list[DeclaredResource]] = defaultdict(list)
        for key, config in _configs_of(codes):
            self._configs[key].append(config)
        for code in codes:
            for each in code.functions:
                name = _owner_name(code, each.address)
                account, region = each.account_id or "", each.region or ""
                declared = DeclaredResource(
                    code.manager, name, account, region, None, is_config=False
                )
                self._functions[each.function].append(declared)

    def owner(self, target: Target, wanted: Settings) -> Owner | None:
        """The owner of a target; ``None``: the code does not declare it.

        Args:
            target: its account and Region are known.
            wanted: the settings that a run gives it.
        """
        found = self.config_of(target) or _best(self._functions.get(target.function, ()), target)
        return None if found is None else found.owner(wanted)

    def config_of(self, target: Target) -> DeclaredResource | None:
        """The configuration of a target; ``None``: the code does not declare it."""
        return _best(self._configs.get((target.function, target.qualifier), ()), target)

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
        return replace(by_tags, next_deployment=by_code.next_deployment)


def owners_of(codes: Sequence[DeclaredCode]) -> CodeOwners:
    """Reads who manages what from code."""
    return CodeOwners(codes)


def _best(found: Sequence[DeclaredResource], target: Target) -> DeclaredResource | None:
    """The one that says best that it is a target's; ``None``: none can be."""
    here = [each for each in found if each.is_at(target)]
    return max(here, key=lambda each: bool(each.account_id) + bool(each.region), default=None)


def _configs_of(
    codes: Sequence[DeclaredCode],
) -> Iterator[tuple[tuple[str, str], DeclaredResource]]:
    """The configurations by function and qualifier. One without a valid target is left out."""
    configs = [(code, config) for code in codes for config in code.configs]
    targets = code_targets(codes, with_lacking=False)
    parser = RowParser("", _ANYWHERE, exact=True)
    for seq, ((code, config), located) in enumerate(zip(configs, targets, strict=True)):
        row = config.row if isinstance(located.row, InputError) else located.row
        whole = None if config.problem else _job(parser, seq, row)
        settings = None if whole is None else whole.settings
        job = whole or _job(parser, seq, replace(row, values=row.values | {WANTS_NONE: True}))
        if job is None:
            continue
        target, name = job.target, _owner_name(code, config.address)
        account, region = target.lane.account_id, target.lane.region.strip(_NO_REGION)
        found = DeclaredResource(code.manager, name, account, region, settings)
        yield (target.function, target.qualifier), found


def _job(parser: RowParser, seq: int, row: Row) -> Job | None:
    """The job of a row; ``None``: it is not valid."""
    try:
        return parser.job(seq, row)
    except InputError:
        return None


def _owner_name(code: DeclaredCode, address: str) -> str:
    return address if code.manager is Manager.TERRAFORM else code.stack or code.file


def _has_same_settings(declared: Settings, wanted: Settings) -> bool:
    pairs = zip(msgspec.structs.astuple(declared), msgspec.structs.astuple(wanted), strict=True)
    return all(want in {None, has} or (want == CLEARED and has is None) for has, want in pairs)
