"""Organizations: roots, units and accounts, listed by boto3."""

from typing import Any

import pytest

from bulkeic.sandbox.behavior.account_options import AccountOptions
from bulkeic.sandbox.state.generated_organization import generated_organization
from bulkeic.sandbox.state.sandbox_organization import ROOT_ID, unit_id_of

from .sandbox_client import ACCOUNT, SandboxThread, StartSandbox, expect_error

OPERATIONS = ["list_roots", "list_accounts"]


def listed(client: Any, operation: str, key: str, **parameters: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate(**parameters)
    return [item for page in pages for item in page[key]]


def start(start_sandbox: StartSandbox, organization: dict[str, Any] | None) -> SandboxThread:
    return start_sandbox(accounts=AccountOptions(organization=organization))


def test_accounts_come_in_pages_of_twenty(start_sandbox: StartSandbox) -> None:
    sandbox = start(start_sandbox, generated_organization(40))
    client = sandbox.client(service="organizations")
    pages = list(client.get_paginator("list_accounts").paginate())
    assert [len(page["Accounts"]) for page in pages] == [20, 20, 1]
    accounts = [account for page in pages for account in page["Accounts"]]
    assert [account["Id"] for account in accounts] == [
        f"{int(ACCOUNT) + number}" for number in range(41)
    ]
    inactive = [account["Id"] for account in accounts if account["Status"] != "ACTIVE"]
    assert inactive == [f"{int(ACCOUNT) + 40}"]
    assert accounts[0]["Name"] == "management"
    assert accounts[0]["Arn"].startswith(f"arn:aws:organizations::{ACCOUNT}:account/o-")
    small = listed(client, "list_accounts", "Accounts", PaginationConfig={"PageSize": 3})
    assert small == accounts
    assert sandbox.stats()["by_operation"] == {"ListAccounts": 3 + 14}


def test_units_nest(start_sandbox: StartSandbox) -> None:
    organization = {
        "management_account": ACCOUNT,
        "accounts": {
            "000000000001": {"unit": "a"},
            "000000000002": {"unit": "a/b", "name": "second", "status": "SUSPENDED"},
            "000000000003": {"unit": "a/b"},
        },
        "units": ["a/empty"],
    }
    client = start(start_sandbox, organization).client(service="organizations")
    (root,) = client.list_roots()["Roots"]
    assert (root["Id"], root["Name"]) == (ROOT_ID, "Root")

    def units(parent: str) -> dict[str, str]:
        found = listed(
            client,
            "list_organizational_units_for_parent",
            "OrganizationalUnits",
            ParentId=parent,
        )
        return {unit["Name"]: unit["Id"] for unit in found}

    def accounts(parent: str) -> list[str]:
        found = listed(client, "list_accounts_for_parent", "Accounts", ParentId=parent)
        return [account["Id"] for account in found]

    below_root = units(root["Id"])
    assert below_root == {"a": unit_id_of("a")}
    below_a = units(below_root["a"])
    assert below_a == {"b": unit_id_of("a/b"), "empty": unit_id_of("a/empty")}
    assert units(below_a["b"]) == {}
    assert accounts(root["Id"]) == [ACCOUNT]
    assert accounts(below_root["a"]) == ["000000000001"]
    assert accounts(below_a["b"]) == ["000000000002", "000000000003"]
    assert accounts(below_a["empty"]) == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_an_organization(start_sandbox: StartSandbox, operation: str) -> None:
    client = start_sandbox().client(service="organizations")
    got = expect_error(getattr(client, operation))
    assert (got.code, got.status) == ("AWSOrganizationsNotInUseException", 400)
    assert got.message == "Your account is not a member of an organization."


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("account", "code"),
    [
        ("123456789013", "AccessDeniedException"),
        ("999999999999", "AWSOrganizationsNotInUseException"),
    ],
)
def test_only_the_management_account_may_ask(
    start_sandbox: StartSandbox, operation: str, account: str, code: str
) -> None:
    sandbox = start(start_sandbox, generated_organization(2))
    got = expect_error(getattr(sandbox.client(account, service="organizations"), operation))
    assert (got.code, got.status) == (code, 400)
    assert got.body["__type"] == code


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"ParentId": "nonsense"}, "InvalidInputException"),
        ({"ParentId": unit_id_of("nowhere")}, "ParentNotFoundException"),
        ({"ParentId": ROOT_ID, "MaxResults": 0}, "InvalidInputException"),
        ({"ParentId": ROOT_ID, "MaxResults": 21}, "InvalidInputException"),
        ({"ParentId": ROOT_ID, "NextToken": "x"}, "InvalidInputException"),
        ({}, "InvalidInputException"),
        ({"ParentId": 1}, "SerializationException"),
    ],
)
@pytest.mark.parametrize(
    "operation", ["list_accounts_for_parent", "list_organizational_units_for_parent"]
)
def test_invalid_parameters_are_refused(
    start_sandbox: StartSandbox, operation: str, parameters: dict[str, Any], code: str
) -> None:
    sandbox = start(start_sandbox, generated_organization(2))
    client = sandbox.client(service="organizations", parameter_validation=False)
    got = expect_error(getattr(client, operation), **parameters)
    assert (got.code, got.status) == (code, 400)


def test_a_denied_operation(start_sandbox: StartSandbox) -> None:
    options = AccountOptions(
        organization=generated_organization(1),
        denied_operations={ACCOUNT: ["organizations:ListAccounts"]},
    )
    client = start_sandbox(accounts=options).client(service="organizations")
    got = expect_error(client.list_accounts)
    assert (got.code, got.status) == ("AccessDeniedException", 400)
    assert got.message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/sandbox is not authorized to perform: "
        "organizations:ListAccounts on resource: * because no identity-based policy allows the "
        "organizations:ListAccounts action"
    )
    assert client.list_roots()["Roots"]


def test_credentials_are_checked(start_sandbox: StartSandbox) -> None:
    sandbox = start(start_sandbox, generated_organization(1))
    client = sandbox.client(service="organizations", secret="wrong")
    got = expect_error(client.list_roots)
    assert (got.code, got.status) == ("InvalidSignatureException", 400)


def test_listing_takes_no_quota(start_sandbox: StartSandbox) -> None:
    options = AccountOptions(organization=generated_organization(1))
    sandbox = start_sandbox(accounts=options, rate=1e-6, burst=1)
    client = sandbox.client(service="organizations")
    for _ in range(3):
        client.list_roots()
    assert sandbox.stats()["by_lane"] == {}
    assert sandbox.stats()["by_operation"] == {"ListRoots": 3}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"management_account": 1},
        {"management_account": "1"},
        {"management_account": ACCOUNT, "accounts": []},
        {"management_account": ACCOUNT, "accounts": {"x": {}}},
        {"management_account": ACCOUNT, "accounts": {ACCOUNT: {"unit": 1}}},
        {"management_account": ACCOUNT, "accounts": {ACCOUNT: {"unit": "a//b"}}},
        {"management_account": ACCOUNT, "accounts": {ACCOUNT: {"status": "CLOSED"}}},
        {"management_account": ACCOUNT, "units": [1]},
        {"management_account": ACCOUNT, "more": 1},
    ],
)
def test_an_invalid_organization_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="organization: "):
        AccountOptions(organization=wrong)
