"""What manages a target, and what that does to the target when it is deployed again."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec


class Manager(StrEnum):
    """What manages a function."""

    NONE = "none"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"
    SAM = "sam"
    SERVERLESS = "serverless"


class NextDeployment(StrEnum):
    """What the next deployment of a manager does to the settings that a run writes.

    =======  ===========================================================================
    word     because
    =======  ===========================================================================
    unknown  only the tags of the function are known, and they do not say what the code
             declares
    reverts  the code declares the configuration, with other settings
    keeps    the code declares the same settings, or the function without a configuration
    =======  ===========================================================================
    """

    UNKNOWN = "unknown"
    REVERTS = "reverts"
    KEEPS = "keeps"


class Owner(msgspec.Struct, frozen=True, gc=False):
    """What manages a target.

    Attributes:
        manager: the tool.
        name: its name of the function or of the configuration: a stack, or an address of Terraform;
            empty: unknown.
        next_deployment: what it does to the settings that the run writes.
    """

    manager: Manager
    name: str = ""
    next_deployment: NextDeployment = NextDeployment.UNKNOWN

    def __str__(self) -> str:
        return f"{self.manager}:{self.name}" if self.name else str(self.manager)


class OwnerCount(msgspec.Struct, frozen=True):
    """Targets of one manager.

    Attributes:
        manager: the tool.
        next_deployment: what it does to these targets.
        targets: their number.
        names: number of different stacks or addresses; unknown ones do not count.
        largest: the names with most targets, each with its number of targets.
    """

    manager: Manager
    next_deployment: NextDeployment
    targets: int
    names: int
    largest: Sequence[tuple[str, int]] = ()


class StackCount(msgspec.Struct, frozen=True):
    """Stacks that have targets of a run, whichever tool deploys them.

    Attributes:
        names: number of different ones.
        targets: number of their targets.
        largest: the names with most targets, each with its number of targets.
    """

    names: int = 0
    targets: int = 0
    largest: Sequence[tuple[str, int]] = ()


class ManagedTargets(msgspec.Struct, frozen=True):
    """The targets of a run by what manages them.

    Attributes:
        owners: those with a known owner, most targets first.
        unmanaged: number of targets without one, although tags or code were read.
        unread: number of targets whose tags were not read, and that no code declares.
        restores: whether the run restores what the targets had, so that it adds nothing to what
            their code declares.
        stacks: known stacks, by what their next deployment does.
        stacks_of: number of known stacks by manager.
    """

    owners: Sequence[OwnerCount] = ()
    unmanaged: int = 0
    unread: int = 0
    restores: bool = False
    stacks: Mapping[NextDeployment, StackCount] = {}
    stacks_of: Mapping[Manager, int] = {}

    def counts(self) -> dict[str, int]:
        """The number of targets by manager, those without one as ``none``, and ``unread``."""
        found = dict.fromkeys((each.value for each in Manager), 0)
        for owner in self.owners:
            found[owner.manager.value] += owner.targets
        return found | {Manager.NONE.value: self.unmanaged, "unread": self.unread}
