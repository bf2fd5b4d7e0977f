"""Lanes that are unlike the others, as JSON.

    {"123456789012/us-east-1": {"rate": 5, "burst": 5, "hang": 1, "latency_s": 0.5}}

A lane's fields are `rate`, `burst` and those of `Faults`. What it leaves out is as everywhere.
"""

from dataclasses import fields
from typing import Any

from bulkeic.sandbox.behavior.faults import check_numbers, unknown_field
from bulkeic.sandbox.behavior.sandbox_options import Faults, Lanes

UNLIMITED = "unlimited"
_OPTIONAL = {field.name for field in fields(Faults) if field.default is None}
_FIELDS = ("rate", "burst", *(field.name for field in fields(Faults)))


def lanes_from_json(data: Any) -> Lanes:
    """What is different in which lanes, from decoded JSON; ranges are checked by the options.

    Raises:
        ValueError: not an object of objects, an unknown field, or a value that is no number.
    """
    if not isinstance(data, dict):
        raise ValueError(f"lanes: {data!r:.200} is not an object")  # noqa: TRY004 - one kind of error
    return {name: _own(name, own) for name, own in data.items()}


def lanes_to_json(lanes: Lanes) -> dict[str, Any]:
    """Lanes as an object for JSON: what `lanes_from_json` reads back."""
    return {
        name: {
            key: UNLIMITED if key == "rate" and value is None else value
            for key, value in own.items()
        }
        for name, own in lanes.items()
    }


def _own(name: str, own: Any) -> dict[str, float | None]:
    if not isinstance(own, dict):
        raise ValueError(f"lanes: {name}: {own!r:.200} is not an object")  # noqa: TRY004 - as above
    try:
        for key in own:
            if key not in _FIELDS:
                raise unknown_field(key, _FIELDS)
        limited = {key: value for key, value in own.items() if (key, value) != ("rate", UNLIMITED)}
        check_numbers(limited, _OPTIONAL)
    except ValueError as error:
        raise ValueError(f"lanes: {name}: {error}") from None
    return {key: None for key in own if key not in limited} | limited
