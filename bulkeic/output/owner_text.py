"""Who manages the targets of a run, and what that does to them, as lines of text."""

from collections import Counter
from collections.abc import Sequence

from bulkeic.core.code.ownership import (
    ManagedTargets,
    Manager,
    NextDeployment,
    OwnerCount,
    StackCount,
)
from bulkeic.output.formatting import counted
from bulkeic.output.terminal.styles import Style, styled, styled_line

_TITLES = {
    Manager.TERRAFORM: "Terraform",
    Manager.CLOUDFORMATION: "CloudFormation",
    Manager.SAM: "SAM",
    Manager.SERVERLESS: "the Serverless Framework",
}
_EFFECTS = {
    NextDeployment.REVERTS: "overwrites {}, whose code declares other settings",
    NextDeployment.UNKNOWN: "may overwrite {}, if their code declares event-invoke settings",
}
_SKIP = ", or leave them out with --skip-managed"
_WAY_OUT = "  change their code, too{}; see docs/how-to/managed-functions.md"


def owner_lines(managed: ManagedTargets | None, *, can_skip: bool) -> list[str]:
    """How many targets each tool manages, and what its next deployment does to them.

    Args:
        managed: the targets; ``None``: that was not looked for, and there is no line.
        can_skip: whether targets can still be left out.
    """
    if managed is None:
        return []
    warnings = []
    for effect, where in _warnings(managed):
        warnings += [styled_line(styled("warning", Style.WAITING), f": {effect}:"), f"  {where}"]
    way_out = _WAY_OUT.format(_SKIP * can_skip)
    return [f"managed: {owner_text(managed)}", *warnings, *[way_out] * bool(warnings)]


def owner_facts(managed: ManagedTargets) -> list[str]:
    """The same as sentences."""
    warnings = [f"T{effect[1:]}: {where}." for effect, where in _warnings(managed)]
    return [f"{owner_text(managed)}.", *warnings]


def owner_text(managed: ManagedTargets) -> str:
    """How many targets each tool manages."""
    targets: Counter[Manager] = Counter()
    for owner in managed.owners:
        targets[owner.manager] += owner.targets
    found = []
    for manager, number in targets.most_common():
        stacks = managed.stacks_of.get(manager)
        where = f" in {counted(stacks, 'stack')}" if stacks else ""
        found.append(f"{number:,} by {_TITLES[manager]}{where}")
    others = f"{managed.unmanaged:,} by no known tool" if managed.unmanaged or not found else ""
    unread = f"{managed.unread:,} whose tags were not read" if managed.unread else ""
    return "; ".join(filter(None, [", ".join(found), others, unread]))


def _warnings(managed: ManagedTargets) -> list[tuple[str, str]]:
    """What the next deployment does to targets that it may change, and what manages these."""
    if managed.restores:
        return []
    found = []
    for effect, text in _EFFECTS.items():
        owners = [each for each in managed.owners if each.next_deployment is effect]
        if owners:
            number = counted(sum(each.targets for each in owners), "target")
            stacks = _in_stacks(owners, managed.stacks.get(effect, StackCount()))
            where = ", ".join([*stacks, *_by_terraform(owners)])
            found.append((f"the next deployment {text.format(number)}", where))
    return found


def _by_terraform(owners: Sequence[OwnerCount]) -> list[str]:
    """The targets of Terraform, with some of their addresses; empty: there are none."""
    for owner in owners:
        if owner.manager is Manager.TERRAFORM:
            names = _names([name for name, _ in owner.largest], owner.names)
            return [f"{owner.targets:,} by Terraform" + (f" ({names})" if names else "")]
    return []


def _in_stacks(owners: Sequence[OwnerCount], known: StackCount) -> list[str]:
    """The targets in stacks, with the largest of these; empty: there are none."""
    found = []
    if known.names == 1:
        found = [f"{known.targets:,} in stack {known.largest[0][0]}"]
    elif known.names:
        shown = [f"{name}: {targets:,}" for name, targets in known.largest]
        stacks = counted(known.names, "stack")
        found = [f"{known.targets:,} in {stacks} ({_names(shown, known.names)})"]
    total = sum(each.targets for each in owners if each.manager is not Manager.TERRAFORM)
    unknown = total - known.targets
    return found + [f"{unknown:,} in unknown stacks"] * bool(unknown)


def _names(shown: Sequence[str], number: int) -> str:
    more = number - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")
