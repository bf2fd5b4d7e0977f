"""Reads functions from Resource Explorer or AWS Config."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import msgspec

from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Lane
from bulkeic.discovery.discover_options import DiscoverOptions
from bulkeic.discovery.model.criteria import Criteria
from bulkeic.discovery.run.page_intake import listings_of_function
from bulkeic.store.discovery.discovery_file import DiscoveryFile

if TYPE_CHECKING:
    from bulkeic.aws.inventory.inventory_services import InventoryServices

_BATCH = 500


def inventory_functions(
    options: DiscoverOptions, inventory: "InventoryServices", home: Lane
) -> AsyncIterator[FoundFunction]:
    """The functions of the source that the options name.

    Args:
        options: with a source other than Lambda.
        inventory: asks it.
        home: the caller's own account, and the Region to call.
    """
    if options.source == "config":
        return inventory.config_functions(home, aggregator=options.aggregator)
    return inventory.resource_explorer_functions(home, view=options.view)


async def read_inventory(
    functions: AsyncIterator[FoundFunction],
    file: DiscoveryFile,
    criteria: Criteria,
    is_wanted: Callable[[Lane], bool],
    *,
    has_tags: bool,
) -> None:
    """Stores the functions of an inventory.

    A reading that is stopped starts again from the first function: an inventory has no place to
    continue from that outlasts the process.

    Args:
        functions: of the inventory.
        file: where they are stored.
        criteria: which functions are looked for.
        is_wanted: whether functions are looked for in a lane.
        has_tags: whether the inventory knows all tags.

    Raises:
        ServiceError: the inventory cannot be read.
    """
    batch: list[FoundFunction] = []
    async for function in functions:
        if is_wanted(function.lane):
            batch.append(function)
            if len(batch) >= _BATCH:
                await _save(batch, file, criteria, has_tags=has_tags)
                batch = []
    await _save(batch, file, criteria, has_tags=has_tags)
    file.save_metadata(msgspec.structs.replace(file.metadata, has_inventory=True))


async def _save(
    functions: list[FoundFunction], file: DiscoveryFile, criteria: Criteria, *, has_tags: bool
) -> None:
    following = [
        listing
        for function in functions
        if criteria.may_match(function)
        for listing in listings_of_function(function.lane, function.name, criteria)
    ]
    with anyio.CancelScope(shield=True):
        await anyio.to_thread.run_sync(
            lambda: file.save_inventory(functions, following, has_tags=has_tags)
        )
