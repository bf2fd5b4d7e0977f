"""The values of a template's expressions: intrinsic functions, conditions and mappings.

A function that is not in the table, or whose value CloudFormation makes at deployment, raises
``InputError`` without a place. Its text names the function and the way out.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final

from bulkeic.core.errors import InputError, quoted
from bulkeic.iac.cloudformation.parameters import nearest, scalar_text
from bulkeic.iac.cloudformation.references import PROCESSED, References
from bulkeic.iac.cloudformation.template_blocks import Block

_LONGEST_TEXT = 100_000
_MOST_CONDITIONS = 10
_find_placeholders = re.compile(r"\$\{(!?)([^{}]*)\}").sub


class _NoValue:
    """The value of ``AWS::NoValue``: what has it is left out."""


NO_VALUE: Final = _NoValue()


class Intrinsics:
    """Evaluates the expressions of one template.

    Args:
        mappings: the section ``Mappings``.
        conditions: the section ``Conditions``.
        references: knows what ``Ref`` and ``Fn::GetAtt`` refer to.
    """

    def __init__(self, mappings: Block, conditions: Block, references: References) -> None:
        self._mappings = mappings
        self._conditions = conditions
        self._references = references
        references.expressions = self
        self._known_conditions: dict[str, bool] = {}
        self._open_conditions: set[str] = set()

    def value(self, node: Any) -> Any:
        """The value of an expression; ``NO_VALUE``: it is left out.

        Raises:
            InputError: it cannot be known before deployment, or is invalid.
        """
        if isinstance(node, list):
            found = [self.value(item) for item in node]
            return [item for item in found if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(name, argument)] = node.items()
            if name in self._FUNCTIONS:
                return self._FUNCTIONS[name](self, argument)
            if name.startswith("Fn::"):
                raise InputError(f"{name} is not evaluated here; {PROCESSED}")
        values = {key: self.value(item) for key, item in node.items()}
        return {key: value for key, value in values.items() if value is not NO_VALUE}

    def text(self, node: Any) -> str:
        """The value of an expression that must be one text.

        Raises:
            InputError: as for ``value``, or it is a list or a mapping.
        """
        text = scalar_text(self.value(node))
        if "{{resolve:" in text:
            raise InputError(
                f"{quoted(text)} is resolved at deployment only; use a parameter, and --parameter"
            )
        return text

    def condition(self, name: Any) -> bool:
        """Whether a condition of the template holds.

        Raises:
            InputError: it is not known, refers to itself, or does not exist.
        """
        if not isinstance(name, str) or name not in self._conditions:
            hint = nearest(str(name), self._conditions)
            raise InputError(f"the template has no condition {quoted(name)}; {hint}")
        if name not in self._known_conditions:
            if name in self._open_conditions:
                raise InputError(f"the condition {quoted(name)} refers to itself")
            self._open_conditions.add(name)
            try:
                self._known_conditions[name] = self._truth(self._conditions[name])
            finally:
                self._open_conditions.discard(name)
        return self._known_conditions[name]

    def _truth(self, node: Any) -> bool:
        if isinstance(node, dict) and len(node) == 1:
            [(name, argument)] = node.items()
            if name == "Condition":
                return self.condition(argument)
            if name in self._TRUTHS:
                return self._TRUTHS[name](self, argument)
        raise InputError(
            f"{quoted(node)} is not a condition; expected one of {', '.join(sorted(self._TRUTHS))}"
        )

    def _equals(self, argument: Any) -> bool:
        one, other = _items("Fn::Equals", argument, 2)
        return bool(_comparable(self.value(one)) == _comparable(self.value(other)))

    def _truths(self, name: str, argument: Any) -> Iterator[bool]:
        if not isinstance(argument, list) or not 1 <= len(argument) <= _MOST_CONDITIONS:
            raise InputError(f"{name} expects a list of at most {_MOST_CONDITIONS} conditions")
        return map(self._truth, argument)

    def _and(self, argument: Any) -> bool:
        return all(self._truths("Fn::And", argument))

    def _or(self, argument: Any) -> bool:
        return any(self._truths("Fn::Or", argument))

    def _not(self, argument: Any) -> bool:
        return not self._truth(_items("Fn::Not", argument, 1)[0])

    def _ref(self, argument: Any) -> Any:
        if not isinstance(argument, str):
            raise InputError(f"Ref expects a name instead of {quoted(argument)}")
        if argument == "AWS::NoValue":
            return NO_VALUE
        return self._references.value(argument)

    def _attribute(self, argument: Any) -> str:
        if isinstance(argument, str):
            name, mark, attribute = argument.partition(".")
            argument = [name, attribute] if mark else None
        name, attribute = _items("Fn::GetAtt", argument, 2)
        return self._references.attribute(scalar_text(name), self.text(attribute))

    def _sub(self, argument: Any) -> str:
        template, given = argument, {}
        if isinstance(argument, list):
            template, given = _items("Fn::Sub", argument, 2)
        if not isinstance(template, str) or not isinstance(given, dict):
            raise InputError("Fn::Sub expects a text, or a list of a text and a mapping")

        def replacement(found: re.Match[str]) -> str:
            name = found[2].strip()
            if found[1]:
                return f"${{{found[2]}}}"
            if name in given:
                return self.text(given[name])
            if "." in name and not self._references.is_reference(name):
                return self._attribute(name)
            return self.text({"Ref": name})

        return _limited(_find_placeholders(replacement, template))

    def _join(self, argument: Any) -> str:
        delimiter, parts = _items("Fn::Join", argument, 2)
        return _limited(self.text(delimiter).join(self._texts("Fn::Join", parts)))

    def _split(self, argument: Any) -> list[str]:
        delimiter, text = _items("Fn::Split", argument, 2)
        mark = self.text(delimiter)
        if not mark:
            raise InputError("Fn::Split expects a delimiter that is not empty")
        return self.text(text).split(mark)

    def _select(self, argument: Any) -> Any:
        index, node = _items("Fn::Select", argument, 2)
        text, items = self.text(index), self.value(node)
        if not isinstance(items, list) or not text.isdecimal() or int(text) >= len(items):
            raise InputError(f"Fn::Select has no item {quoted(text)} in {quoted(items)}")
        return items[int(text)]

    def _if(self, argument: Any) -> Any:
        name, chosen, other = _items("Fn::If", argument, 3)
        return self.value(chosen if self.condition(name) else other)

    def _find_in_map(self, argument: Any) -> Any:
        default: Any = NO_VALUE
        if isinstance(argument, list) and len(argument) == 4:  # noqa: PLR2004 - with a default
            *argument, options = argument
            if isinstance(options, dict) and "DefaultValue" in options:
                default = options["DefaultValue"]
        path = [self.text(item) for item in _items("Fn::FindInMap", argument, 3)]
        found: Any = self._mappings
        for key in path:
            if not isinstance(found, dict) or key not in found:
                if default is not NO_VALUE:
                    return self.value(default)
                raise InputError(f"Fn::FindInMap: the mappings have no {quoted('.'.join(path))}")
            found = found[key]
        return found

    def _import(self, argument: Any) -> str:
        return self._references.imported(self.text(argument))

    def _length(self, argument: Any) -> int:
        items = self.value(argument)
        if not isinstance(items, list):
            raise InputError(f"Fn::Length expects a list instead of {quoted(items)}")
        return len(items)

    def _texts(self, name: str, node: Any) -> list[str]:
        items = self.value(node)
        if not isinstance(items, list):
            raise InputError(f"{name} expects a list instead of {quoted(items)}")
        return [scalar_text(item) for item in items]

    _FUNCTIONS: ClassVar[dict[str, Callable[["Intrinsics", Any], Any]]] = {
        "Ref": _ref,
        "Fn::FindInMap": _find_in_map,
        "Fn::GetAtt": _attribute,
        "Fn::If": _if,
        "Fn::ImportValue": _import,
        "Fn::Join": _join,
        "Fn::Length": _length,
        "Fn::Select": _select,
        "Fn::Split": _split,
        "Fn::Sub": _sub,
    }
    _TRUTHS: ClassVar[dict[str, Callable[["Intrinsics", Any], bool]]] = {
        "Fn::And": _and,
        "Fn::Equals": _equals,
        "Fn::Not": _not,
        "Fn::Or": _or,
    }


def _items(name: str, argument: Any, number: int) -> list[Any]:
    if not isinstance(argument, list) or len(argument) != number:
        raise InputError(f"{name} expects a list of {number} instead of {quoted(argument)}")
    return argument


def _comparable(value: Any) -> Any:
    return scalar_text(value) if isinstance(value, str | int) else value


def _limited(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise InputError(f"a text of more than {_LONGEST_TEXT:,} characters")
    return text
