"""The tags of functions, as the Resource Groups Tagging API knows them.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from bulkeic.aws.inventory.listed_arn import read_arn
from bulkeic.aws.inventory.listed_tags import read_tags
from bulkeic.aws.services.service_calls import AwsOperation, ServiceCalls
from bulkeic.core.model import Lane

_PAGE = 100
MOST_ARNS = 100
"""The longest ResourceARNList."""
# Limits of TagFilters.
_MOST_TAGS = 50
_MOST_VALUES = 20
_GET_RESOURCES = AwsOperation(
    "resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList", "PaginationToken"
)


class _TaggedResource(msgspec.Struct):
    arn: str = msgspec.field(name="ResourceARN")
    tags: list[Any] = msgspec.field(name="Tags", default_factory=list)


async def tagged_functions(
    calls: ServiceCalls, lane: Lane, tags: Mapping[str, Sequence[str]]
) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Yields the names and the tags of a lane's functions that have all of some tags.

    The answers are filtered again: a filter holds fewer tags and values than may be asked for, and
    resources that have lost their tags are listed, too.
    """
    seen: set[str] = set()
    async for name, found in calls.items(
        _GET_RESOURCES,
        lane,
        partial(_read_resource, lane),
        ResourcesPerPage=_PAGE,
        ResourceTypeFilters=["lambda:function"],
        TagFilters=_filters(tags),
    ):
        if name is not None and found and name not in seen and _has_tags(found, tags):
            seen.add(name)
            yield name, found


async def tags_of_functions(
    calls: ServiceCalls, lane: Lane, arns: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Returns the tags of some functions of a lane by name, with one call.

    Functions without tags, and those that do not exist, are left out.

    Args:
        calls: of the services.
        lane: account and Region.
        arns: the ARN of each function, without a qualifier, and its name; at most ``MOST_ARNS``.
    """
    found = {}
    async for arn, tags in calls.items(
        _GET_RESOURCES, lane, _read_tagged, ResourceARNList=list(arns)
    ):
        if arn in arns and tags:
            found[arns[arn]] = tags
    return found


def _read_tagged(item: Any) -> tuple[str, dict[str, str]]:
    """Returns the ARN of a resource, and its tags.

    Raises:
        ValueError: it is not a resource with tags.
    """
    resource = msgspec.convert(item, _TaggedResource)
    return resource.arn, read_tags(resource.tags)


def _filters(tags: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    return [
        {"Key": tag, "Values": list(values)} if 0 < len(values) <= _MOST_VALUES else {"Key": tag}
        for tag, values in list(tags.items())[:_MOST_TAGS]
    ]


def _has_tags(found: Mapping[str, str], tags: Mapping[str, Sequence[str]]) -> bool:
    return all(
        tag in found and (not values or found[tag] in values) for tag, values in tags.items()
    )


def _read_resource(lane: Lane, item: Any) -> tuple[str | None, dict[str, str]]:
    """Returns the name of a function and its tags; the name of a version or an alias is ``None``.

    Raises:
        ValueError, InputError: it is not a function of the lane.
    """
    resource = msgspec.convert(item, _TaggedResource)
    arn = read_arn(resource.arn)
    if arn.lane != lane:
        raise ValueError(f"it names a function of {arn.lane}")
    return None if arn.is_qualified else arn.name, read_tags(resource.tags)
