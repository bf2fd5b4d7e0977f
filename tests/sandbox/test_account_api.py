"""Account: ListRegions, called by boto3."""

from typing import Any

import pytest

from bulkeic.sandbox.behavior.account_options import AccountOptions
from bulkeic.sandbox.state.generated_organization import generated_organization
from bulkeic.sandbox.state.region_names import OPT_IN_REGIONS, REGIONS

from .sandbox_client import ACCOUNT, StartSandbox, expect_error

MEMBER = f"{int(ACCOUNT) + 1}"


def statuses(client: Any, **parameters: Any) -> dict[str, str]:
    pages = client.get_paginator("list_regions").paginate(**parameters)
    return {
        region["RegionName"]: region["RegionOptStatus"]
        for page in pages
        for region in page["Regions"]
    }


def test_regions_without_any_options(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    client = sandbox.client(service="account")
    wanted = dict.fromkeys(REGIONS, "ENABLED_BY_DEFAULT") | dict.fromkeys(
        OPT_IN_REGIONS, "DISABLED"
    )
    assert statuses(client) == wanted
    assert statuses(client, PaginationConfig={"PageSize": 4}) == wanted
    by_default = statuses(client, RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"])
    assert sorted(by_default) == sorted(REGIONS)
    assert sandbox.stats()["by_lane"] == {}
    assert set(sandbox.stats()["by_operation"]) == {"ListRegions"}


def test_enabled_regions_of_accounts(start_sandbox: StartSandbox) -> None:
    regions = {ACCOUNT: ["us-east-1", "af-south-1"], "*": ["eu-west-1"]}
    sandbox = start_sandbox(accounts=AccountOptions(enabled_regions=regions))
    enabled = {"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]}
    assert statuses(sandbox.client(service="account"), **enabled) == {
        "us-east-1": "ENABLED_BY_DEFAULT",
        "af-south-1": "ENABLED",
    }
    other = statuses(sandbox.client("210987654321", service="account"), **enabled)
    assert list(other) == ["eu-west-1"]


def test_regions_of_a_member_account(start_sandbox: StartSandbox) -> None:
    options = AccountOptions(
        organization=generated_organization(2), enabled_regions={MEMBER: ["eu-west-1"]}
    )
    sandbox = start_sandbox(accounts=options)
    client = sandbox.client(service="account")
    enabled = {"RegionOptStatusContains": ["ENABLED_BY_DEFAULT"]}
    assert list(statuses(client, AccountId=MEMBER, **enabled)) == ["eu-west-1"]
    for account in (ACCOUNT, "999999999999"):
        got = expect_error(client.list_regions, AccountId=account)
        assert (got.code, got.status) == ("AccessDeniedException", 403)
    of_member = sandbox.client(MEMBER, service="account")
    got = expect_error(of_member.list_regions, AccountId=ACCOUNT)
    assert got.code == "AccessDeniedException"


@pytest.mark.parametrize(
    "parameters",
    [
        {"MaxResults": 0},
        {"MaxResults": 51},
        {"NextToken": "x"},
        {"AccountId": "1"},
        {"RegionOptStatusContains": ["ON"]},
    ],
)
def test_invalid_parameters_are_refused(
    start_sandbox: StartSandbox, parameters: dict[str, Any]
) -> None:
    client = start_sandbox().client(service="account", parameter_validation=False)
    got = expect_error(client.list_regions, **parameters)
    assert (got.code, got.status) == ("ValidationException", 400)


def test_a_denied_operation(start_sandbox: StartSandbox) -> None:
    denied = AccountOptions(denied_operations={"*": ["account:ListRegions"]})
    client = start_sandbox(accounts=denied).client(service="account")
    got = expect_error(client.list_regions)
    assert (got.code, got.status) == ("AccessDeniedException", 403)
