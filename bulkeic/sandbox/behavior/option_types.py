"""Types and bounds of the sandbox's options, declared in the metadata of dataclass fields.

    throttle: float = field(default=0.0, metadata=PROBABILITY)

Both the bounds that a dataclass checks and the way its JSON is read follow from this declaration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from math import inf
from typing import Any

# A day. Longer is a mistake, and event loops refuse timers of years.
_MAX_S = 86400.0
_KEY = "option_type"


@dataclass(frozen=True, slots=True)
class SandboxOptionType:
    """The type of an option.

    Attributes:
        expected: what a value must be, for messages.
        types: Python types of a decoded JSON value.
        low: the least number.
        high: the greatest number.
        includes_low: whether `low` itself is valid.
        none_values: JSON values that mean None.
        value_type: type of the values of an object or an array, or None for any.
    """

    expected: str
    types: tuple[type, ...]
    low: float = -inf
    high: float = inf
    includes_low: bool = True
    none_values: tuple[str | None, ...] = ()
    value_type: type | None = None

    def parse(self, name: str, value: Any) -> Any:
        """Return the option's value for a decoded JSON value.

        Raises:
            ValueError: the value has the wrong type.
        """
        if value in self.none_values:
            return None
        # True and False are integers in Python.
        is_valid = isinstance(value, self.types) and (
            bool in self.types or not isinstance(value, bool)
        )
        if is_valid and self.value_type is not None:
            items = value.values() if isinstance(value, dict) else value
            is_valid = all(isinstance(item, self.value_type) for item in items)
        if not is_valid:
            raise ValueError(f"{name}: {value!r:.200} is not {self.expected}")
        return value

    def check_bounds(self, name: str, value: float) -> None:
        """Check a number.

        Raises:
            ValueError: the number is out of bounds, or NaN.
        """
        if not self.includes_low and not value > self.low:
            raise ValueError(f"{name}: {value!r} is not above {self.low:g}")
        if not self.low <= value <= self.high:
            raise ValueError(f"{name}: {value!r} is not between {self.low:g} and {self.high:g}")


def _option(expected: str, *types: type, **attributes: Any) -> Mapping[str, SandboxOptionType]:
    return {_KEY: SandboxOptionType(expected, types, **attributes)}


_NUMBER = (int, float)
PROBABILITY = _option("a number", *_NUMBER, low=0, high=1)
SECONDS = _option("a number", *_NUMBER, low=0, high=_MAX_S)
OPTIONAL_SECONDS = _option("a number", *_NUMBER, low=0, high=_MAX_S, none_values=(None,))
RATE = _option(
    'a number or "unlimited"', *_NUMBER, low=0, includes_low=False, none_values=("unlimited",)
)
BURST = _option("a number", *_NUMBER, low=1)
INTEGER = _option("an integer", int)
BOOLEAN = _option("true or false", bool)
STRING = _option("a string", str)
STRINGS = _option("an object of strings", dict, value_type=str)
STRING_LIST = _option("an array of strings", list, value_type=str)
OBJECT = _option("an object", dict)
OPTIONAL_OBJECT = _option("an object", dict, none_values=(None,))


def option_types(options: type) -> dict[str, SandboxOptionType]:
    """Return the types of a dataclass's options by name; fields without a type are no options."""
    return {field.name: field.metadata[_KEY] for field in fields(options) if _KEY in field.metadata}


def check_bounds(options: Any) -> None:
    """Check the numbers of a dataclass of options.

    Raises:
        ValueError: a number is out of its bounds.
    """
    for name, option_type in option_types(type(options)).items():
        value = getattr(options, name)
        if value is not None and option_type.types[0] is int:
            option_type.check_bounds(name, value)


def options_of_json(data: Any, known: Mapping[str, SandboxOptionType]) -> dict[str, Any]:
    """Return the options of a decoded JSON object by name; their bounds are not checked.

    Raises:
        ValueError: the data is not an object, has an unknown field or a value of the wrong type.
    """
    if not isinstance(data, dict):
        raise ValueError(f"{data!r:.200} is not an object")  # noqa: TRY004 - callers expect one error type
    for name in data:
        if name not in known:
            nearest = get_close_matches(name, list(known), n=1, cutoff=0)
            raise ValueError(f"{name}: unknown field; the nearest is {nearest[0]}")
    return {name: known[name].parse(name, value) for name, value in data.items()}
