"""The policies in the docs allow exactly the calls that are made of services besides Lambda."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bulkeic.aws.inventory.inventory_services import InventoryServices
from tests.documented_policies import TEXTS, allowed

from .scripted_services import OWN, Script, open_services

VIEW = "arn:aws:resource-explorer-2:eu-west-1:123456789012:view/all/0123abcd"
SCRIPTS: dict[str, Script] = {
    "ListAccounts": [{"Accounts": [{"Id": OWN.account_id, "State": "ACTIVE"}]}],
    "ListAccountsForParent": [{"Accounts": []}],
    "ListOrganizationalUnitsForParent": [{"OrganizationalUnits": []}],
    "ListRegions": [{"Regions": [{"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED"}]}],
    "GetResources": [{"ResourceTagMappingList": []}],
    "GetDefaultView": [{"ViewArn": VIEW}],
    "ListResources": [{"Resources": []}],
    "DescribeConfigurationAggregators": [
        {"ConfigurationAggregators": [{"ConfigurationAggregatorName": "ours"}]}
    ],
    "SelectAggregateResourceConfig": [{"Results": []}],
}
Listing = Callable[[InventoryServices], AsyncIterator[Any]]


async def regions(services: InventoryServices) -> AsyncIterator[str]:
    for region in await services.enabled_regions(OWN):
        yield region


# The cell of the table on the page, and what is done.
CASES: dict[str, Listing] = {
    "the same, without `--regions` or with a pattern in it": regions,
    "`--tag`, `--managed-by`²": lambda services: services.tagged_functions(OWN, {}),
    "`--organization`": lambda services: services.organization_accounts(OWN),
    "`--ou`": lambda services: services.organization_accounts(OWN, units=["ou-a"]),
    "`--source resource-explorer`": lambda services: services.resource_explorer_functions(
        OWN, view=VIEW
    ),
    "`--source config`": lambda services: services.config_functions(OWN, aggregator="ours"),
}


def documented() -> dict[str, set[str]]:
    """The table of the page: what is given → actions."""
    table: dict[str, set[str]] = {}
    rows = re.findall(r"^\| (.+?) \| `(.+?)` \| .+ \|$", TEXTS["`discover`"], re.MULTILINE)
    for given, action in rows:
        table.setdefault(given, set()).add(action)
    return table


async def called_by(listing: Listing) -> set[str]:
    """The actions of IAM that a listing calls; each is signed for its service."""
    async with open_services(SCRIPTS) as opened:
        [each async for each in listing(opened.services)]
    return {
        f"{each.service.replace('tagging', 'tag')}:{each.operation}"
        for each in opened.server.requests
    }


@pytest.mark.parametrize("given", CASES)
async def test_the_table_names_the_calls_of_each_flag(given: str) -> None:
    assert await called_by(CASES[given]) == documented()[given]


@pytest.mark.parametrize(
    ("listing", "given", "more"),
    [
        (
            lambda services: services.resource_explorer_functions(OWN, view=None),
            "`--source resource-explorer`",
            "`--source resource-explorer` without `--view`",
        ),
        (
            lambda services: services.config_functions(OWN, aggregator=None),
            "`--source config`",
            "`--source config` without `--aggregator`",
        ),
    ],
)
async def test_a_view_or_an_aggregator_without_a_name_is_looked_for(
    listing: Listing, given: str, more: str
) -> None:
    rows = documented()
    assert await called_by(listing) == rows[given] | rows[more]


def test_the_policies_are_the_union_of_the_table() -> None:
    rows = documented()
    every = set().union(*rows.values())
    policies = {
        "discover": {each for each in every if re.match("(?:account|lambda|tag):", each)},
        "discover --organization": rows["`--organization`"] | rows["`--ou`"],
        "discover --source resource-explorer": rows["`--source resource-explorer`"]
        | rows["`--source resource-explorer` without `--view`"],
        "discover --source config": rows["`--source config`"]
        | rows["`--source config` without `--aggregator`"],
    }
    assert policies == {section: allowed(section) for section in policies}
    assert every == set().union(*policies.values())
