"""Fleets that are made up, the same each time.

Functions `fn-0`, `fn-1` and so on, in each lane; accounts 123456789012, 123456789013 and so on;
Regions in the order of REGIONS.
"""

from math import floor

from bulkeic.sandbox.auth.principal import DEFAULT_ACCOUNT_ID
from bulkeic.sandbox.state.fleet import Fleet

REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "sa-east-1",
)
"""The Regions that every account has without asking."""


def populate(
    fleet: Fleet, functions: int, *, accounts: int, regions: int, configured: float
) -> None:
    """Make functions; what exists already stays as it is.

    Args:
        fleet: where.
        functions: how many in each lane.
        accounts: how many accounts, from 123456789012 on.
        regions: how many Regions, the first of REGIONS.
        configured: the part of each lane's functions that has a configuration, spread evenly.

    Raises:
        ValueError: more Regions than there are, or a part outside 0..1.
    """
    if not 0 < regions <= len(REGIONS):
        raise ValueError(f"regions: {regions} is not between 1 and {len(REGIONS)}")
    if not 0 <= configured <= 1:
        raise ValueError(f"configured: {configured} is not between 0 and 1")
    # Lanes share the names: a million functions are a few texts and many references to them.
    configs = {
        f"fn-{number}": fleet.default
        if floor((number + 1) * configured) > floor(number * configured)
        else None
        for number in range(functions)
    }
    for account in range(int(DEFAULT_ACCOUNT_ID), int(DEFAULT_ACCOUNT_ID) + accounts):
        for region in REGIONS[:regions]:
            fleet.hold_all((f"{account:012d}", region), configs)
