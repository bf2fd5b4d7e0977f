"""Any answer is read and can be stored, or is one line that says what is wrong with it."""

import asyncio
import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.aws.inventory.inventory_services import InventoryServices
from bulkeic.core.errors import ServiceError

from .scripted_services import OWN, open_services

ARN = f"arn:aws:lambda:{OWN.region}:{OWN.account_id}:function:a"
FIELDS = {
    "GetResources": ("ResourceTagMappingList", ("ResourceARN", "Tags", "Key", "Value")),
    "ListAccounts": ("Accounts", ("Id", "State", "Status", "Name")),
    "ListRegions": ("Regions", ("RegionName", "RegionOptStatus")),
    "ListResources": ("Resources", ("Arn", "Properties", "Name", "Data", "Key")),
    "SelectAggregateResourceConfig": ("Results", ("arn", "accountId", "awsRegion", "tags")),
}
VIEW = f"arn:aws:resource-explorer-2:{OWN.region}:{OWN.account_id}:view/all/0123abcd"
WORDS = (ARN, OWN.account_id, OWN.region, "ENABLED", "ACTIVE", "tags", "", "\ud800", "\x00")
TOKENS: st.SearchStrategy[Any] = (
    st.none() | st.sampled_from(["", "a", "\ud800"]) | st.integers() | st.just({})
)


def values(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """JSON values in which these names and usual words are frequent."""
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS)
    keys = st.sampled_from(names) | st.text(max_size=3)
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
        max_leaves=8,
    )


async def read(services: InventoryServices, operation: str) -> list[Any]:
    """What an operation lists, as far as it is stored."""
    match operation:
        case "GetResources":
            return [each async for each in services.tagged_functions(OWN, {})]
        case "ListAccounts":
            return [each.account_id async for each in services.organization_accounts(OWN)]
        case "ListRegions":
            return await services.enabled_regions(OWN)
        case "ListResources":
            return [each async for each in services.resource_explorer_functions(OWN, view=VIEW)]
        case _:
            return [each async for each in services.config_functions(OWN, aggregator="a")]


@settings(max_examples=12)
@given(st.data(), st.sampled_from(sorted(FIELDS)))
def test_any_answer_can_be_stored_or_is_an_error_of_one_line(
    data: st.DataObject, operation: str
) -> None:
    items, names = FIELDS[operation]
    found = data.draw(st.lists(values(names), max_size=3) | values(names))
    if operation == "SelectAggregateResourceConfig" and isinstance(found, list):
        found = [json.dumps(each) if data.draw(st.booleans()) else each for each in found]
    token = "PaginationToken" if operation == "GetResources" else "NextToken"
    body = json.dumps({items: found, token: data.draw(TOKENS)}).encode()

    async def problem() -> str:
        async with open_services({operation: [body]}) as opened:
            try:
                msgspec.json.encode(await read(opened.services, operation))
            except ServiceError as error:
                return str(error)
        return ""

    assert asyncio.run(problem()).isprintable()
