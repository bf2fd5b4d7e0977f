"""Templates in destinations and role ARNs: ``arn:aws:sqs:{region}:{account}:failures``.

- A name in braces is a placeholder for a value of the target. Each field has its own names.
- Attributes, indexes, conversions and formats are not supported.
- ARNs have no braces of their own, so any other brace is an error.
"""

import re
from collections.abc import Collection, Mapping

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import Settings, Target

DESTINATION_NAMES = ("account", "region", "partition", "function")
ROLE_NAMES = ("account", "partition")

_split = re.compile(r"\{([^{}]*)\}").split


def is_template(text: str | None) -> bool:
    """Whether a text has a brace, and so must be checked and filled in."""
    return text is not None and ("{" in text or "}" in text)


def check_template(text: str, allowed: Collection[str], field: str) -> None:
    """Checks that every placeholder can be filled in.

    Raises:
        InputError: an unknown name, or a brace without its partner.
    """
    pieces = _split(text)
    literals, names = pieces[::2], pieces[1::2]
    unknown = [f"{{{name}}}" for name in names if name not in allowed]
    unknown += [brace for literal in literals for brace in "{}" if brace in literal]
    if unknown:
        raise InputError(
            f"{quoted(unknown[0])} in {quoted(text)} is not a placeholder; expected in braces: "
            f"{', '.join(allowed)}",
            field=field,
        )


def fill_template(text: str, values: Mapping[str, str]) -> str:
    """Fills the values into a checked template."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def has_template(settings: Settings) -> bool:
    """Whether a destination is a template."""
    return is_template(settings.on_success) or is_template(settings.on_failure)


def _values_of(target: Target) -> dict[str, str]:
    """The values of the placeholders, for a target."""
    return {
        "account": target.lane.account_id,
        "region": target.lane.region,
        "partition": target.partition,
        "function": target.function,
    }


def fill_settings(settings: Settings, target: Target) -> Settings:
    """The settings of a target, with their templates filled in."""
    if not has_template(settings):
        return settings
    values = _values_of(target)
    return msgspec.structs.replace(
        settings,
        on_success=settings.on_success and fill_template(settings.on_success, values),
        on_failure=settings.on_failure and fill_template(settings.on_failure, values),
    )
