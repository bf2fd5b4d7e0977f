"""The guard against overwriting what someone else changed, row by row."""

import pytest

from bulkeic.core.change.policy import Apply, ApplyPlan, Plan, Policy, Rewrite, Rollback
from bulkeic.core.change.snapshot import ABSENT
from bulkeic.core.model import Settings
from bulkeic.core.rollout.rollback_guard import (
    CHANGED_SINCE,
    PLAN_OUTDATED,
    OutsideChange,
    find_outside_change,
)
from tests.core.example_configs import GOAL, HAD

POLICIES: list[Policy] = [
    Apply(), ApplyPlan(), Rollback(), Rollback(planned=True), Rewrite(), Plan(), Plan(Rollback()),
]  # fmt: skip
FORCED: list[Policy] = [
    Apply(force=True), ApplyPlan(force=True), Rollback(force=True), Plan(Apply(force=True)),
    Plan(Rollback(force=True)),
]  # fmt: skip


@pytest.mark.parametrize("policy", [*POLICIES, *FORCED])
def test_a_target_that_is_as_expected_or_has_no_expectation_is_overwritten(
    policy: Policy,
) -> None:
    assert find_outside_change(None, HAD, policy) is None
    assert find_outside_change(HAD, HAD, policy) is None
    assert find_outside_change(ABSENT, ABSENT, policy) is None


@pytest.mark.parametrize("policy", FORCED)
def test_force_overwrites_a_changed_target(policy: Policy) -> None:
    assert find_outside_change(HAD, GOAL, policy) is None


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (Apply(), CHANGED_SINCE),
        (Rollback(), CHANGED_SINCE),
        (Rewrite(), CHANGED_SINCE),
        (ApplyPlan(), PLAN_OUTDATED),
        (Rollback(planned=True), PLAN_OUTDATED),
        (Plan(), PLAN_OUTDATED),
        (Plan(Rollback()), PLAN_OUTDATED),
    ],
)
@pytest.mark.parametrize(
    ("expected", "current", "message"),
    [
        (HAD, GOAL, "MaximumRetryAttempts is 1, was 2"),
        (HAD, ABSENT, "the configuration is gone"),
        (ABSENT, HAD, "there is a configuration now"),
    ],
)
def test_a_changed_target_is_a_conflict(
    policy: Policy, code: str, expected: Settings, current: Settings, message: str
) -> None:
    assert find_outside_change(expected, current, policy) == OutsideChange(code, message)
