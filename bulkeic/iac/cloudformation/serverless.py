"""SAM's functions → the resources of CloudFormation that their configurations need.

As SAM's own translator does it
(https://github.com/aws/serverless-application-model/blob/develop/samtranslator/model/sam_resources.py):

- The properties of a function are merged into those of ``Globals``, unless ``IgnoreGlobals`` says
  otherwise. Mappings are merged key by key, and lists follow one another.
- With ``AutoPublishAlias`` there is an alias, and ``EventInvokeConfig`` belongs to it, otherwise
  to ``$LATEST``.
- A destination has a ``Type``. Without ``Destination``, ``SQS`` makes a queue and ``SNS`` a topic.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import LATEST
from bulkeic.iac.cloudformation.references import ALIAS, FUNCTION
from bulkeic.iac.cloudformation.template_blocks import Block

SAM_FUNCTION = "AWS::Serverless::Function"
CONFIG = "AWS::Lambda::EventInvokeConfig"
_NO_VALUE = {"Ref": "AWS::NoValue"}
_MADE = {
    "SQS": ("AWS::SQS::Queue", "Queue", "Arn"),
    "SNS": ("AWS::SNS::Topic", "Topic", "TopicArn"),
}
_TYPES = ("SQS", "SNS", "Lambda", "EventBridge", "S3Bucket")
_NUMBERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
SETTINGS = (*_NUMBERS, "DestinationConfig")


class ExpandedResources(msgspec.Struct):
    """The resources of a template with those that SAM makes.

    Attributes:
        resources: by logical id.
        references: names of ``Ref`` that SAM replaces, with the logical ids.
        problems: of the configurations of SAM's functions, each with the function's logical id.
    """

    resources: Block
    references: dict[str, str] = {}
    problems: list[tuple[str, InputError]] = []


def expand(
    resources: Block, global_properties: Any, text: Callable[[Any], str]
) -> ExpandedResources:
    """Adds what SAM makes of its functions.

    Args:
        resources: the section ``Resources``.
        global_properties: ``Function`` of the section ``Globals``; ``None``: there is none.
        text: evaluates an expression that depends on no resource.
    """
    expanded = Block(line=resources.line)
    expanded.key_lines = dict(resources.key_lines)
    found = ExpandedResources(expanded)
    for logical_id, resource in resources.items():
        if isinstance(resource, Block) and resource.get("Type") == SAM_FUNCTION:
            _FunctionExpansion(found, logical_id, resources.line_of(logical_id), text).add(
                resource, global_properties
            )
        else:
            expanded[logical_id] = resource
    return found


class _FunctionExpansion:
    """Adds the resources of one function."""

    def __init__(
        self, found: ExpandedResources, logical_id: str, line: int, text: Callable[[Any], str]
    ) -> None:
        self._found = found
        self._id = logical_id
        self._line = line
        self._text = text
        self._condition: Any = None

    def add(self, resource: Block, global_properties: Any) -> None:
        """Adds the function, and its alias and its configuration if it has them."""
        self._condition = resource.get("Condition")
        own = resource.get("Properties")
        usual = _without_ignored(global_properties, resource.get("IgnoreGlobals"))
        properties = merged(usual, own if isinstance(own, dict) else {})
        name = properties.get("FunctionName", _NO_VALUE)
        self._add(self._id, FUNCTION, {"FunctionName": name})
        try:
            alias = self._alias(properties.get("AutoPublishAlias"))
            if config := properties.get("EventInvokeConfig"):
                self._configure(config, alias)
        except InputError as problem:
            self._found.problems.append((self._id, problem))

    def _add(self, logical_id: str, kind: str, properties: dict[str, Any]) -> None:
        attributes = {} if self._condition is None else {"Condition": self._condition}
        content = Block(properties, self._line)
        block = Block({"Type": kind, "Properties": content, **attributes}, self._line)
        self._found.resources[logical_id] = block
        self._found.resources.key_lines[logical_id] = self._line

    def _alias(self, node: Any) -> str:
        if node is None:
            return LATEST
        try:
            name = self._text(node)
        except InputError as problem:
            raise InputError(problem.rule, field="AutoPublishAlias") from None
        logical_id = f"{self._id}Alias{name.replace('-', 'D').replace('_', 'U')}"
        self._add(logical_id, ALIAS, {"FunctionName": {"Ref": self._id}, "Name": name})
        self._found.references[f"{self._id}.Alias"] = logical_id
        return name

    def _configure(self, config: Any, qualifier: str) -> None:
        if not isinstance(config, dict):
            raise InputError("expected a mapping", field="EventInvokeConfig")
        for key in config:
            if key not in SETTINGS:
                raise InputError(
                    f"unknown property {quoted(key)}; expected {', '.join(SETTINGS)}",
                    field="EventInvokeConfig",
                )
        logical_id = f"{self._id}EventInvokeConfig"
        destinations = config.get("DestinationConfig") or {}
        if not isinstance(destinations, dict):
            raise InputError("expected a mapping", field="EventInvokeConfig.DestinationConfig")
        settings = {field: config[field] for field in _NUMBERS if field in config}
        settings["DestinationConfig"] = {
            half: self._destination(destination, f"{logical_id}{half}", half)
            for half, destination in destinations.items()
            if destination is not None
        }
        properties = {"FunctionName": {"Ref": self._id}, "Qualifier": qualifier, **settings}
        self._add(logical_id, CONFIG, properties)

    def _destination(self, given: Any, logical_id: str, half: str) -> dict[str, Any]:
        field = f"EventInvokeConfig.DestinationConfig.{half}"
        kind = given.get("Type") if isinstance(given, dict) else None
        if kind not in _TYPES:
            raise InputError(
                f"its Type is {quoted(kind)}; expected one of {', '.join(_TYPES)}", field=field
            )
        destination = given.get("Destination", _NO_VALUE)
        branches = destination.get("Fn::If") if isinstance(destination, dict) else None
        is_open = destination in (None, _NO_VALUE)
        if not is_open and not (isinstance(branches, list) and _NO_VALUE in branches[1:]):
            return {"Destination": destination}
        if kind not in _MADE:
            raise InputError(f"Destination is missing; {kind} needs one", field=field)
        made, end, attribute = _MADE[kind]
        self._add(logical_id + end, made, {})
        arn = {"Fn::GetAtt": [logical_id + end, attribute]}
        if is_open:
            return {"Destination": arn}
        chosen = [arn if branch == _NO_VALUE else branch for branch in branches or ()]
        return {"Destination": {"Fn::If": chosen}}


def merged(usual: Any, own: Any) -> Any:
    """What SAM makes of a property of ``Globals`` and the same one of a function.

    ===================  ===================  =====================================
    in ``Globals``       of the function      result
    ===================  ===================  =====================================
    mapping              mapping              both, merged key by key
    list                 list                 the first, then the second
    anything             anything else        the function's
    ===================  ===================  =====================================

    A mapping that is an expression counts as "anything else".
    """
    if isinstance(usual, list) and isinstance(own, list):
        return [*usual, *own]
    if not _is_plain(usual) or not _is_plain(own):
        return own
    common = {key: merged(usual[key], own[key]) for key in usual.keys() & own.keys()}
    return {**usual, **own, **common}


def _is_plain(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    first = next(iter(value), "")
    return not (len(value) == 1 and (first in {"Ref", "Condition"} or first.startswith("Fn::")))


def _without_ignored(global_properties: Any, ignored: Any) -> dict[str, Any]:
    if not isinstance(global_properties, dict) or ignored == "*":
        return {}
    left_out = ignored if isinstance(ignored, list) else []
    return {key: value for key, value in global_properties.items() if key not in left_out}
