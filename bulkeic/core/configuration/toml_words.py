"""How messages speak of values in TOML."""

from typing import Any

_KINDS = (
    (bool, "true or false"),
    (str, "a text"),
    (int | float, "a number"),
    (list, "a list"),
    (dict, "a table"),
)


def kind_of(value: Any) -> str:
    """The kind of a value, with its article. The value itself may be a secret."""
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "a time")
