"""Policies: what each writes, and what it costs."""

import pytest

from bulkeic.core.change.policy import (
    Apply,
    ApplyPlan,
    Discover,
    Plan,
    Policy,
    Rewrite,
    Rollback,
    Verify,
    calls_per_job,
    change_of,
    is_change,
)


@pytest.mark.parametrize(
    ("policy", "calls"),
    [
        (Apply(), 1),
        (Apply(create_missing=True, force=True), 1),
        (Apply(before_image=True), 2),
        (Apply(where=lambda _: None), 2),
        (Apply(exact=True), 2),
        (ApplyPlan(), 2),
        (ApplyPlan(force=True), 2),
        (Rollback(), 2),
        (Rollback(force=True), 2),
        (Rewrite(), 2),
        (Plan(Apply(before_image=True)), 1),
        (Plan(Rollback()), 1),
        (Verify(), 1),
        (Discover(), 1),
    ],
)
def test_the_calls_of_a_job(policy: Policy, calls: int) -> None:
    assert calls_per_job(policy) == calls
    assert calls_per_job(policy, in_waves=True) == 3


@pytest.mark.parametrize("change", [Apply(), ApplyPlan(), Rollback(), Rewrite()])
def test_a_change_writes_and_is_its_own_change(change: Policy) -> None:
    assert is_change(change)
    assert change_of(change) is change


@pytest.mark.parametrize("change", [Apply(create_missing=True), Rollback()])
def test_plan_and_verify_write_nothing(change: Apply | Rollback) -> None:
    for policy in (Plan(change), Verify(change)):
        assert not is_change(policy)
        assert change_of(policy) is change


def test_a_discovery_writes_nothing_and_has_no_change() -> None:
    assert not is_change(Discover())
    with pytest.raises(AssertionError):
        change_of(Discover())
