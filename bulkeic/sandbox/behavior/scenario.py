"""A scenario: how a sandbox behaves, as a JSON object.

    {"seed": 7, "rate": 5, "throttle": 0.1, "latency_s": 0.05, "latency_p99_s": 0.4}

Its fields are those of `Faults` and the following ones of `SandboxOptions`. What is left out stays
as it is.
"""

from dataclasses import fields, replace
from typing import Any

from bulkeic.sandbox.behavior.faults import faults_from_json, faults_to_json, unknown_field
from bulkeic.sandbox.behavior.lane_overrides import UNLIMITED, lanes_from_json
from bulkeic.sandbox.behavior.sandbox_options import Faults, SandboxOptions

_FLOAT, _INTEGER, _TEXT, _FLAG, _TEXTS = (int, float), (int,), (str,), (bool,), (dict,)
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "seed": (_INTEGER, "an integer"),
    "rate": (_FLOAT, 'a number or "unlimited"'),
    "burst": (_FLOAT, "a number"),
    "merge_destinations": (_FLAG, "true or false"),
    "verify_signatures": (_FLAG, "true or false"),
    "external_id": (_TEXT, "a text"),
    "external_ids": (_TEXTS, "an object of texts"),
    "session_duration_s": (_FLOAT, "a number"),
}
_FAULTS = {field.name for field in fields(Faults)}
_LANES = "lanes"
FIELDS = (*_KINDS, _LANES, *sorted(_FAULTS))


def options_from_json(data: Any, base: SandboxOptions) -> SandboxOptions:
    """Options as a scenario changes them.

    Args:
        data: decoded JSON.
        base: the options that it changes.

    Raises:
        ValueError: not an object, an unknown field, or a value of a wrong type or out of range.
    """
    if not isinstance(data, dict):
        raise ValueError("scenario: not an object")  # noqa: TRY004 - callers know one kind of error
    for name in data:
        if name not in FIELDS:
            raise unknown_field(name, FIELDS)
    own = {name: _typed(name, value) for name, value in data.items() if name in _KINDS}
    if _LANES in data:
        own[_LANES] = lanes_from_json(data[_LANES])
    faults = {name: value for name, value in data.items() if name in _FAULTS}
    return replace(base, **own, faults=faults_from_json(faults_to_json(base.faults) | faults))


def _typed(name: str, value: Any) -> Any:
    if name == "rate" and value == UNLIMITED:
        return None
    kinds, wanted = _KINDS[name]
    # True and False are integers to Python.
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not _FLAG):
        raise ValueError(f"{name}: {value!r} is not {wanted}")
    if isinstance(value, dict) and not all(isinstance(each, str) for each in value.values()):
        raise ValueError(f"{name}: {value!r} is not {wanted}")
    return value
