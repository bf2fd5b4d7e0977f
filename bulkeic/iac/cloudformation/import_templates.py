"""Templates that import configurations into stacks, with the files that CloudFormation needs.

- A stack is in one account and Region, so each template has the configurations of one lane.
- A template that a call carries itself has at most 51,200 bytes, and one import has at most 200
  resources (``TemplateBody`` and ``ResourcesToImport`` of ``CreateChangeSet``, in botocore's
  model). A lane with more is split into parts.
- Each resource to import needs a ``DeletionPolicy``. With ``Retain``, a configuration stays as it
  is when it leaves the stack.
- ``Qualifier`` is required, and identifies the resource together with ``FunctionName``.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from bulkeic.core.code.known_config import KnownConfig
from bulkeic.core.model import Lane
from bulkeic.iac.cloudformation.logical_ids import LogicalIds

RESOURCE_TYPE = "AWS::Lambda::EventInvokeConfig"
MOST_BYTES = 51_200
MOST_RESOURCES = 200

_RETAIN = "Retain"
_IDENTIFIER = ("FunctionName", "Qualifier")
_DESTINATIONS = "DestinationConfig"
_STACK = "event-invoke-configs"
_DESCRIPTION = "Event-invoke configurations, account {lane.account_id}, {lane.region}, by bulkeic"
_START = b'{\n "AWSTemplateFormatVersion": "2010-09-09",\n "Description": '
_RESOURCES = b',\n "Resources": {\n  '
_NEXT = b",\n  "
_END = b"\n }\n}\n"
_encode = msgspec.json.Encoder().encode


class ImportTemplate(msgspec.Struct, frozen=True):
    """A template of one stack, with the resources to import.

    Attributes:
        lane: the account and the Region of the stack.
        part: number of the template in its lane, from 1; 0: the lane has one template.
        template: as JSON.
        resources: the resources to import, as JSON.
    """

    lane: Lane
    part: int
    template: bytes
    resources: bytes

    @property
    def stack(self) -> str:
        """The name of the stack."""
        return f"{_STACK}-{self.part}" if self.part else _STACK

    @property
    def template_file(self) -> str:
        """The name of the template's file."""
        return f"{self._name}.template.json"

    @property
    def resources_file(self) -> str:
        """The name of the file with the resources to import."""
        return f"{self._name}.import.json"

    @property
    def _name(self) -> str:
        part = f".{self.part}" if self.part else ""
        return f"{self.lane.account_id}.{self.lane.region}{part}"

    def commands(self) -> str:
        """The commands that import the resources, for a shell in the folder of the files."""
        stack = f"--region {self.lane.region} --stack-name {self.stack}"
        change_set = f"{stack} --change-set-name import"
        lines = (
            f"# Account {self.lane.account_id}, {self.lane.region}",
            f"aws cloudformation create-change-set --change-set-type IMPORT {change_set} \\",
            f"  --template-body file://{self.template_file} \\",
            f"  --resources-to-import file://{self.resources_file}",
            f"aws cloudformation wait change-set-create-complete {change_set}",
            f"aws cloudformation execute-change-set {change_set}",
            f"aws cloudformation wait stack-import-complete {stack}",
        )
        return "\n".join(lines) + "\n"


def import_templates(lane: Lane, configs: Iterable[KnownConfig]) -> Iterator[ImportTemplate]:
    """The templates of a lane; none if it has no configurations. A stream.

    Args:
        lane: the lane.
        configs: its configurations.
    """
    builder, part = _TemplateBuilder(lane), 0
    for config in configs:
        if not builder.add(config):
            part += 1
            yield builder.build(part)
            builder = _TemplateBuilder(lane)
            builder.add(config)
    if not builder.is_empty():
        yield builder.build(part and part + 1)


def resource_properties(config: KnownConfig) -> dict[str, Any]:
    """The properties of a configuration's resource; what is not set is left out."""
    target = config.target
    properties: dict[str, Any] = dict(
        zip(_IDENTIFIER, (target.function, target.qualifier), strict=True)
    )
    properties |= config.settings.to_api()
    destinations = properties.pop(_DESTINATIONS, {})
    if named := {half: value for half, value in destinations.items() if value}:
        properties[_DESTINATIONS] = named
    return properties


class _TemplateBuilder:
    """Takes configurations as long as there is room in one template."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._ids = LogicalIds()
        self._head = _START + _encode(_DESCRIPTION.format(lane=lane)) + _RESOURCES
        self._bytes = len(self._head) + len(_END)
        self._resources: list[bytes] = []
        self._imports: list[dict[str, Any]] = []

    def is_empty(self) -> bool:
        """Whether no configuration was added."""
        return not self._resources

    def add(self, config: KnownConfig) -> bool:
        """Adds a configuration; ``False``: there is no room for it, and it was not added."""
        name, properties = self._ids.id_of(config.target), resource_properties(config)
        resource = _encode(name) + b": " + _resource_text(properties)
        size = self._bytes + len(resource) + len(_NEXT)
        if len(self._resources) == MOST_RESOURCES or size > MOST_BYTES:
            return False
        self._bytes = size
        self._resources.append(resource)
        identifier = {key: properties[key] for key in _IDENTIFIER}
        self._imports.append(
            {
                "ResourceType": RESOURCE_TYPE,
                "LogicalResourceId": name,
                "ResourceIdentifier": identifier,
            }
        )
        return True

    def build(self, part: int) -> ImportTemplate:
        """The template.

        Args:
            part: its number in its lane; 0: it is the only one.
        """
        template = self._head + _NEXT.join(self._resources) + _END
        resources = b"[\n  " + _NEXT.join(map(_encode, self._imports)) + b"\n]\n"
        return ImportTemplate(self._lane, part, template, resources)


def _resource_text(properties: dict[str, Any]) -> bytes:
    """A resource as JSON, one attribute a line."""
    resource = {
        "Type": RESOURCE_TYPE,
        "DeletionPolicy": _RETAIN,
        "UpdateReplacePolicy": _RETAIN,
        "Properties": properties,
    }
    lines = (_encode(name) + b": " + _encode(value) for name, value in resource.items())
    return b"{\n   " + b",\n   ".join(lines) + b"\n  }"
