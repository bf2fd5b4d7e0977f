"""The accounts of an organization, as AWS Organizations lists them."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from bulkeic.aws.services.service_calls import AwsOperation, ServiceCalls
from bulkeic.core.model import Lane
from bulkeic.core.targets.names import check_account

_PAGE = 20
_ACTIVE = "ACTIVE"
_ACCOUNTS = AwsOperation("organizations", "ListAccounts", "Accounts")
_ACCOUNTS_OF_UNIT = AwsOperation("organizations", "ListAccountsForParent", "Accounts")
_UNITS = AwsOperation("organizations", "ListOrganizationalUnitsForParent", "OrganizationalUnits")


class OrganizationAccount(msgspec.Struct, frozen=True):
    """One account of an organization.

    Attributes:
        account_id: 12 digits.
        name: its friendly name.
        is_active: whether it can be used: it is neither suspended nor closed nor being set up.
    """

    account_id: str
    name: str
    is_active: bool


class _ListedAccount(msgspec.Struct, rename="pascal"):
    """An entry of Organizations. ``Status`` is the older form of ``State``."""

    id: str
    name: str = ""
    state: str | None = None
    status: str | None = None


class _ListedUnit(msgspec.Struct, rename="pascal"):
    id: str


async def all_accounts(calls: ServiceCalls, lane: Lane) -> AsyncIterator[OrganizationAccount]:
    """Yields all accounts of the caller's organization, each once.

    Raises:
        ServiceError: they cannot be listed, or there is none: an organization has at least one.
    """
    seen: set[str] = set()
    async for account in calls.items(_ACCOUNTS, lane, _read_account, MaxResults=_PAGE):
        if account.account_id not in seen:
            seen.add(account.account_id)
            yield account
    if not seen:
        raise calls.mismatch(_ACCOUNTS, lane, "there is no account")


async def accounts_of_units(
    calls: ServiceCalls, lane: Lane, units: Sequence[str]
) -> AsyncIterator[OrganizationAccount]:
    """Yields the accounts of some units and of their children at any depth, each once."""
    waiting = deque(dict.fromkeys(units))
    seen = set(waiting)
    while waiting:
        parent = {"ParentId": waiting.popleft(), "MaxResults": _PAGE}
        async for account in calls.items(_ACCOUNTS_OF_UNIT, lane, _read_account, **parent):
            if account.account_id not in seen:
                seen.add(account.account_id)
                yield account
        async for unit in calls.items(_UNITS, lane, _read_unit, **parent):
            if unit not in seen:
                seen.add(unit)
                waiting.append(unit)


def _read_account(item: Any) -> OrganizationAccount:
    listed = msgspec.convert(item, _ListedAccount)
    state = listed.state or listed.status
    if state is None:
        raise ValueError("an account has no state")
    return OrganizationAccount(check_account(listed.id), listed.name, state == _ACTIVE)


def _read_unit(item: Any) -> str:
    return msgspec.convert(item, _ListedUnit).id
