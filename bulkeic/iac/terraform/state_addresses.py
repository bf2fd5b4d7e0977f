"""What a state declares of event-invoke configurations, and of what they refer to."""

import re
from collections.abc import Iterable
from typing import Any

from bulkeic.core.model import CLEARED, LATEST, Settings
from bulkeic.iac.terraform.config_blocks import RESOURCE_TYPE
from bulkeic.iac.terraform.known_addresses import DeclaredSettings, KnownAddresses
from bulkeic.iac.terraform.state_resources import StateModule, StateResource, StateValues

_FUNCTION = "aws_lambda_function"
_DESTINATIONS = frozenset(
    {_FUNCTION, "aws_lambda_alias", "aws_sqs_queue", "aws_sns_topic", "aws_cloudwatch_event_bus",
     "aws_s3_bucket"}
)  # fmt: skip
_MANAGED = "managed"
_match_reference = re.compile(
    r'(?:data\.)?[a-z0-9_]+\.[\w-]+(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?'
).fullmatch


def known_addresses(modules: Iterable[StateModule]) -> KnownAddresses:
    """What new code of the root module must not declare again, and what it can refer to.

    Resources of child modules cannot be referred to. A resource is preferred to a data source.

    Args:
        modules: of a state.
    """
    every = list(modules)
    functions_by_name: dict[str, list[str]] = {}
    for each in _resources(every, _FUNCTION):
        if (name := _text(each.values.function_name)) and (arn := _text(each.values.arn)):
            functions_by_name.setdefault(name, []).append(arn)
    configs: dict[tuple[str, str], DeclaredSettings] = {}
    for each in _resources(every, RESOURCE_TYPE):
        function = _text(each.values.function_name)
        declared = DeclaredSettings(each.address, _settings(each.values))
        for key in functions_by_name.get(function) or [function]:
            configs[key, _text(each.values.qualifier) or LATEST] = declared
    functions: dict[str, str] = {}
    destinations: dict[str, str] = {}
    for each in _referable(every):
        arn = _text(each.values.arn)
        if each.type == _FUNCTION:
            functions[arn] = each.address
        destinations[arn] = each.address
    return KnownAddresses(configs, functions, destinations, _names(every))


def _names(modules: Iterable[StateModule]) -> frozenset[str]:
    """The names of the configurations in the root module, which new resources cannot have."""
    return frozenset(
        each.name
        for module in modules
        if module.is_root
        for each in module.resources
        if each.type == RESOURCE_TYPE
    )


def _resources(modules: Iterable[StateModule], kind: str) -> Iterable[StateResource]:
    return (
        each
        for module in modules
        for each in module.resources
        if each.mode == _MANAGED and each.type == kind
    )


def _referable(modules: Iterable[StateModule]) -> Iterable[StateResource]:
    """What code of the root module can refer to by its ARN; data sources first.

    An address becomes part of the code, so it must be a reference and nothing else.
    """
    found = [
        each
        for module in modules
        if module.is_root
        for each in module.resources
        if each.type in _DESTINATIONS and _text(each.values.arn) and _is_reference(each.address)
    ]
    return sorted(found, key=lambda each: each.mode == _MANAGED)


def _is_reference(address: str) -> bool:
    return address.isprintable() and _match_reference(address) is not None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _settings(values: StateValues) -> Settings:
    """The snapshot that the attributes of a configuration describe."""
    destinations = _block(values.destination_config)
    on_success, on_failure = (
        _text(_block(destinations.get(half)).get("destination")) or CLEARED
        for half in ("on_success", "on_failure")
    )
    retries = _integer(values.maximum_retry_attempts)
    age = _integer(values.maximum_event_age_in_seconds) or None
    return Settings(retries, age, on_success, on_failure)


def _block(value: Any) -> dict[str, Any]:
    """The only block in a list of blocks; empty: there is none."""
    block = value[0] if isinstance(value, list) and value else None
    return block if isinstance(block, dict) else {}


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) else None
