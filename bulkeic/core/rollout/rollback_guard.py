"""The guard of rollbacks and plans: a target that someone else changed since is not overwritten.

``Job.expected`` is what the target must still have: what the run left there (rollback), what the
plan read (apply after a plan), or what an interrupted session read (resume).
"""

import msgspec

from bulkeic.core.change.policy import ApplyPlan, Plan, Policy, Rewrite, Rollback, change_of
from bulkeic.core.change.snapshot import change_text
from bulkeic.core.model import Lane, Settings, Target

PLAN_OUTDATED = "PlanOutdated"
CHANGED_SINCE = "ChangedSince"
NO_BEFORE_IMAGE = "NoBeforeImage"
"""The error code of a target that a rollback cannot restore."""


def has_no_goal(place: Lane | Target | None, error_code: str | None) -> bool:
    """Whether a verification has nothing to compare a target with.

    Args:
        place: of the target; ``None``: its row is invalid.
        error_code: of its outcome.
    """
    return place is None or error_code == NO_BEFORE_IMAGE


class OutsideChange(msgspec.Struct, frozen=True):
    """A change by someone else that must not be overwritten: the outcome's code and message."""

    code: str
    message: str


def find_outside_change(
    expected: Settings | None, current: Settings, policy: Policy
) -> OutsideChange | None:
    """The change by someone else that the guard protects, if any; the first row that fits.

    =====================================  ================
    case                                   result
    =====================================  ================
    nothing is expected                    none
    the target has what is expected        none
    the policy forces the change           none
    a plan, or a change that was planned   ``PlanOutdated``
    else                                   ``ChangedSince``
    =====================================  ================

    Args:
        expected: snapshot that the target must have; ``None``: any.
        current: snapshot of what it has.
        policy: of the run.
    """
    if expected is None or current == expected:
        return None
    change = change_of(policy)
    if not isinstance(change, Rewrite) and change.force:
        return None
    code = PLAN_OUTDATED if _is_planned(policy) else CHANGED_SINCE
    return OutsideChange(code, change_text(current, expected))


def _is_planned(policy: Policy) -> bool:
    if isinstance(policy, Plan | ApplyPlan):
        return True
    return isinstance(policy, Rollback) and policy.planned
