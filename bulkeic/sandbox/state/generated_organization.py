"""A generated organization, the same each time.

The first account is the management account, in the root. The other accounts are spread over nested
units, and one more account, which has no functions, is suspended.
"""

from typing import Any

from bulkeic.sandbox.state.function_arns import DEFAULT_ACCOUNT_ID

UNITS = (
    "workloads/production",
    "workloads/test",
    "infrastructure",
    "workloads",
    "workloads/production/payments",
)
"""The units, in the order in which accounts are put into them, one each in turn."""

SUSPENDED_UNIT = "suspended"


def generated_organization(accounts: int) -> dict[str, Any]:
    """Return an organization, as JSON, of a number of active accounts and a suspended one.

    Args:
        accounts: number of active accounts, from 123456789012 on.
    """
    first = int(DEFAULT_ACCOUNT_ID)
    members: dict[str, dict[str, str]] = {f"{first:012d}": {"name": "management"}}
    for number in range(1, accounts):
        unit = UNITS[(number - 1) % len(UNITS)]
        name = f"{unit.replace('/', '-')}-{number}"
        members[f"{first + number:012d}"] = {"name": name, "unit": unit}
    members[f"{first + accounts:012d}"] = {
        "name": "closed",
        "unit": SUSPENDED_UNIT,
        "status": "SUSPENDED",
    }
    return {"management_account": DEFAULT_ACCOUNT_ID, "accounts": members, "units": list(UNITS)}
