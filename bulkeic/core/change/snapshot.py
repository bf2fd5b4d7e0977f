"""Snapshots of configurations, what settings make of them, and how two of them differ.

- A *snapshot* is a configuration as ``Settings``, without ``LastModified``. It names both
  destinations, ``CLEARED`` where they are unset. ``ABSENT`` names nothing: no configuration.
- Update merges, but AWS does not document whether it keeps a destination that is not sent. So a job
  that names one destination reads first, and sends both.
"""

from typing import Any

import msgspec

from bulkeic.core.change.policy import Apply, ApplyPlan, Policy, change_of, is_exact
from bulkeic.core.model import CLEARED, Outcome, Settings

ABSENT = Settings()

_REPLACING = (Apply, ApplyPlan)


def snapshot_of(config: dict[str, Any] | None) -> Settings:
    """The snapshot of a configuration.

    Args:
        config: as answered, API names; ``None`` or empty: there is none.
    """
    if not config:
        return ABSENT
    settings = Settings.from_api(config)
    return msgspec.structs.replace(
        settings,
        on_success=settings.on_success or CLEARED,
        on_failure=settings.on_failure or CLEARED,
    )


def replaces_destinations(policy: Policy) -> bool:
    """Whether a destination that the settings do not name is cleared."""
    change = change_of(policy)
    return isinstance(change, _REPLACING) and change.replace_destinations


def keeps_destination(settings: Settings, policy: Policy) -> bool:
    """Whether the target keeps a destination, so that it must be read first."""
    return settings.names_one_destination() and not replaces_destinations(policy)


def with_both_destinations(settings: Settings, current: Settings, policy: Policy) -> Settings:
    """The settings with both destinations, if they name one.

    ============  ====================  ========================
    they name     the other destination
    ..            usually               ``replace_destinations``
    ============  ====================  ========================
    both, none    unchanged             unchanged
    one           what the target has   cleared
    ============  ====================  ========================

    Args:
        settings: of the job.
        current: snapshot of the target.
        policy: of the run.
    """
    if not settings.names_one_destination():
        return settings
    other = ABSENT if replaces_destinations(policy) else current
    success, failure = settings.on_success, settings.on_failure
    return msgspec.structs.replace(
        settings,
        on_success=(other.on_success or CLEARED) if success is None else success,
        on_failure=(other.on_failure or CLEARED) if failure is None else failure,
    )


def goal_snapshot(settings: Settings, current: Settings, policy: Policy) -> Settings:
    """The snapshot that a target must have in the end.

    Args:
        settings: of the job.
        current: snapshot of the target.
        policy: of the run.
    """
    if is_exact(policy):
        return settings
    settings = with_both_destinations(settings, current, policy)
    values = zip(msgspec.structs.astuple(settings), msgspec.structs.astuple(current), strict=True)
    merged = Settings(*(old if new is None else new for new, old in values))
    return msgspec.structs.replace(
        merged,
        on_success=merged.on_success or CLEARED,
        on_failure=merged.on_failure or CLEARED,
    )


class FieldChange(msgspec.Struct, frozen=True):
    """A field of a configuration with two values; ``None``: it is not set."""

    field: str
    before: int | str | None
    after: int | str | None


_FIELDS = (
    "MaximumRetryAttempts",
    "MaximumEventAgeInSeconds",
    "DestinationConfig.OnSuccess",
    "DestinationConfig.OnFailure",
)


def differences(before: Settings, after: Settings) -> list[FieldChange]:
    """The fields in which two snapshots differ, in the API's order."""
    values = zip(
        _FIELDS, msgspec.structs.astuple(before), msgspec.structs.astuple(after), strict=True
    )
    changes = (FieldChange(field, _or_unset(old), _or_unset(new)) for field, old, new in values)
    return [change for change in changes if change.before != change.after]


def named_fields(settings: Settings) -> list[FieldChange]:
    """The fields that settings name, each as a change from a value that is not known."""
    values = zip(_FIELDS, msgspec.structs.astuple(settings), strict=True)
    return [
        FieldChange(field, None, _or_unset(value)) for field, value in values if value is not None
    ]


def _or_unset(value: int | str | None) -> int | str | None:
    return None if value == CLEARED else value


def drift_of(outcome: Outcome, policy: Policy) -> tuple[Settings, Settings]:
    """What a drifted target has, and what it must have, as snapshots.

    Args:
        outcome: of a verification.
        policy: of the verification.
    """
    current = snapshot_of(outcome.config)
    wanted = Settings.from_api(outcome.settings or {})
    return current, goal_snapshot(wanted, current, policy)


def drift_text(current: Settings, goal: Settings) -> str:
    """A message that lists how a target differs from what it must have."""
    if current == ABSENT:
        return "there is no configuration"
    if goal == ABSENT:
        return "there is a configuration, wanted none"
    return ", ".join(
        f"{change.field} is {_value_text(change.before)}, wanted {_value_text(change.after)}"
        for change in differences(current, goal)
    )


def change_text(current: Settings, expected: Settings) -> str:
    """A message that lists how a target changed since it was read."""
    if current == ABSENT:
        return "the configuration is gone"
    if expected == ABSENT:
        return "there is a configuration now"
    return ", ".join(
        f"{change.field} is {_value_text(change.after)}, was {_value_text(change.before)}"
        for change in differences(expected, current)
    )


def _value_text(value: int | str | None) -> str:
    return "not set" if value is None else str(value)
