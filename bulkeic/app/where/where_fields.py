"""Which fields of a document a ``--where`` expression names, before anything is read.

A field that no document can have would silently match nothing. Computed values (literals,
results of functions, elements of lists) may have any field.
"""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from bulkeic.app.where.where_documents import NUMBER, Document, Shape
from bulkeic.core.errors import UsageError, printable, quoted

_NULL = "null"  # JMESPath reads the word as a field that is never there
_MANY = 20
_SELF = frozenset({"current", "identity"})


def check_fields(parsed: dict[str, Any], document: Document) -> frozenset[str]:
    """Checks that a document can have each field of an expression.

    Args:
        parsed: the syntax tree of JMESPath.
        document: what the expression is evaluated on.

    Returns:
        The fields of the document that the expression may read; all of them if it reads the
        document as a whole.

    Raises:
        UsageError: a document cannot have a field; the text has the nearest one. Or a field is
            read of what ``!`` returns.
    """
    check = _FieldCheck(document)
    check.shape_of(parsed, document.fields)
    return frozenset(check.names)


class _FieldCheck:
    """Follows the shapes of values through one expression.

    Attributes:
        names: the fields of the document that were read.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self.names: set[str] = set()

    def shape_of(self, node: dict[str, Any], shape: Shape) -> Shape:
        """The shape of a node's value, given the shape of the current value."""
        rule = _RULES.get(node["type"])
        if rule is not None:
            return rule(self, node, shape)
        for child in node["children"]:
            if isinstance(child, dict):  # not the bounds of a slice
                self.shape_of(child, shape)
        return None

    def field(self, node: dict[str, Any], shape: Shape) -> Shape:
        """A field of the current node's value."""
        name = node["value"]
        if shape is None or name == _NULL:
            return None
        if name not in shape:
            self._refuse(name, shape)
        if shape is self._document.fields:
            self.names.add(name)
        found: Shape = shape[name]
        return found

    def comparison(self, node: dict[str, Any], shape: Shape) -> Shape:
        """Two values; a text or a number may lack its quotes, or have those of the other."""
        left, right = node["children"]
        left_shape = self.shape_of(left, shape)
        name = right["value"] if right["type"] == "field" else _NULL
        if left["type"] != "literal" and shape is not None and name not in {*shape, _NULL}:
            way_out = _quotes(name, is_number=left_shape is NUMBER)
            raise UsageError(
                f"no {self._document.noun} can have the field {quoted(name)}; {way_out}"
            )
        right_shape = self.shape_of(right, shape)
        for other, literal in ((left_shape, right), (right_shape, left)):
            text = literal["value"] if literal["type"] == "literal" else None
            if other is NUMBER and isinstance(text, str):
                raise UsageError(
                    f"a number never matches the text {quoted(text)}; "
                    f"{_quotes(text, is_number=True)}"
                )
        return None

    def current(self, _node: dict[str, Any], shape: Shape) -> Shape:
        """The current node's value itself."""
        if shape is self._document.fields:
            self.names.update(shape)
        return shape

    def chain(self, node: dict[str, Any], shape: Shape) -> Shape:
        """Steps from value to value."""
        first, *rest = node["children"]
        if node["type"] != "pipe":
            _check_not(first)
        if first["type"] not in _SELF:
            shape = self.shape_of(first, shape)
        for child in rest:
            shape = self.shape_of(child, shape)
        return shape

    def projection(self, node: dict[str, Any], shape: Shape) -> Shape:
        """An expression on each element of a value."""
        source, *rest = node["children"]
        _check_not(source)
        values = self.shape_of(source, shape)
        shapes = list(values.values()) if values and node["type"] == "value_projection" else []
        element = shapes[0] if shapes and all(each == shapes[0] for each in shapes) else None
        for child in rest:
            self.shape_of(child, element)
        return None

    def index(self, node: dict[str, Any], shape: Shape) -> Shape:
        """An element of a list."""
        return self.projection({"type": "projection", "children": node["children"]}, shape)

    def named_values(self, node: dict[str, Any], shape: Shape) -> Shape:
        """An object that the expression makes."""
        return {
            pair["value"]: self.shape_of(pair["children"][0], shape) for pair in node["children"]
        }

    def anything(self, _node: dict[str, Any], _shape: Shape) -> Shape:
        """An expression whose values are those that a function gives it."""
        return None

    def _refuse(self, name: str, shape: Mapping[str, Any]) -> None:
        document = self._document
        reason = document.withheld.get(name) if shape is document.fields else None
        raise UsageError(
            f"no {document.noun} can have the field {quoted(name)}"
            f"{f'; {reason}' if reason else _hint(name, shape)}"
        )


_RULES: dict[str, Callable[[_FieldCheck, dict[str, Any], Shape], Shape]] = {
    "field": _FieldCheck.field,
    "comparator": _FieldCheck.comparison,
    "current": _FieldCheck.current,
    "identity": _FieldCheck.current,
    "subexpression": _FieldCheck.chain,
    "pipe": _FieldCheck.chain,
    "projection": _FieldCheck.projection,
    "value_projection": _FieldCheck.projection,
    "filter_projection": _FieldCheck.projection,
    "expref": _FieldCheck.anything,
    "index_expression": _FieldCheck.index,
    "multi_select_dict": _FieldCheck.named_values,
}


def _quotes(word: str, *, is_number: bool) -> str:
    """How a word is written, so that it is not a field."""
    if is_number:
        return f"a number needs backticks, like `{word if word.isdecimal() else 60}`"
    return f"a text needs single quotes, like '{printable(word)}'"


def _check_not(source: dict[str, Any]) -> None:
    """Refuses ``!a.b``, which JMESPath reads as ``(!a).b``: it is always null."""
    if source["type"] == "not_expression":
        raise UsageError(
            "! applies only to the name before the dot; expected !(a.b) instead of !a.b"
        )


def _hint(name: str, shape: Mapping[str, Any]) -> str:
    """The nearest field, as a path from the value."""
    all_paths = _paths(shape, "")
    paths = {path.rpartition(".")[2].lower(): path for path in reversed(all_paths)}
    near = difflib.get_close_matches(name.lower().replace("_", ""), paths, n=1, cutoff=0.4)
    if near:
        return f"; did you mean {paths[near[0]]}?"
    known = ", ".join(all_paths if len(all_paths) <= _MANY else shape)
    return f"; known are {known}" if known else "; it is not an object"


def _paths(shape: Mapping[str, Any], prefix: str) -> list[str]:
    found = []
    for name, inner in shape.items():
        found += [f"{prefix}{name}", *_paths(inner or {}, f"{prefix}{name}.")]
    return found
