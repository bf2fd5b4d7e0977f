"""A policy as a message: ``--where`` travels as text, and is compiled where it is used."""

from collections.abc import Callable
from typing import Any

import msgspec

from bulkeic.core.change.policy import (
    Apply,
    ApplyPlan,
    Change,
    Discover,
    Plan,
    Policy,
    Rewrite,
    Rollback,
    Verify,
    Where,
)

_CHANGES: dict[str, type[Change]] = {
    kind.__name__: kind for kind in (Apply, ApplyPlan, Rewrite, Rollback)
}


class PolicyForm(msgspec.Struct, frozen=True, array_like=True):
    """How a pass treats its targets.

    Attributes:
        pass_kind: ``Plan``, ``Verify`` or ``Discover``; empty: the change is made.
        change: name of the change's class; empty: there is none.
        flags: names of the fields that are true.
        where: the expression of ``--where``; ``None``: none.
    """

    pass_kind: str
    change: str
    flags: tuple[str, ...]
    where: str | None


def policy_form(policy: Policy, where: str | None) -> PolicyForm:
    """A policy as a message.

    Args:
        policy: of a pass.
        where: the expression that its ``where`` was compiled from.
    """
    if isinstance(policy, Discover):
        return PolicyForm(type(policy).__name__, "", (), None)
    change, kind, flags = policy, "", []
    if isinstance(policy, Plan | Verify):
        change, kind = policy.change, type(policy).__name__
    if isinstance(policy, Verify) and policy.finds_missing:
        flags.append("finds_missing")
    flags += [name for name in change.__struct_fields__ if getattr(change, name) is True]
    has_where = isinstance(change, Apply) and change.where is not None
    return PolicyForm(kind, type(change).__name__, tuple(flags), where if has_where else None)


def policy_of(form: PolicyForm, compile_where: Callable[[str], Where]) -> Policy:
    """The inverse of ``policy_form``.

    Args:
        form: the message.
        compile_where: compiles an expression.
    """
    if not form.change:
        return Discover()
    kind = _CHANGES[form.change]
    known = kind.__struct_fields__
    fields: dict[str, Any] = {name: True for name in form.flags if name in known}
    if form.where is not None:
        fields["where"] = compile_where(form.where)
    change = kind(**fields)
    match form.pass_kind:
        case "Plan":
            assert isinstance(change, Apply | Rollback)  # noqa: S101 - as it was made
            return Plan(change)
        case "Verify":
            assert isinstance(change, Apply | Rollback)  # noqa: S101
            return Verify(change, finds_missing="finds_missing" in form.flags)
        case _:
            return change
