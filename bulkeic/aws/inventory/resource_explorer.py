"""The functions that a view of AWS Resource Explorer shows.

ListResources pages through all of them; Search would stop after 1,000 results.
"""

import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from bulkeic.aws.inventory.listed_arn import read_arn
from bulkeic.aws.inventory.listed_tags import read_tags
from bulkeic.aws.services.service_calls import AwsOperation, ServiceCalls
from bulkeic.core.errors import ServiceError, quoted
from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Lane
from bulkeic.core.targets.names import REGION_PATTERN

# With 1,000, the maximum, the first page would be the last one.
_PAGE = 500
_FILTER = "resourcetype:lambda:function"
_DEFAULT_VIEW = AwsOperation("resource-explorer-2", "GetDefaultView")
_LIST_RESOURCES = AwsOperation("resource-explorer-2", "ListResources", "Resources")
_match_view = re.compile(
    rf"arn:aws[a-z-]*:resource-explorer-2:(?P<region>{REGION_PATTERN}):\d{{12}}:view/[\w/.-]+",
    re.ASCII,
).fullmatch


class _Property(msgspec.Struct, rename="pascal"):
    name: str = ""
    data: Any = None


class _Resource(msgspec.Struct, rename="pascal"):
    arn: str
    properties: list[_Property] = []


async def view_functions(
    calls: ServiceCalls, lane: Lane, view: str | None
) -> AsyncIterator[FoundFunction]:
    """Yields the functions that a view shows, each once. It is called in the view's own Region.

    Args:
        calls: of the services.
        lane: the caller's own account, and the Region of the default view.
        view: the ARN of a view; ``None``: the default view.

    Raises:
        ServiceError: there is no default view, or a call failed.
    """
    arn = view or await _default_view(calls, lane)
    match = _match_view(arn)
    if match is None:
        raise ServiceError(
            "InvalidView",
            f"--view {quoted(arn)} is not the ARN of a view; expected something like "
            "arn:aws:resource-explorer-2:us-east-1:123456789012:view/all/0123abcd",
            is_denied=False,
        )
    place = Lane(lane.account_id, match["region"])
    seen: set[tuple[Lane, str]] = set()
    async for function in calls.items(
        _LIST_RESOURCES,
        place,
        _read_function,
        ViewArn=arn,
        MaxResults=_PAGE,
        Filters={"FilterString": _FILTER},
    ):
        if function is not None and (function.lane, function.name) not in seen:
            seen.add((function.lane, function.name))
            yield function


async def _default_view(calls: ServiceCalls, lane: Lane) -> str:
    answer = await calls.answer(_DEFAULT_VIEW, lane)
    view = answer.get("ViewArn")
    if not view:
        raise ServiceError(
            "NoDefaultView",
            f"Resource Explorer has no default view in {lane}; "
            "set one with: aws resource-explorer-2 associate-default-view, "
            "or give --view with the ARN of a view",
            is_denied=False,
        )
    if not isinstance(view, str) or _match_view(view) is None:
        raise calls.mismatch(_DEFAULT_VIEW, lane, "its ViewArn is not the ARN of a view")
    return view


def _read_function(item: Any) -> FoundFunction | None:
    """Returns a function; ``None`` for the entry of a version or an alias.

    Raises:
        ValueError, InputError: it is not a function.
    """
    resource = msgspec.convert(item, _Resource)
    arn = read_arn(resource.arn)
    if arn.is_qualified:
        return None
    tags = next((each.data for each in resource.properties if each.name == "tags"), None)
    return FoundFunction(
        lane=arn.lane, name=arn.name, tags=None if tags is None else read_tags(tags)
    )
