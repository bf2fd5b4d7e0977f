"""Generated fleets, the same each time.

Functions `fn-0`, `fn-1` and so on, in each lane; accounts 123456789012, 123456789013 and so on;
Regions in the order of REGIONS. In a varied fleet, functions have facts of `generated_facts`.
"""

from collections.abc import Mapping
from math import floor

from bulkeic.sandbox.state.fleet import Fleet, FleetEntry
from bulkeic.sandbox.state.function_arns import DEFAULT_ACCOUNT_ID
from bulkeic.sandbox.state.generated_facts import LANE_STEP, VARIANTS, generated_function
from bulkeic.sandbox.state.region_names import REGIONS


def populate(
    fleet: Fleet,
    functions: int,
    *,
    accounts: int,
    regions: int,
    configured: float,
    varied: bool = False,
) -> None:
    """Add functions to a fleet; existing ones stay as they are.

    Args:
        fleet: the fleet.
        functions: number of functions in each lane.
        accounts: number of accounts, from 123456789012 on.
        regions: number of Regions, in the order of REGIONS.
        configured: share of each lane's functions that has a configuration, 0 to 1, spread evenly.
        varied: whether the functions have facts of their own, which repeat.

    Raises:
        ValueError: more Regions than REGIONS has, or a share outside 0..1.
    """
    if not 0 < regions <= len(REGIONS):
        raise ValueError(f"regions: {regions} is not between 1 and {len(REGIONS)}")
    if not 0 <= configured <= 1:
        raise ValueError(f"configured: {configured} is not between 0 and 1")
    # Lanes share the strings: a million functions are a few names and many references to them.
    configs: dict[str, FleetEntry] = {
        f"fn-{number}": fleet.default
        if floor((number + 1) * configured) > floor(number * configured)
        else None
        for number in range(functions)
    }
    variants = _variants(fleet) if varied else []
    lanes = [(account, region) for account in _accounts(accounts) for region in REGIONS[:regions]]
    for place, lane in enumerate(lanes):
        fleet.add_all(lane, _varied(configs, variants, place * LANE_STEP) if varied else configs)


def _accounts(count: int) -> list[str]:
    first = int(DEFAULT_ACCOUNT_ID)
    return [f"{account:012d}" for account in range(first, first + count)]


def _variants(fleet: Fleet) -> list[tuple[FleetEntry, FleetEntry]]:
    """Return all variants of a function, without and with a configuration."""
    default = fleet.default
    return [
        (generated_function(variant, None, default), generated_function(variant, default, default))
        for variant in range(VARIANTS)
    ]


def _varied(
    configs: Mapping[str, FleetEntry], variants: list[tuple[FleetEntry, FleetEntry]], shift: int
) -> dict[str, FleetEntry]:
    return {
        name: variants[(number + shift) % VARIANTS][config is not None]
        for number, (name, config) in enumerate(configs.items())
    }
