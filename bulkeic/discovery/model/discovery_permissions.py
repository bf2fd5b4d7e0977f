"""The IAM actions that a discovery needs in each account (see ``core.permissions``)."""

from bulkeic.core import permissions
from bulkeic.discovery.model.criteria import Criteria
from bulkeic.discovery.model.regions import exact_regions


def discovery_permissions(criteria: Criteria, regions: tuple[str, ...]) -> tuple[str, ...]:
    """The actions, sorted.

    Args:
        criteria: what the discovery looks for.
        regions: the patterns of Regions to look in; empty: all.
    """
    needed = {
        permissions.LIST_FUNCTIONS: True,
        permissions.LIST_REGIONS: exact_regions(regions) is None,
        permissions.LIST_ALIASES: criteria.needs_aliases,
        permissions.LIST_CONFIGS: criteria.needs_configs,
        permissions.GET_RESOURCES: criteria.needs_tags,
    }
    return tuple(sorted(action for action, is_needed in needed.items() if is_needed))
