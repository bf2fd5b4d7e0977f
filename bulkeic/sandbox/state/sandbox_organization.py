"""An organization: its root, its units and its accounts.

As JSON, where all but the management account can be left out:

    {"management_account": "123456789012",
     "accounts": {"123456789013": {"unit": "workloads/a", "name": "a", "status": "SUSPENDED"}},
     "units": ["workloads/empty"]}

A unit is named by its path below the root, and exists with all units above it. An account without a
unit is in the root. The management account is a member, whether it is listed or not. IDs follow
from names, so that they are the same in each sandbox.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

ROOT_ID = "r-sand"
STATUSES = ("ACTIVE", "SUSPENDED", "PENDING_CLOSURE")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_ACCOUNT_KEYS = {"unit", "name", "status"}
_KEYS = {"management_account", "accounts", "units"}


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """An account of an organization.

    Attributes:
        account_id: twelve digits.
        name: its name.
        status: one of STATUSES.
        unit: path of its unit; empty for the root.
    """

    account_id: str
    name: str
    status: str
    unit: str


@dataclass(frozen=True, slots=True)
class SandboxOrganization:
    """An organization.

    Attributes:
        management_account: the only account that may ask for the others.
        accounts: all accounts, by ID, sorted.
        units: ID of each unit by its path, sorted; the root has the empty path.
    """

    management_account: str
    accounts: Mapping[str, MemberAccount]
    units: Mapping[str, str]

    @property
    def organization_id(self) -> str:
        """The organization's ID."""
        return f"o-{sha256(self.management_account.encode()).hexdigest()[:10]}"

    def unit_with_id(self, unit_id: str) -> str | None:
        """Return the path of the unit with an ID, or None."""
        return next((path for path, each in self.units.items() if each == unit_id), None)

    def units_in(self, unit: str) -> list[str]:
        """Return the paths of the units directly in a unit."""
        return [path for path in self.units if path and path.rpartition("/")[0] == unit]

    def accounts_in(self, unit: str) -> list[MemberAccount]:
        """Return the accounts directly in a unit."""
        return [account for account in self.accounts.values() if account.unit == unit]

    def is_suspended(self, account_id: str) -> bool:
        """Whether an account belongs to the organization and is not active."""
        account = self.accounts.get(account_id)
        return account is not None and account.status != "ACTIVE"


def unit_id_of(path: str) -> str:
    """Return the ID of the unit with a path."""
    digest = sha256(path.encode()).hexdigest()[:8]
    return f"ou-{ROOT_ID.removeprefix('r-')}-{digest}" if path else ROOT_ID


def organization_from_json(data: Any) -> SandboxOrganization:
    """Return the organization of decoded JSON.

    Raises:
        ValueError: the data is not an organization; the message says where.
    """
    if not isinstance(data, dict) or not set(data) <= _KEYS or "management_account" not in data:
        raise ValueError(
            f"organization: {data!r:.200} must have 'management_account' and can have "
            "'accounts' and 'units'"
        )
    management, members = data["management_account"], data.get("accounts", {})
    units = data.get("units", [])
    if not isinstance(members, dict) or not isinstance(units, list):
        raise ValueError("organization: accounts must be an object, units an array")  # noqa: TRY004
    if not isinstance(management, str):
        raise ValueError(f"organization: {management!r:.200} is not an account ID")  # noqa: TRY004
    accounts = {
        account_id: _account(account_id, member)
        for account_id, member in sorted({management: {}, **members}.items())
    }
    paths = {""}
    for path in [*units, *(account.unit for account in accounts.values())]:
        _check_path(path)
        while path:
            paths.add(path)
            path = path.rpartition("/")[0]  # noqa: PLW2901 - up to the root
    return SandboxOrganization(
        management, accounts, {path: unit_id_of(path) for path in sorted(paths)}
    )


def _account(account_id: str, data: Any) -> MemberAccount:
    if not _ACCOUNT.fullmatch(account_id):
        raise ValueError(f"organization: {account_id!r:.200} is not an account ID")
    where = f"organization: {account_id}"
    if not isinstance(data, dict) or not set(data) <= _ACCOUNT_KEYS:
        raise ValueError(f"{where}: {data!r:.200} can only have {sorted(_ACCOUNT_KEYS)}")
    if not all(isinstance(value, str) for value in data.values()):
        raise ValueError(f"{where}: {data!r:.200} has a value that is not a string")
    status = data.get("status", STATUSES[0])
    if status not in STATUSES:
        raise ValueError(f"{where}: status: {status!r:.200} is not one of {', '.join(STATUSES)}")
    name = data.get("name", f"account-{account_id}")
    return MemberAccount(account_id, name, status, data.get("unit", ""))


def _check_path(path: Any) -> None:
    if not isinstance(path, str) or (path and not all(path.split("/"))):
        raise ValueError(f"organization: {path!r:.200} is not the path of a unit, like a/b")
