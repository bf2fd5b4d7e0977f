"""Changes: configurations as images, what is made of them, and in what they differ."""

from typing import Any

import pytest

from bulkeic.core.change.policy import Apply, Policy, Rollback
from bulkeic.core.change.snapshot import (
    ABSENT,
    FieldChange,
    differences,
    goal_snapshot,
    snapshot_of,
    with_both_destinations,
)
from bulkeic.core.model import CLEARED, Settings
from tests.core.example_configs import CONFIG, GOAL, HAD, HALF, QUEUE, TOPIC, WISH

APPLY, REPLACE, RESTORE = Apply(), Apply(replace_destinations=True), Rollback()


@pytest.mark.parametrize(
    ("settings", "kept", "replaced"),
    [
        (Settings(1), Settings(1), Settings(1)),
        (Settings(1, 60, QUEUE, CLEARED),) * 3,
        (Settings(1, 60, CLEARED, CLEARED),) * 3,
        (HALF, Settings(None, None, TOPIC, QUEUE), Settings(None, None, CLEARED, QUEUE)),
        (
            Settings(on_failure=CLEARED),
            Settings(None, None, TOPIC, CLEARED),
            Settings(None, None, CLEARED, CLEARED),
        ),
        (
            Settings(0, on_success=QUEUE),
            Settings(0, None, QUEUE, CLEARED),
            Settings(0, None, QUEUE, CLEARED),
        ),
    ],
)
def test_one_destination_is_completed(
    settings: Settings, kept: Settings, replaced: Settings
) -> None:
    assert with_both_destinations(settings, HAD, APPLY) == kept
    assert with_both_destinations(settings, HAD, REPLACE) == replaced


def test_without_a_configuration_the_other_destination_is_cleared() -> None:
    assert with_both_destinations(HALF, ABSENT, APPLY) == Settings(None, None, CLEARED, QUEUE)


@pytest.mark.parametrize(
    ("settings", "image", "policy", "goal"),
    [
        (WISH, HAD, APPLY, GOAL),
        (WISH, ABSENT, APPLY, Settings(1, None, CLEARED, CLEARED)),
        (Settings(None, 60), HAD, APPLY, Settings(2, 60, TOPIC, CLEARED)),
        (HALF, HAD, APPLY, Settings(2, None, TOPIC, QUEUE)),
        (HALF, HAD, REPLACE, Settings(2, None, CLEARED, QUEUE)),
        (Settings(0, 60, CLEARED, QUEUE), HAD, APPLY, Settings(0, 60, CLEARED, QUEUE)),
        (GOAL, HAD, RESTORE, GOAL),
        (Settings(None, None, CLEARED, CLEARED), HAD, RESTORE, snapshot_of({"FunctionArn": "f"})),
        (ABSENT, HAD, RESTORE, ABSENT),
    ],
)
def test_the_goal_snapshot(
    settings: Settings, image: Settings, policy: Policy, goal: Settings
) -> None:
    assert goal_snapshot(settings, image, policy) == goal


@pytest.mark.parametrize(
    ("config", "image"),
    [
        (None, ABSENT),
        ({}, ABSENT),
        ({"FunctionArn": "f"}, Settings(None, None, CLEARED, CLEARED)),
        ({"MaximumRetryAttempts": 0}, Settings(0, None, CLEARED, CLEARED)),
        ({"DestinationConfig": {"OnSuccess": {}}}, Settings(None, None, CLEARED, CLEARED)),
        (CONFIG, HAD),
    ],
)
def test_snapshots(config: dict[str, Any] | None, image: Settings) -> None:
    assert snapshot_of(config) == image


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        (HAD, HAD, []),
        (ABSENT, ABSENT, []),
        (ABSENT, Settings(None, None, CLEARED, CLEARED), []),
        (HAD, GOAL, [("MaximumRetryAttempts", 2, 1)]),
        (
            Settings(0, 60, CLEARED, QUEUE),
            Settings(None, 61, TOPIC, CLEARED),
            [
                ("MaximumRetryAttempts", 0, None),
                ("MaximumEventAgeInSeconds", 60, 61),
                ("DestinationConfig.OnSuccess", None, TOPIC),
                ("DestinationConfig.OnFailure", QUEUE, None),
            ],
        ),
        (
            ABSENT,
            HAD,
            [("MaximumRetryAttempts", None, 2), ("DestinationConfig.OnSuccess", None, TOPIC)],
        ),
    ],
)
def test_differences(before: Settings, after: Settings, fields: list[tuple[str, Any, Any]]) -> None:
    assert differences(before, after) == [FieldChange(*each) for each in fields]
    assert differences(after, before) == [FieldChange(f, new, old) for f, old, new in fields]
