"""The Regions that an account can use, as AWS Account Management lists them."""

from typing import Any

import msgspec

from bulkeic.aws.services.service_calls import AwsOperation, ServiceCalls
from bulkeic.core.model import Lane
from bulkeic.core.targets.names import check_region

_PAGE = 50
_ENABLED = frozenset({"ENABLED", "ENABLED_BY_DEFAULT"})
_LIST_REGIONS = AwsOperation("account", "ListRegions", "Regions")


class _ListedRegion(msgspec.Struct, rename="pascal"):
    region_name: str
    region_opt_status: str


async def enabled_regions(calls: ServiceCalls, lane: Lane) -> list[str]:
    """Returns the Regions that are enabled for a lane's account, sorted.

    Raises:
        ServiceError: they cannot be listed, or none is enabled.
    """
    found = {
        region.region_name
        async for region in calls.items(
            _LIST_REGIONS,
            lane,
            _read_region,
            MaxResults=_PAGE,
            RegionOptStatusContains=sorted(_ENABLED),
        )
        if region.region_opt_status in _ENABLED
    }
    if not found:
        raise calls.mismatch(_LIST_REGIONS, lane, "no Region is enabled")
    return sorted(found)


def _read_region(item: Any) -> _ListedRegion:
    region = msgspec.convert(item, _ListedRegion)
    check_region(region.region_name)
    return region
