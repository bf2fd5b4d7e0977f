"""A provider for Terraform with the AWS provider's schema of a configuration: a script.

It reads the configurations of the sandbox whose URL is in ``BULKEIC_SANDBOX``, as the AWS provider
reads them: without a qualifier it reads ``$LATEST``, and where there is no number of retries it
wants 2. It has an environment of its own, because ``tf`` needs other versions than the tests.
"""

import functools
import json
import os
import urllib.request
from typing import Any

from tf.blocks import SetNestedBlock
from tf.gen.tfplugin_pb2 import Schema as ProtocolSchema
from tf.provider import _encode_state_d
from tf.runner import run_provider
from tf.schema import Attribute, Block, Schema
from tf.types import List, Number, String

OPTIONAL, REQUIRED, COMPUTED = {"optional": True}, {"required": True}, {"computed": True}
HALVES = {"on_failure": "OnFailure", "on_success": "OnSuccess"}


def text(name: str, kind: dict[str, bool]) -> Any:
    return Attribute(name, String(), **kind)


class SingleBlock(SetNestedBlock):  # type: ignore[misc]  # tf is not installed beside the tests
    """A list of blocks with at most one of them."""

    def to_pb(self) -> Any:
        made = super().to_pb()
        made.nesting = ProtocolSchema.NestedBlock.NestingMode.LIST
        made.max_items = 1
        return made

    def encode(self, value: Any) -> Any:
        return [_encode_state_d(self._amap(), self._bmap(), each, None) for each in value or []]

    def decode(self, value: Any) -> Any:
        blocks = self._bmap()
        return [
            {
                name: blocks[name].decode(each) if name in blocks else each
                for name, each in one.items()
            }
            for one in value or []
        ]

    def semantically_equal(self, _one: Any, _other: Any) -> bool:
        return False


class EventInvokeConfigs:
    """The resource ``aws_lambda_function_event_invoke_config``.

    Args:
        provider: of the resource.
    """

    def __init__(self, provider: "SandboxProvider") -> None:
        self._provider = provider

    @classmethod
    def get_name(cls) -> str:
        return "lambda_function_event_invoke_config"

    @classmethod
    def get_schema(cls) -> Any:
        destination = Block(attributes=[text("destination", REQUIRED)])
        halves = Block(block_types=[SingleBlock(half, destination) for half in HALVES])
        return Schema(
            attributes=[
                text("id", COMPUTED),
                text("function_name", REQUIRED),
                text("qualifier", OPTIONAL),
                Attribute("maximum_event_age_in_seconds", Number(), **OPTIONAL),
                # Only a computed attribute may get a default here.
                Attribute("maximum_retry_attempts", Number(), **OPTIONAL, **COMPUTED),
            ],
            block_types=[SingleBlock("destination_config", halves)],
        )

    def validate(self, *_given: Any) -> None:
        """Accepts any configuration."""

    def import_(self, _context: Any, name: str) -> Any:
        function, _, qualifier = name.partition(":")
        found = self._provider.functions()[function][qualifier or "$LATEST"]
        destinations = {
            half: [config] if (config := _destination(found, key)) else []
            for half, key in HALVES.items()
        }
        return {
            "id": name,
            "function_name": function,
            "qualifier": qualifier or None,
            "maximum_retry_attempts": found.get("MaximumRetryAttempts"),
            "maximum_event_age_in_seconds": found.get("MaximumEventAgeInSeconds"),
            "destination_config": [destinations] if any(destinations.values()) else [],
        }

    def read(self, context: Any, current: Any) -> Any:
        return self.import_(context, current["id"])

    def plan(self, _context: Any, _current: Any, planned: Any) -> Any:
        if planned["maximum_retry_attempts"] is None:
            planned["maximum_retry_attempts"] = 2
        return planned


def _destination(config: Any, key: str) -> dict[str, str] | None:
    arn = (config.get("DestinationConfig") or {}).get(key, {}).get("Destination")
    return {"destination": arn} if arn else None


@functools.cache
def _sandbox_state() -> Any:
    """What the sandbox has, read once: it does not change while Terraform plans."""
    with urllib.request.urlopen(f"{os.environ['BULKEIC_SANDBOX']}/_sandbox/state") as answer:
        return json.loads(answer.read())


class SandboxProvider:
    """The provider ``hashicorp/aws`` for one account and Region of a sandbox."""

    lane = ""

    def functions(self) -> Any:
        """The configurations of the functions, by name and qualifier."""
        return _sandbox_state()[self.lane]

    def get_model_prefix(self) -> str:
        return "aws_"

    def full_name(self) -> str:
        return "registry.terraform.io/hashicorp/aws"

    def get_provider_schema(self, _diagnostics: Any) -> Any:
        accounts = Attribute("allowed_account_ids", List(String()), **OPTIONAL)
        return Schema(attributes=[text("region", OPTIONAL), accounts])

    def validate_config(self, *_given: Any) -> None:
        """Accepts any configuration."""

    def configure_provider(self, _diagnostics: Any, config: Any) -> None:
        if config["region"] is None:
            self.lane = os.environ["BULKEIC_LANE"]
        else:
            self.lane = f"{config['allowed_account_ids'][0]}/{config['region']}"

    def get_data_sources(self) -> list[type]:
        return []

    def get_resources(self) -> list[type]:
        return [EventInvokeConfigs]

    def get_functions(self) -> list[type]:
        return []

    def new_resource(self, kind: type) -> Any:
        return kind(self)


if __name__ == "__main__":
    run_provider(SandboxProvider())
