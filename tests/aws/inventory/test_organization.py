"""Accounts of an organization."""

from typing import Any

import pytest

from bulkeic.aws.inventory.organization import OrganizationAccount
from bulkeic.core.errors import ServiceError

from .scripted_services import OWN, Answer, Refusal, Script, ServiceRequest, open_services

UNITS = {"r-root": ["ou-a", "ou-b"], "ou-a": ["ou-deep"], "ou-deep": ["ou-a"], "ou-b": []}
ACCOUNTS = {"r-root": [1], "ou-a": [2, 3], "ou-deep": [4, 3], "ou-b": [5]}
NOT_IN_USE = "Your account is not a member of an organization."
DENIED = (
    "User: arn:aws:iam::123456789012:user/u is not authorized to perform: "
    "organizations:ListAccounts on resource: * because no identity-based policy allows the "
    "organizations:ListAccounts action"
)


def account(number: int, **state: str) -> dict[str, Any]:
    return {"Id": f"{number:012}", "Name": f"account {number}"} | (state or {"State": "ACTIVE"})


def children(request: ServiceRequest) -> dict[str, Any]:
    """Answers with one child a page, as Organizations may."""
    parent = request.body["ParentId"]
    if request.operation == "ListAccountsForParent":
        kind, found = "Accounts", [account(number) for number in ACCOUNTS[parent]]
    else:
        kind, found = "OrganizationalUnits", [{"Id": unit} for unit in UNITS[parent]]
    at = int(request.body.get("NextToken", 0))
    more = {"NextToken": str(at + 1)} if at + 1 < len(found) else {}
    return {kind: found[at : at + 1]} | more


TREE: dict[str, Script] = {
    "ListAccountsForParent": children,
    "ListOrganizationalUnitsForParent": children,
}


async def test_accounts_of_all_pages_are_listed_once_with_their_state() -> None:
    pages: list[Answer] = [
        {"Accounts": [account(1), account(2, Status="SUSPENDED")], "NextToken": "a"},
        {"Accounts": [], "NextToken": "b"},
        {"Accounts": [account(1), account(3, State="CLOSED", Status="ACTIVE")]},
    ]
    async with open_services({"ListAccounts": pages}) as opened:
        found = [each async for each in opened.services.organization_accounts(OWN)]

    assert found == [
        OrganizationAccount("000000000001", "account 1", is_active=True),
        OrganizationAccount("000000000002", "account 2", is_active=False),
        OrganizationAccount("000000000003", "account 3", is_active=False),
    ]
    assert opened.server.asked("ListAccounts") == [
        {"MaxResults": 20},
        {"MaxResults": 20, "NextToken": "a"},
        {"MaxResults": 20, "NextToken": "b"},
    ]


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (["ou-a"], {2, 3, 4}),
        (["ou-b", "ou-b"], {5}),
        (["ou-deep", "ou-a"], {2, 3, 4}),
        (["r-root"], {1, 2, 3, 4, 5}),
    ],
)
async def test_units_have_the_accounts_of_their_children_once(
    units: list[str], expected: set[int]
) -> None:
    async with open_services(TREE) as opened:
        found = [each async for each in opened.services.organization_accounts(OWN, units=units)]

    assert sorted(each.account_id for each in found) == [f"{each:012}" for each in sorted(expected)]
    firsts = [
        (each.operation, each.body["ParentId"])
        for each in opened.server.requests
        if "NextToken" not in each.body
    ]
    assert len(firsts) == len(set(firsts))


@pytest.mark.parametrize(
    ("refusal", "is_denied", "words"),
    [
        (Refusal("AccessDeniedException", DENIED), True, (DENIED, "delegated administrator")),
        (
            Refusal("AWSOrganizationsNotInUseException", NOT_IN_USE),
            False,
            (f"{NOT_IN_USE.removesuffix('.')}; give --accounts instead",),
        ),
    ],
)
async def test_why_accounts_cannot_be_listed_is_one_line(
    refusal: Refusal, *, is_denied: bool, words: tuple[str, ...]
) -> None:
    async with open_services({"ListAccounts": [refusal]}) as opened:
        with pytest.raises(ServiceError) as raised:
            [each async for each in opened.services.organization_accounts(OWN)]

    error = raised.value
    assert (error.code, error.is_denied) == (refusal.code, is_denied)
    assert str(error).startswith(
        f"123456789012/eu-west-1: {refusal.code}: Organizations ListAccounts: "
    )
    for each in words:
        assert each in str(error)
    assert len(opened.server.requests) == 1


async def test_an_unknown_unit_is_named_by_its_flag() -> None:
    refusal = Refusal("ParentNotFoundException", "You specified a parent that doesn't exist.")
    async with open_services({"ListAccountsForParent": [refusal]}) as opened:
        with pytest.raises(ServiceError, match=r"doesn't exist; check the id that --ou gives"):
            [each async for each in opened.services.organization_accounts(OWN, units=["ou-x"])]


@pytest.mark.parametrize(
    "item",
    [
        {"Id": "12", "State": "ACTIVE"},
        {"Id": "123456789012"},
        {"Name": "no id", "State": "ACTIVE"},
        {"Id": 123456789012, "State": "ACTIVE"},
        {"Id": "123456789012", "State": "ACTIVE", "JoinedTimestamp": "no time"},
        "text",
    ],
)
async def test_a_malformed_account_is_an_error(item: Any) -> None:
    async with open_services({"ListAccounts": [{"Accounts": [item]}]}) as opened:
        with pytest.raises(ServiceError):
            [each async for each in opened.services.organization_accounts(OWN)]


async def test_an_organization_without_an_account_is_an_error() -> None:
    async with open_services({"ListAccounts": [{"Accounts": []}]}) as opened:
        with pytest.raises(ServiceError, match="there is no account"):
            [each async for each in opened.services.organization_accounts(OWN)]
