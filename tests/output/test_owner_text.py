"""Who manages the targets of a run, as people read it."""

from bulkeic.core.code.ownership import (
    ManagedTargets,
    Manager,
    NextDeployment,
    OwnerCount,
    StackCount,
)
from bulkeic.output.owner_text import owner_facts, owner_lines

UNKNOWN, REVERTS, KEEPS = NextDeployment.UNKNOWN, NextDeployment.REVERTS, NextDeployment.KEEPS
LARGEST = [("payments", 400), ("orders", 300), ("search", 9)]
STACKS = OwnerCount(Manager.CLOUDFORMATION, UNKNOWN, 1200, 14, LARGEST)
TAGGED = OwnerCount(Manager.TERRAFORM, UNKNOWN, 300, 0)
DECLARED = OwnerCount(Manager.TERRAFORM, REVERTS, 2, 2, [("aws_x.a", 1), ("aws_x.b", 1)])
KEPT = OwnerCount(Manager.TERRAFORM, KEEPS, 5, 5, [("aws_x.c", 1)])
IF_DECLARED = "if their code declares event-invoke settings"
FOURTEEN = "14 stacks (payments: 400, orders: 300, search: 9 and 11 more)"
WAY_OUT = "  change their code, too{}; see docs/how-to/managed-functions.md"


def test_a_run_counts_its_targets_by_tool_and_warns() -> None:
    managed = ManagedTargets(
        [STACKS, TAGGED],
        500,
        stacks={UNKNOWN: StackCount(14, 1200, LARGEST)},
        stacks_of={Manager.CLOUDFORMATION: 14},
    )
    assert list(map(str, owner_lines(managed, can_skip=True))) == [
        "managed: 1,200 by CloudFormation in 14 stacks, 300 by Terraform; 500 by no known tool",
        f"warning: the next deployment may overwrite 1,500 targets, {IF_DECLARED}:",
        f"  1,200 in {FOURTEEN}, 300 by Terraform",
        WAY_OUT.format(", or leave them out with --skip-managed"),
    ]


def test_what_code_declares_is_certain_and_what_it_keeps_is_no_warning() -> None:
    lines = list(map(str, owner_lines(ManagedTargets([KEPT, DECLARED], 0, 3), can_skip=False)))
    assert lines == [
        "managed: 7 by Terraform; 3 whose tags were not read",
        "warning: the next deployment overwrites 2 targets, whose code declares other settings:",
        "  2 by Terraform (aws_x.a, aws_x.b)",
        WAY_OUT.format(""),
    ]
    assert len(owner_lines(ManagedTargets([KEPT]), can_skip=True)) == 1


def test_tools_share_a_stack() -> None:
    tools = (Manager.SAM, Manager.SERVERLESS)
    both = [OwnerCount(manager, UNKNOWN, 5, 1, [("shop", 5)]) for manager in tools]
    shop = {UNKNOWN: StackCount(1, 10, [("shop", 10)])}
    managed = ManagedTargets(both, stacks=shop, stacks_of=dict.fromkeys(tools, 1))
    assert owner_facts(managed) == [
        "5 by SAM in 1 stack, 5 by the Serverless Framework in 1 stack.",
        f"The next deployment may overwrite 10 targets, {IF_DECLARED}: 10 in stack shop.",
    ]


def test_stacks_may_be_unknown() -> None:
    serverless = OwnerCount(Manager.SERVERLESS, UNKNOWN, 5, 0)
    assert owner_facts(ManagedTargets([serverless])) == [
        "5 by the Serverless Framework.",
        f"The next deployment may overwrite 5 targets, {IF_DECLARED}: 5 in unknown stacks.",
    ]
    some = {UNKNOWN: StackCount(1, 2, [("shop", 2)])}
    assert owner_facts(ManagedTargets([serverless], stacks=some))[1].endswith(
        ": 2 in stack shop, 3 in unknown stacks."
    )


def test_a_rollback_and_a_run_without_owners_warn_of_nothing() -> None:
    assert len(owner_lines(ManagedTargets([STACKS], restores=True), can_skip=True)) == 1
    assert owner_lines(ManagedTargets((), 7), can_skip=True) == ["managed: 7 by no known tool"]
    assert owner_lines(None, can_skip=True) == []
