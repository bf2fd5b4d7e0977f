"""The services that say which accounts, Regions and functions there are."""

from collections.abc import AsyncIterator, Mapping, Sequence

from bulkeic.aws.inventory import config_aggregator, organization, resource_explorer, resource_tags
from bulkeic.aws.inventory.deployed_stacks import deployed_stack
from bulkeic.aws.inventory.enabled_regions import enabled_regions
from bulkeic.aws.inventory.organization import OrganizationAccount
from bulkeic.aws.services.calling_services import CallingServices
from bulkeic.core.code.deployed_stack import DeployedStack
from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Lane


class InventoryServices(CallingServices):
    """Asks AWS's services for accounts, Regions, functions and stacks.

    See ``CallingServices``.
    """

    def organization_accounts(
        self, lane: Lane, *, units: Sequence[str] = ()
    ) -> AsyncIterator[OrganizationAccount]:
        """Yields the accounts of the caller's organization, each once.

        Args:
            lane: the caller's own account and Region.
            units: ids of organizational units or roots: only their accounts and those of their
                children at any depth; empty: all accounts.
        """
        if units:
            return organization.accounts_of_units(self._calls, lane, units)
        return organization.all_accounts(self._calls, lane)

    async def enabled_regions(self, lane: Lane) -> list[str]:
        """Returns the Regions that are enabled for a lane's account, sorted.

        Args:
            lane: the account, and any Region of its partition.
        """
        return await enabled_regions(self._calls, lane)

    async def deployed_stack(self, lane: Lane, name: str, *, with_exports: bool) -> DeployedStack:
        """Returns what a stack of a lane says about names and values.

        Args:
            lane: account and Region.
            name: of the stack, or its id.
            with_exports: also read the exports of all stacks of the lane.
        """
        return await deployed_stack(self._calls, lane, name, with_exports=with_exports)

    def tagged_functions(
        self, lane: Lane, tags: Mapping[str, Sequence[str]]
    ) -> AsyncIterator[tuple[str, dict[str, str]]]:
        """Yields the tagged functions of a lane: their names, each once, with all their tags.

        Args:
            lane: account and Region.
            tags: tag → the values that are allowed, none: any value; a function must have all of
                the tags. Empty: every function with a tag.
        """
        return resource_tags.tagged_functions(self._calls, lane, tags)

    async def tags_of_functions(
        self, lane: Lane, arns: Mapping[str, str]
    ) -> dict[str, dict[str, str]]:
        """Returns the tags of some functions of a lane by name, with one call.

        Args:
            lane: account and Region.
            arns: the ARN of each function, without a qualifier, and its name; at most 100.
        """
        return await resource_tags.tags_of_functions(self._calls, lane, arns)

    def resource_explorer_functions(
        self, lane: Lane, *, view: str | None
    ) -> AsyncIterator[FoundFunction]:
        """Yields the functions that a view of Resource Explorer shows, each once.

        They have no facts, and tags only if the view includes them.

        Args:
            lane: the caller's own account, and the Region of the default view.
            view: the ARN of a view; ``None``: the Region's default view.
        """
        return resource_explorer.view_functions(self._calls, lane, view)

    def config_functions(
        self, lane: Lane, *, aggregator: str | None
    ) -> AsyncIterator[FoundFunction]:
        """Yields the functions that an aggregator of AWS Config knows, each once.

        Their facts are the recorded configuration, with the names of ListFunctions.

        Args:
            lane: the account and the Region of the aggregator.
            aggregator: its name; ``None``: the only one in the lane.
        """
        return config_aggregator.aggregated_functions(self._calls, lane, aggregator)
