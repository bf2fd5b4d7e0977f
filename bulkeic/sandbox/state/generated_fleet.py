"""Generated fleets, the same each time.

Functions `fn-0`, `fn-1` and so on, in each lane; accounts 123456789012, 123456789013 and so on;
Regions in the order of REGIONS.
"""

from math import floor

from bulkeic.sandbox.state.fleet import Fleet
from bulkeic.sandbox.state.function_arns import DEFAULT_ACCOUNT_ID
from bulkeic.sandbox.state.region_names import REGIONS


def populate(
    fleet: Fleet, functions: int, *, accounts: int, regions: int, configured: float
) -> None:
    """Add functions to a fleet; existing ones stay as they are.

    Args:
        fleet: the fleet.
        functions: number of functions in each lane.
        accounts: number of accounts, from 123456789012 on.
        regions: number of Regions, in the order of REGIONS.
        configured: share of each lane's functions that has a configuration, 0 to 1, spread evenly.

    Raises:
        ValueError: more Regions than REGIONS has, or a share outside 0..1.
    """
    if not 0 < regions <= len(REGIONS):
        raise ValueError(f"regions: {regions} is not between 1 and {len(REGIONS)}")
    if not 0 <= configured <= 1:
        raise ValueError(f"configured: {configured} is not between 0 and 1")
    # Lanes share the strings: a million functions are a few names and many references to them.
    configs = {
        f"fn-{number}": fleet.default
        if floor((number + 1) * configured) > floor(number * configured)
        else None
        for number in range(functions)
    }
    for account in range(int(DEFAULT_ACCOUNT_ID), int(DEFAULT_ACCOUNT_ID) + accounts):
        for region in REGIONS[:regions]:
            fleet.add_all((f"{account:012d}", region), configs)
