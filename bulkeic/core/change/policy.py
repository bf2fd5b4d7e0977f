"""How a run treats its targets: one struct for each kind of run."""

from collections.abc import Callable
from typing import Any

import msgspec

Where = Callable[[dict[str, Any]], str | None]
"""Why a configuration (API names) does not match ``--where``; ``None``: it matches."""


class Apply(msgspec.Struct, frozen=True, kw_only=True):
    """Change each target to its settings.

    Attributes:
        before_image: read each target before its first write.
        create_missing: create the configuration where a function has none.
        replace_destinations: clear a destination that the settings do not name.
        force: also overwrite targets that changed since an interrupted session read them.
        exact: the settings are whole configurations, as code declares them: what they do not set
            is removed, and settings without any mean no configuration.
        where: change only targets that match.
    """

    before_image: bool = False
    create_missing: bool = False
    replace_destinations: bool = False
    force: bool = False
    exact: bool = False
    where: Where | None = None


class ApplyPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Change each target as planned, if it still has what the plan read.

    Attributes:
        create_missing: as in ``Apply``.
        replace_destinations: as in ``Apply``.
        force: also overwrite targets that changed since the plan.
        exact: as in ``Apply``.
    """

    create_missing: bool = False
    replace_destinations: bool = False
    force: bool = False
    exact: bool = False


class Rollback(msgspec.Struct, frozen=True, kw_only=True):
    """Restore what each target had: the settings are snapshots, ``ABSENT`` means Delete.

    Attributes:
        planned: a plan of the rollback has read the targets.
        force: also overwrite targets that changed since the run.
    """

    planned: bool = False
    force: bool = False


class Rewrite(msgspec.Struct, frozen=True):
    """Read each target and write back what it has, so that nothing changes."""


class Plan(msgspec.Struct, frozen=True):
    """Read each target and find out what a change would do. Nothing is written.

    Attributes:
        change: the change to preview.
    """

    change: Apply | Rollback = Apply()


class Verify(msgspec.Struct, frozen=True):
    """Read each target and compare it with what a change makes of it. Nothing is written.

    Attributes:
        change: the change to compare with.
        finds_missing: tell a function without a configuration from one that does not exist.
    """

    change: Apply | Rollback = Apply()
    finds_missing: bool = False


class Discover(msgspec.Struct, frozen=True):
    """Read pages of listings: each job is a ``ListingJob``. Nothing is written."""


Change = Apply | ApplyPlan | Rollback | Rewrite
"""The policies that write to targets."""

Policy = Change | Plan | Verify | Discover

# A tuple: isinstance with a union is slow, and these functions run for each job.
_READ_ONLY = (Plan, Verify, Discover)
_SETTING = (Apply, ApplyPlan)


def is_change(policy: Policy) -> bool:
    """Whether targets are written."""
    return not isinstance(policy, _READ_ONLY)


def change_of(policy: Policy) -> Change:
    """The change that is made, planned or verified. A discovery has none."""
    assert not isinstance(policy, Discover)  # noqa: S101 - it reads no targets
    return policy.change if isinstance(policy, _READ_ONLY) else policy


def is_exact(policy: Policy) -> bool:
    """Whether the settings are whole configurations, to which nothing is added."""
    change = change_of(policy)
    return isinstance(change, Rollback) or (isinstance(change, _SETTING) and change.exact)


def calls_per_job(policy: Policy, *, in_waves: bool = False) -> int:
    """The most calls that a job usually takes, for a forecast.

    ============================================  =====
    policy                                        calls
    ============================================  =====
    any, in waves that are verified afterwards    3
    plan, verify, discover                        1
    apply with a before-image or ``where``        2
    apply whole configurations                    2
    apply a plan, rollback, rewrite               2
    else                                          1
    ============================================  =====

    Args:
        policy: of the run.
        in_waves: whether the run has waves.
    """
    if in_waves:
        return 3
    match policy:
        case Plan() | Verify() | Discover():
            return 1
        case Apply(before_image=before_image, exact=exact, where=where):
            return 2 if before_image or exact or where is not None else 1
        case _:
            return 2
