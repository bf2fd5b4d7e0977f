"""The text of a template, YAML or JSON → nested blocks with line numbers.

- Tags such as ``!Ref`` become what JSON templates have: ``{"Ref": …}``, ``{"Fn::Sub": …}``.
- A scalar without quotes is a Boolean, ``null`` or an integer as in YAML 1.1, which CloudFormation
  reads; all others are texts. Dates, octal and other numbers stay as they are written.
- Aliases and merge keys are expanded. Depth and size are limited after that.
- JSON is read as YAML, too, so that problems have their lines.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from bulkeic.core.errors import InputError, quoted

_MOST_LEVELS = 100
_MOST_NODES = 500_000
_LONG_TAGS = {"!Ref": "Ref", "!Condition": "Condition"} | {
    f"!{name}": f"Fn::{name}"
    for name in (
        *("And", "Base64", "Cidr", "Equals", "FindInMap", "ForEach", "GetAZs", "GetAtt", "If"),
        *("ImportValue", "Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString"),
        "Transform",
    )
}
_YAML_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = {None, *(f"{_YAML_TAG}{name}" for name in ("bool", "float", "int", "null"))}
_TEXT_TAGS = {"!", f"{_YAML_TAG}str"}
_COLLECTION_TAGS = {None, "!", f"{_YAML_TAG}map", f"{_YAML_TAG}seq"}
_MERGE = "<<"
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_match_integer = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII).fullmatch
_is_json = re.compile(r"\s*[{\[]").match
# Two escapes of JSON for one character; YAML has one.
_surrogates = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
)
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Block(dict[str, Any]):
    """A mapping of a template.

    Attributes:
        line: that it begins on, from 1; 0: it is not in the file.
        key_lines: the line of each key.
    """

    def __init__(self, values: dict[str, Any] | None = None, line: int = 0) -> None:
        super().__init__(values or {})
        self.line = line
        self.key_lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        """The line of a key, or that of the block."""
        return self.key_lines.get(key, self.line)


def parse_blocks(text: str) -> Any:
    """The one document of a text; ``None``: it is empty.

    Raises:
        InputError: the text cannot be parsed, with its line.
    """
    if _is_json(text):
        text = _surrogates.sub(_one_escape, text.replace("\t", " "))
    builder = _BlockBuilder()
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.add(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise InputError(f"cannot be parsed: {error.problem}", line=line) from None
    except yaml.YAMLError as error:
        first = next(iter(str(error).splitlines()), "")
        raise InputError(f"cannot be parsed: {first}") from None
    return builder.document


class _OpenNode(msgspec.Struct):
    """A mapping or a sequence whose end was not read yet."""

    value: Any
    line: int
    tag: str | None
    anchor: str | None
    nodes_before: int
    key: str | None = None
    merged: list[Block] = []


class _BlockBuilder:
    """Builds the document from the events of the parser.

    Attributes:
        document: complete after the last event.
    """

    def __init__(self) -> None:
        self.document: Any = None
        self._open: list[_OpenNode] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._nodes = 0
        self._documents = 0

    def add(self, event: Any) -> None:
        """Takes the next event.

        Raises:
            InputError: what it adds is not allowed.
        """
        line = event.start_mark.line + 1
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise InputError("a second document begins; expected one template", line=line)
            case yaml.ScalarEvent():
                self._count(1, line)
                self._scalar(event, line)
            case yaml.AliasEvent():
                value, nodes = self._anchored(event.anchor, line)
                self._count(nodes, line)
                self._place(value, line)
            case yaml.MappingStartEvent():
                self._begin(Block(line=line), event, line)
            case yaml.SequenceStartEvent():
                self._begin([], event, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end()

    def _count(self, nodes: int, line: int) -> None:
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            raise InputError(f"more than {_MOST_NODES:,} values, aliases included", line=line)

    def _anchored(self, anchor: str, line: int) -> tuple[Any, int]:
        if anchor not in self._anchors:
            raise InputError(f"the alias *{anchor} has no anchor before it", line=line)
        return self._anchors[anchor]

    def _scalar(self, event: Any, line: int) -> None:
        is_plain = not event.style and event.tag in _PLAIN_TAGS
        if self._expects_key():
            self._place(event.value, line, is_merge=is_plain and event.value == _MERGE)
            return
        value: Any = plain_value(event.value) if is_plain else event.value
        if event.tag not in _PLAIN_TAGS | _TEXT_TAGS:
            value = _tagged(event.tag, value, line)
        if event.anchor:
            self._anchors[event.anchor] = value, 1
        self._place(value, line)

    def _begin(self, value: Any, event: Any, line: int) -> None:
        self._count(1, line)
        if self._expects_key():
            raise InputError("a key is not a text", line=line)
        if len(self._open) >= _MOST_LEVELS:
            raise InputError(f"nested more than {_MOST_LEVELS} levels deep", line=line)
        self._open.append(_OpenNode(value, line, event.tag, event.anchor, self._nodes))

    def _end(self) -> None:
        node = self._open.pop()
        for merged in node.merged:
            for key, value in merged.items():
                if key not in node.value:
                    node.value[key] = value
                    node.value.key_lines[key] = merged.line_of(key)
        value = node.value
        if node.tag not in _COLLECTION_TAGS:
            value = _tagged(node.tag, value, node.line)
        if node.anchor:
            self._anchors[node.anchor] = value, self._nodes - node.nodes_before + 1
        self._place(value, node.line)

    def _expects_key(self) -> bool:
        return (
            bool(self._open)
            and isinstance(self._open[-1].value, Block)
            and (self._open[-1].key is None)
        )

    def _place(self, value: Any, line: int, *, is_merge: bool = False) -> None:
        """Adds a complete value to the node that is open; without one, it is the document."""
        if not self._open:
            self.document = value
            return
        node = self._open[-1]
        block = node.value
        if not isinstance(block, Block):
            block.append(value)
        elif node.key is None:
            if not isinstance(value, str):
                raise InputError("a key is not a text", line=line)
            node.key = _MERGE if is_merge else value
            if value in block:
                first = block.key_lines[value]
                raise InputError(
                    f"{quoted(value)} is given twice, first in line {first}", line=line
                )
            block.key_lines[value] = line
        elif node.key == _MERGE:
            node.merged = [*node.merged, *_merged(value, line)]
            node.key = None
        else:
            block[node.key] = value
            node.key = None


def plain_value(text: str) -> Any:
    """What a scalar without quotes stands for."""
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _match_integer(text) else text


def _tagged(tag: str | None, value: Any, line: int) -> Block:
    name = _LONG_TAGS.get(tag or "")
    if name is None:
        raise InputError(
            f"the tag {quoted(tag)} is not one of CloudFormation; expected something like !Ref or "
            "!Sub",
            line=line,
        )
    block = Block({name: value}, line)
    block.key_lines[name] = line
    return block


def _merged(value: Any, line: int) -> Iterator[Block]:
    for block in value if isinstance(value, list) else [value]:
        if not isinstance(block, Block):
            raise InputError("<< expects a mapping, or a list of mappings", line=line)
        yield block


def _one_escape(found: re.Match[str]) -> str:
    high, low = int(found[2], 16), int(found[3], 16)
    return f"{found[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"
