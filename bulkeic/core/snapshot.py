"""Configurations as images, what they are to become, and how two of them differ.

- An *image* is a configuration as ``Settings``, without ``LastModified``: both halves of the
  destinations are always named, ``CLEARED`` where they are unset. ``ABSENT``, with nothing named at
  all, is no configuration.
- Update merges, but whether it keeps the half of ``DestinationConfig`` that is not sent is not
  documented. So who names one half reads first, and both are sent.
"""

from typing import Any

import msgspec

from bulkeic.core.model import CLEARED, Settings
from bulkeic.core.policy import Policy

ABSENT = Settings()


def snapshot_of(config: dict[str, Any] | None) -> Settings:
    """A configuration as an image.

    Args:
        config: as answered; ``None`` or empty: there is none.
    """
    if not config:
        return ABSENT
    settings = Settings.from_api(config)
    return msgspec.structs.replace(
        settings,
        on_success=settings.on_success or CLEARED,
        on_failure=settings.on_failure or CLEARED,
    )


def completed(settings: Settings, image: Settings, rules: Policy) -> Settings:
    """The settings with both halves of the destinations, if they name one.

    ==========  ======================  ==============
    it names    the other half is
    ..          else                    ``replace_destinations``
    ==========  ======================  ==============
    both, none  as it is                as it is
    one half    what the target has     cleared
    ==========  ======================  ==============
    """
    if not settings.names_half():
        return settings
    other = ABSENT if rules.replace_destinations else image
    success, failure = settings.on_success, settings.on_failure
    return msgspec.structs.replace(
        settings,
        on_success=(other.on_success or CLEARED) if success is None else success,
        on_failure=(other.on_failure or CLEARED) if failure is None else failure,
    )


def wanted(settings: Settings, image: Settings, rules: Policy) -> Settings:
    """The image that a target is to have.

    Args:
        settings: of the job.
        image: what it has.
        rules: of the run.
    """
    if rules.restore:
        return settings
    settings = completed(settings, image, rules)
    values = zip(msgspec.structs.astuple(settings), msgspec.structs.astuple(image), strict=True)
    merged = Settings(*(old if new is None else new for new, old in values))
    return msgspec.structs.replace(
        merged,
        on_success=merged.on_success or CLEARED,
        on_failure=merged.on_failure or CLEARED,
    )


class FieldChange(msgspec.Struct, frozen=True):
    """A field of a configuration that is not as it should be; ``None``: it is not set."""

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
    """The fields in which two images differ, in the API's order."""
    values = zip(
        _FIELDS, msgspec.structs.astuple(before), msgspec.structs.astuple(after), strict=True
    )
    return [
        FieldChange(field, _shown(old), _shown(new))
        for field, old, new in values
        if _shown(old) != _shown(new)
    ]


def _shown(value: int | str | None) -> int | str | None:
    return None if value == CLEARED else value


def drift_text(image: Settings, goal: Settings) -> str:
    """How a target is not what it should be."""
    if image == ABSENT:
        return "there is no configuration"
    if goal == ABSENT:
        return "there is a configuration, wanted none"
    return ", ".join(
        f"{each.field} is {_value(each.before)}, wanted {_value(each.after)}"
        for each in differences(image, goal)
    )


def change_text(image: Settings, expected: Settings) -> str:
    """How a target is not what it was."""
    if image == ABSENT:
        return "the configuration is gone"
    if expected == ABSENT:
        return "there is a configuration now"
    return ", ".join(
        f"{each.field} is {_value(each.after)}, was {_value(each.before)}"
        for each in differences(expected, image)
    )


def _value(value: int | str | None) -> str:
    return "not set" if value is None else str(value)
