"""Organizations: the operations that list roots, units and accounts.

    check                                                 refusal
    the caller's account belongs to the organization      400 AWSOrganizationsNotInUseException
    it is the management account                          400 AccessDeniedException
    MaxResults is between 1 and 20                        400 InvalidInputException
    ParentId is the ID of a root or a unit                400 InvalidInputException
    the organization has that root or unit                400 ParentNotFoundException
    the sandbox issued the NextToken                      400 InvalidInputException

Accounts are in the order of their IDs. The organization has no delegated administrators.
"""

import re
from collections.abc import Sequence

from bulkeic.sandbox.api.service_call import Response, ServiceCall, page_after
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.state.sandbox_organization import (
    ROOT_ID,
    MemberAccount,
    SandboxOrganization,
)

PAGE_SIZE = 20
_PARENT = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}", re.ASCII)
_JOINED_S = 1_600_000_000


def list_roots(call: ServiceCall) -> Response:
    """Perform ListRoots.

    Raises:
        AwsError: the call is refused.
    """
    organization = _organization(call)
    _page_size(call)
    root = {"Id": ROOT_ID, "Arn": _arn(organization, "root", ROOT_ID), "Name": "Root"}
    return {"Roots": [root | {"PolicyTypes": []}]}


def list_accounts(call: ServiceCall) -> Response:
    """Perform ListAccounts.

    Raises:
        AwsError: the call is refused.
    """
    organization = _organization(call)
    return _accounts_page(call, organization, list(organization.accounts.values()))


def list_accounts_for_parent(call: ServiceCall) -> Response:
    """Perform ListAccountsForParent: accounts of units further down are none of them.

    Raises:
        AwsError: the call is refused.
    """
    organization = _organization(call)
    accounts = organization.accounts_in(_parent(call, organization))
    return _accounts_page(call, organization, accounts)


def list_units_for_parent(call: ServiceCall) -> Response:
    """Perform ListOrganizationalUnitsForParent.

    Raises:
        AwsError: the call is refused.
    """
    organization = _organization(call)
    units = organization.units_in(_parent(call, organization))
    page, token = _page(call, sorted(units))
    response: Response = {
        "OrganizationalUnits": [
            {
                "Id": organization.units[path],
                "Arn": _arn(organization, "ou", organization.units[path]),
                "Name": path.rpartition("/")[2],
            }
            for path in page
        ]
    }
    return response if token is None else response | {"NextToken": token}


def _organization(call: ServiceCall) -> SandboxOrganization:
    organization, account = call.accounts.organization, call.principal.lane[0]
    if organization is None or account not in organization.accounts:
        raise AwsError(ErrorKind.NOT_IN_ORGANIZATION)
    if account != organization.management_account:
        raise AwsError(ErrorKind.NOT_MANAGEMENT_ACCOUNT)
    return organization


def _parent(call: ServiceCall, organization: SandboxOrganization) -> str:
    """Return the path of the unit that ParentId names."""
    parent_id = call.parameter("ParentId", str, "a String") or ""
    if not _PARENT.fullmatch(parent_id):
        raise AwsError(ErrorKind.INVALID_PATTERN)
    parent = organization.unit_with_id(parent_id)
    if parent is None:
        raise AwsError(ErrorKind.PARENT_NOT_FOUND)
    return parent


def _page_size(call: ServiceCall) -> int:
    given = call.parameter("MaxResults", int, "an Integer")
    size: int = PAGE_SIZE if given is None else given
    if not 1 <= size <= PAGE_SIZE:
        raise AwsError(ErrorKind.INVALID_MAX_RESULTS, limit=str(PAGE_SIZE))
    return size


def _page(call: ServiceCall, items: Sequence[str]) -> tuple[list[str], str | None]:
    token = call.parameter("NextToken", str, "a String")
    size = _page_size(call)
    try:
        return page_after(items, token, size)
    except AwsError:
        raise AwsError(ErrorKind.INVALID_NEXT_TOKEN) from None


def _accounts_page(
    call: ServiceCall, organization: SandboxOrganization, accounts: Sequence[MemberAccount]
) -> Response:
    page, token = _page(call, [account.account_id for account in accounts])
    described = [_describe(organization, organization.accounts[each]) for each in page]
    response: Response = {"Accounts": described}
    return response if token is None else response | {"NextToken": token}


def _describe(organization: SandboxOrganization, account: MemberAccount) -> Response:
    is_management = account.account_id == organization.management_account
    return {
        "Id": account.account_id,
        "Arn": _arn(organization, "account", account.account_id),
        "Email": f"{account.account_id}@example.com",
        "Name": account.name,
        "Status": account.status,
        "State": account.status,
        "JoinedMethod": "INVITED" if is_management else "CREATED",
        "JoinedTimestamp": _JOINED_S,
    }


def _arn(organization: SandboxOrganization, kind: str, name: str) -> str:
    return (
        f"arn:aws:organizations::{organization.management_account}:{kind}/"
        f"{organization.organization_id}/{name}"
    )
