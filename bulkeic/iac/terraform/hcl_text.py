"""Terraform's language as text, as ``terraform fmt`` lays it out.

- A level is two spaces.
- The equals signs of neighboring attributes of one line are aligned. A blank line, a comment, a
  block, or a value of several lines ends such a group.
- Strings are escaped: nothing in them is an interpolation.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

_INDENT = "  "
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Expression(msgspec.Struct, frozen=True):
    """An expression of the language, such as a reference, as text of one line."""

    text: str


Value = str | int | Expression | Mapping[str, "Value"]
"""A value; a mapping becomes an object of several lines."""


class Attribute(msgspec.Struct, frozen=True):
    """A name with a value, or a key of an object with a value, which may be a quoted string."""

    name: str
    value: Value


class Comment(msgspec.Struct, frozen=True):
    """A line for people; empty: only the sign of a comment."""

    text: str


class Blank(msgspec.Struct, frozen=True):
    """An empty line."""


class HclBlock(msgspec.Struct, frozen=True):
    """A block with its content.

    Attributes:
        header: its type and its labels, as text.
        body: its content.
    """

    header: str
    body: "tuple[Item, ...]"


Item = Attribute | Comment | Blank | HclBlock


def hcl_string(text: str) -> str:
    """A text as a literal of the language, in quotes."""
    escaped = "".join(map(_escape, text))
    return f'"{escaped.replace("${", "$${").replace("%{", "%%{")}"'


def hcl_text(items: Iterable[Item], depth: int = 0) -> str:
    """Items as lines, each with its line end.

    Args:
        items: in order.
        depth: number of levels that they are within.
    """
    return "".join(f"{line}\n" for line in _lines(items, _INDENT * depth))


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits


def _lines(items: Iterable[Item], indent: str) -> Iterator[str]:
    neighbors: list[tuple[str, str]] = []
    for item in items:
        if isinstance(item, Attribute) and not isinstance(item.value, Mapping):
            neighbors.append((item.name, _value_text(item.value)))
            continue
        yield from _aligned_lines(neighbors, indent)
        neighbors = []
        yield from _item_lines(item, indent)
    yield from _aligned_lines(neighbors, indent)


def _aligned_lines(neighbors: list[tuple[str, str]], indent: str) -> Iterator[str]:
    width = max((len(name) for name, _ in neighbors), default=0)
    for name, text in neighbors:
        yield f"{indent}{name:{width}} = {text}"


def _item_lines(item: Item, indent: str) -> Iterator[str]:
    match item:
        case Comment(text):
            yield f"{indent}# {text}".rstrip()
        case Blank():
            yield ""
        case HclBlock(header, body):
            yield f"{indent}{header} {{"
            yield from _lines(body, indent + _INDENT)
            yield f"{indent}}}"
        case Attribute(name, Mapping() as value):
            yield f"{indent}{name} = {{"
            yield from _lines(map(Attribute, value, value.values()), indent + _INDENT)
            yield f"{indent}}}"


def _value_text(value: str | int | Expression) -> str:
    match value:
        case Expression(text):
            return text
        case str():
            return hcl_string(value)
        case _:
            return str(value)
