"""Reads the tags of functions, of several lanes at a time."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from bulkeic.core.errors import ServiceError
from bulkeic.core.model import Lane
from bulkeic.store.discovery.discovery_file import DiscoveryFile

if TYPE_CHECKING:
    from bulkeic.aws.inventory.inventory_services import InventoryServices

_CONCURRENT_LANES = 40
_BATCH = 500


class TagReading:
    """Stores the tags of functions.

    Args:
        file: the discovery file.
        inventory: lists resources by their tags.
        tags: that functions must have, each with its values; empty: any.

    Attributes:
        failed: lanes whose tags could not be read.
    """

    def __init__(
        self,
        file: DiscoveryFile,
        inventory: "InventoryServices",
        tags: Mapping[str, Sequence[str]],
    ) -> None:
        self.failed: set[Lane] = set()
        self._file = file
        self._inventory = inventory
        self._tags = tags
        self._store = anyio.Lock()

    async def read(self, lanes: Sequence[Lane]) -> None:
        """Reads the tags of some lanes; a lane that fails does not delay the others."""
        limiter = anyio.CapacityLimiter(_CONCURRENT_LANES)

        async def read_one(lane: Lane) -> None:
            async with limiter:
                try:
                    await self._read_lane(lane)
                except ServiceError as error:
                    self.failed.add(lane)
                    async with self._store:
                        self._file.save_failure(lane, error.code, error.message)

        async with anyio.create_task_group() as tasks:
            for lane in lanes:
                tasks.start_soon(read_one, lane)

    async def _read_lane(self, lane: Lane) -> None:
        found: dict[str, dict[str, str]] = {}
        async for name, tags in self._inventory.tagged_functions(lane, self._tags):
            found[name] = tags
            if len(found) >= _BATCH:
                await self._save(lane, found, is_last=False)
                found = {}
        await self._save(lane, found, is_last=True)

    async def _save(
        self, lane: Lane, found: Mapping[str, Mapping[str, str]], *, is_last: bool
    ) -> None:
        async with self._store:  # one thread at a time writes
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(
                    lambda: self._file.save_tags(lane, found, is_last=is_last)
                )
