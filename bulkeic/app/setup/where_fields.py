"""Which fields of a configuration a ``--where`` expression names, before anything is read.

A field that no configuration can have would match nothing without a word. Computed values
(literals, results of functions, elements of lists) may have any field.
"""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from bulkeic.core.errors import UsageError, quoted

_Shape = Mapping[str, Any] | None
"""The fields that a value can have, each with its own shape; ``None``: any."""

_NULL = "null"  # JMESPath reads the word as a field that is never there
_NO_FIELDS: _Shape = {}
_DESTINATION: _Shape = {"Destination": _NO_FIELDS}
_CONFIGURATION: _Shape = {
    "FunctionArn": _NO_FIELDS,
    "LastModified": _NO_FIELDS,
    "MaximumRetryAttempts": _NO_FIELDS,
    "MaximumEventAgeInSeconds": _NO_FIELDS,
    "DestinationConfig": {"OnSuccess": _DESTINATION, "OnFailure": _DESTINATION},
}


def check_fields(parsed: dict[str, Any]) -> None:
    """Checks that a configuration can have each field of an expression.

    Args:
        parsed: the syntax tree of JMESPath.

    Raises:
        UsageError: it cannot; the text has the nearest field.
    """
    _shape_of(parsed, _CONFIGURATION)


def _shape_of(node: dict[str, Any], shape: _Shape) -> _Shape:
    """What a node's value can have, given what the current node's value can have."""
    rule = _RULES.get(node["type"])
    if rule is not None:
        return rule(node, shape)
    for child in node["children"]:
        if isinstance(child, dict):  # not the bounds of a slice
            _shape_of(child, shape)
    return None


def _field(node: dict[str, Any], shape: _Shape) -> _Shape:
    name = node["value"]
    if shape is None or name == _NULL:
        return None
    if name not in shape:
        raise UsageError(f"no configuration can have the field {quoted(name)}{_hint(name, shape)}")
    found: _Shape = shape[name]
    return found


def _current(_node: dict[str, Any], shape: _Shape) -> _Shape:
    return shape


def _chain(node: dict[str, Any], shape: _Shape) -> _Shape:
    for child in node["children"]:
        shape = _shape_of(child, shape)
    return shape


def _projection(node: dict[str, Any], shape: _Shape) -> _Shape:
    source, *rest = node["children"]
    values = _shape_of(source, shape)
    shapes = list(values.values()) if values and node["type"] == "value_projection" else []
    element = shapes[0] if shapes and all(each == shapes[0] for each in shapes) else None
    for child in rest:
        _shape_of(child, element)
    return None


def _named_values(node: dict[str, Any], shape: _Shape) -> _Shape:
    return {pair["value"]: _shape_of(pair["children"][0], shape) for pair in node["children"]}


_RULES: dict[str, Callable[[dict[str, Any], _Shape], _Shape]] = {
    "field": _field,
    "current": _current,
    "identity": _current,
    "subexpression": _chain,
    "pipe": _chain,
    "projection": _projection,
    "value_projection": _projection,
    "filter_projection": _projection,
    "expref": lambda _node, _shape: None,
    "index_expression": lambda node, shape: _projection(
        {"type": "projection", "children": node["children"]}, shape
    ),
    "multi_select_dict": _named_values,
}


def _hint(name: str, shape: Mapping[str, Any]) -> str:
    """The nearest field, as a path from the value."""
    paths = {path.rpartition(".")[2].lower(): path for path in reversed(_paths(shape, ""))}
    near = difflib.get_close_matches(name.lower().replace("_", ""), paths, n=1, cutoff=0.4)
    if near:
        return f"; did you mean {paths[near[0]]}?"
    known = ", ".join(_paths(shape, ""))
    return f"; known are {known}" if known else "; it is not an object"


def _paths(shape: Mapping[str, Any], prefix: str) -> list[str]:
    found = []
    for name, inner in shape.items():
        found += [f"{prefix}{name}", *_paths(inner or {}, f"{prefix}{name}.")]
    return found
