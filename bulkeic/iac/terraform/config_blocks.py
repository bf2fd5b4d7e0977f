"""Configurations as ``aws_lambda_function_event_invoke_config`` resources with ``import`` blocks.

As the AWS provider reads them (``internal/service/lambda/function_event_invoke_config.go``):

- The id to import is the function's name, with ``:qualifier`` if the resource has a qualifier.
  Without one the provider asks for ``$LATEST``.
- ``destination_config`` and its halves are left out where they are empty: the provider would
  report them as a change at each plan.
- Where Lambda has no ``MaximumRetryAttempts``, the provider wants its default, 2.
"""

from collections.abc import Mapping

from bulkeic.core.code.known_config import KnownConfig
from bulkeic.core.model import LATEST, Lane, Target
from bulkeic.iac.terraform.hcl_text import (
    Attribute,
    Blank,
    Comment,
    Expression,
    HclBlock,
    Item,
    Value,
    hcl_string,
)
from bulkeic.iac.terraform.known_addresses import KnownAddresses
from bulkeic.iac.terraform.resources import CONFIG

_DESTINATIONS = "destination_config"
_BLANK = Blank()


def import_id(target: Target) -> str:
    """The id with which the provider imports a configuration."""
    latest = target.qualifier == LATEST
    return target.function if latest else f"{target.function}:{target.qualifier}"


def config_values(config: KnownConfig, known: KnownAddresses) -> dict[str, Value]:
    """The arguments of the resource that are set, with destinations as an object.

    Args:
        config: the configuration.
        known: what the values can refer to.
    """
    target, settings = config.target, config.settings
    function = known.functions.get(target.arn)
    values: dict[str, Value | None] = {
        "function_name": (
            target.function if function is None else Expression(f"{function}.function_name")
        ),
        "qualifier": None if target.qualifier == LATEST else target.qualifier,
        "maximum_retry_attempts": settings.maximum_retry_attempts,
        "maximum_event_age_in_seconds": settings.maximum_event_age_in_seconds,
    }
    destinations = (("on_success", settings.on_success), ("on_failure", settings.on_failure))
    values[_DESTINATIONS] = {
        name: _destination(arn, known.destinations) for name, arn in destinations if arn
    } or None
    return {name: value for name, value in values.items() if value is not None}


def _destination(arn: str, known: Mapping[str, str]) -> Value:
    return Expression(f"{known[arn]}.arn") if arn in known else arn


def single_blocks(name: str, config: KnownConfig, known: KnownAddresses) -> list[Item]:
    """The import and the resource of one configuration.

    Args:
        name: of the resource.
        config: the configuration.
        known: what the values can refer to.
    """
    values = config_values(config, known)
    destinations = values.pop(_DESTINATIONS, None)
    body: list[Item] = list(map(Attribute, values, values.values()))
    if isinstance(destinations, Mapping):
        body += [_BLANK, HclBlock(_DESTINATIONS, _halves(destinations))]
    return [
        HclBlock(
            "import",
            (
                Attribute("to", Expression(f"{CONFIG}.{name}")),
                Attribute("id", import_id(config.target)),
            ),
        ),
        _BLANK,
        HclBlock(f"resource {hcl_string(CONFIG)} {hcl_string(name)}", tuple(body)),
    ]


def _halves(destinations: Mapping[str, Value]) -> tuple[Item, ...]:
    """A block for each destination, with an empty line between them."""
    spread: list[Item] = []
    for half, value in destinations.items():
        spread += [_BLANK, HclBlock(half, (Attribute("destination", value),))]
    return tuple(spread[1:])


def map_entry(config: KnownConfig, known: KnownAddresses) -> Attribute:
    """A configuration as an entry of the map that ``map_blocks`` reads; its key is the import id.

    Args:
        config: the configuration.
        known: what the values can refer to.
    """
    return Attribute(hcl_string(import_id(config.target)), config_values(config, known))


def map_name(name: str) -> str:
    """The name of the map of a lane, among the ``locals``."""
    return f"event_invoke_configs_of_{name}"


def map_blocks(name: str, provider: str | None) -> list[Item]:
    """The import and the resource of all configurations in the map of a lane.

    Args:
        name: of the lane.
        provider: the provider to use; ``None``: the default one.
    """
    entries = Attribute("for_each", Expression(f"local.{map_name(name)}"))
    address = f"{CONFIG}.{name}[each.key]"
    chosen = [] if provider is None else [Attribute("provider", Expression(provider))]
    header = f"resource {hcl_string(CONFIG)} {hcl_string(name)}"
    ids = (Attribute("to", Expression(address)), Attribute("id", Expression("each.key")))
    return [
        HclBlock("import", (entries, *ids)),
        _BLANK,
        HclBlock(header, (entries, *chosen, _BLANK, *_MAP_ARGUMENTS, _BLANK, _MAP_DESTINATIONS)),
    ]


def _optional(name: str) -> Attribute:
    return Attribute(name, Expression(f"try(each.value.{name}, null)"))


def _dynamic(name: str, of: str, content: tuple[Item, ...]) -> HclBlock:
    """A block that is there if an object has an attribute with its name."""
    entries = Attribute("for_each", Expression(f"try([{of}.{name}], [])"))
    return HclBlock(f'dynamic "{name}"', (entries, _BLANK, HclBlock("content", content)))


def _half(name: str) -> HclBlock:
    content = (Attribute("destination", Expression(f"{name}.value")),)
    return _dynamic(name, f"{_DESTINATIONS}.value", content)


_MAP_ARGUMENTS = (
    Attribute("function_name", Expression("each.value.function_name")),
    _optional("qualifier"),
    _optional("maximum_retry_attempts"),
    _optional("maximum_event_age_in_seconds"),
)
_MAP_DESTINATIONS = _dynamic(
    _DESTINATIONS, "each.value", (_half("on_success"), _BLANK, _half("on_failure"))
)


def provider_block(name: str, lane: Lane) -> HclBlock:
    """The provider of a lane with a name. It refuses credentials of another account."""
    return HclBlock(
        'provider "aws"',
        (
            Attribute("alias", name),
            Attribute("region", lane.region),
            Attribute("allowed_account_ids", Expression(f"[{hcl_string(lane.account_id)}]")),
            Comment("Add credentials of this account: a profile, or an assume_role block."),
        ),
    )
