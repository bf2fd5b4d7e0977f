"""A file of Terraform's language that imports configurations, written lane by lane.

One lane needs no provider of its own. With several lanes, each has a provider with an alias. Few
configurations of a single lane are a resource each; others are a map for ``for_each``.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from bulkeic.core.code.known_config import KnownConfig
from bulkeic.core.model import Lane
from bulkeic.iac.terraform.config_blocks import (
    map_blocks,
    map_entry,
    map_name,
    provider_block,
    single_blocks,
)
from bulkeic.iac.terraform.hcl_text import Blank, Comment, Item, hcl_text
from bulkeic.iac.terraform.known_addresses import KnownAddresses
from bulkeic.iac.terraform.resource_names import ResourceNames

MOST_SINGLE_RESOURCES = 20
"""Configurations of a single lane that are a resource each; more are entries of a map."""

LaneConfigs = tuple[Lane, Iterator[KnownConfig]]
"""A lane with its configurations, of which there is at least one."""

_TITLE = (
    "Event-invoke configurations of Lambda functions, exported by bulkeic.",
    "Requires Terraform or OpenTofu 1.7 or later, for the for_each of import blocks.",
    "Delete the import blocks after terraform apply.",
    "",
)
_SINGLE = "The default provider must be that of account {lane.account_id} in {lane.region}."
_SEVERAL = "Each account and Region has a provider: give it credentials, or move it to your own."


def import_file(lanes: Iterator[LaneConfigs], known: KnownAddresses) -> Iterator[bytes]:
    """The file in pieces; none if there is no lane. A stream.

    Args:
        lanes: each with its configurations.
        known: what the resources can refer to.
    """
    first_lanes = list(islice(lanes, 2))
    if not first_lanes:
        return
    is_single = len(first_lanes) == 1
    closing = _SINGLE.format(lane=first_lanes[0][0]) if is_single else _SEVERAL
    yield hcl_text(map(Comment, (*_TITLE, closing))).encode()
    names = ResourceNames(known.names)
    if is_single:
        lane, configs = first_lanes[0]
        yield from _single_lane(lane, configs, known, names)
        return
    for lane, configs in chain(first_lanes, lanes):
        name = names.name_of_lane(lane)
        yield _text(provider_block(name, lane))
        yield from _map(name, configs, known, f"aws.{name}")


def _single_lane(
    lane: Lane, configs: Iterator[KnownConfig], known: KnownAddresses, names: ResourceNames
) -> Iterator[bytes]:
    first = list(islice(configs, MOST_SINGLE_RESOURCES + 1))
    if len(first) > MOST_SINGLE_RESOURCES:
        yield from _map(names.name_of_lane(lane), chain(first, configs), known, None)
        return
    for config in first:
        yield _text(*single_blocks(names.name_of(config.target), config, known))


def _map(
    name: str, configs: Iterable[KnownConfig], known: KnownAddresses, provider: str | None
) -> Iterator[bytes]:
    yield f"\nlocals {{\n  {map_name(name)} = {{\n".encode()
    for config in configs:
        yield hcl_text([map_entry(config, known)], depth=2).encode()
    yield b"  }\n}\n"
    yield _text(*map_blocks(name, provider))


def _text(*items: Item) -> bytes:
    """Items after an empty line."""
    return hcl_text([Blank(), *items]).encode()
