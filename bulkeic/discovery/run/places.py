"""Which accounts and Regions a discovery looks in."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import anyio
import msgspec

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.core.accounts import role_account
from bulkeic.core.errors import AccessError, ServiceError, UsageError
from bulkeic.core.model import Lane
from bulkeic.core.targets.templates import is_template
from bulkeic.discovery.discover_options import DiscoverOptions
from bulkeic.discovery.model.place_tally import NOT_ENABLED
from bulkeic.discovery.model.regions import choose_regions, exact_regions, unmatched_regions
from bulkeic.store.discovery.discovered_pages import PlaceFailure, StoredAccount

if TYPE_CHECKING:
    from bulkeic.aws.inventory.inventory_services import InventoryServices

_CONCURRENT_ACCOUNTS = 40
NO_ACCESS = "NoAccess"


class Places(msgspec.Struct):
    """Where to look.

    Attributes:
        accounts: every one, also those whose Regions are not known.
        lanes: of the accounts.
        failures: of lanes that cannot be read.
        not_excluded: accounts to exclude that are not among the accounts anyway.
    """

    accounts: list[StoredAccount] = []
    lanes: list[Lane] = []
    failures: list[PlaceFailure] = []
    not_excluded: list[str] = []


class PlaceFinder:
    """Finds accounts and Regions.

    Args:
        options: say where to look.
        resolver: knows how each account is reached.
        inventory: lists accounts and Regions.
        home: the caller's own account, and the Region to call first.
    """

    def __init__(
        self,
        options: DiscoverOptions,
        resolver: AccountResolver,
        inventory: "InventoryServices",
        home: Lane,
    ) -> None:
        self._options = options
        self._resolver = resolver
        self._inventory = inventory
        self._home = home
        self._patterns = options.places.regions

    async def find(self, *, with_regions: bool) -> Places:
        """Finds every account, and the Regions of each.

        Args:
            with_regions: whether the Regions are needed.

        Raises:
            ServiceError: the organization cannot be read.
            UsageError: no account is left, or no Region.
        """
        accounts = await self._account_ids()
        excluded = self._options.places.excluded_accounts
        chosen = [account for account in accounts if account not in excluded]
        if not chosen:
            raise UsageError(
                "there is no account to look in; check --organization, --ou, --accounts and "
                "--exclude-account"
            )
        if with_regions:
            places = await self.regions_of(chosen)
            is_known = not any(account.code for account in places.accounts)
            if self._patterns and is_known and not places.lanes:
                raise UsageError(
                    f"--regions {','.join(self._patterns)} matches no Region that is enabled for "
                    "the account, or that its entry in --accounts names"
                )
        else:
            places = Places([StoredAccount(account, self._role(account)) for account in chosen])
        places.not_excluded = [account for account in excluded if account not in accounts]
        return places

    async def _account_ids(self) -> list[str]:
        places, access = self._options.places, self._options.access
        found: dict[str, None] = {}
        if places.organization or places.units:
            units = () if places.organization else places.units
            async for account in self._inventory.organization_accounts(self._home, units=units):
                if account.is_active:
                    found[account.account_id] = None
        elif access.accounts is not None:
            found.update(dict.fromkeys(self._resolver.accounts.regions_by_account()))
        elif access.role_arn is not None and not is_template(access.role_arn):
            found[role_account(access.role_arn)] = None
        else:
            found[self._home.account_id] = None
        return sorted(found)

    async def regions_of(self, accounts: Iterable[str]) -> Places:
        """Finds the Regions of some accounts, of several at a time."""
        places = Places()
        limiter = anyio.CapacityLimiter(_CONCURRENT_ACCOUNTS)

        async def find(account_id: str) -> None:
            async with limiter:
                await self._add(account_id, places)

        async with anyio.create_task_group() as tasks:
            for account_id in accounts:
                tasks.start_soon(find, account_id)
        places.accounts.sort(key=lambda account: account.account_id)
        places.lanes.sort()
        return places

    async def _add(self, account_id: str, places: Places) -> None:
        allowed = self._resolver.accounts.regions_by_account().get(account_id, ())
        lane = Lane(account_id, allowed[0] if allowed else self._home.region)
        account = partial(StoredAccount, account_id, self._role(account_id))
        try:
            refused = await self._resolver.find_refusals([lane])
        except AccessError as error:
            places.accounts.append(account(NO_ACCESS, str(error)))
            return
        if lane in refused:
            places.accounts.append(account(NO_ACCESS, refused[lane].rule))
            return
        try:
            regions = await self._regions(lane, allowed, places)
        except ServiceError as error:
            places.accounts.append(account(error.code, error.message))
            return
        places.accounts.append(account())
        places.lanes += [Lane(account_id, region) for region in regions]

    def _role(self, account_id: str) -> str | None:
        return self._resolver.accounts.access(Lane(account_id, self._home.region)).role_arn

    async def _regions(self, lane: Lane, allowed: tuple[str, ...], places: Places) -> list[str]:
        if allowed:
            return choose_regions(self._patterns, allowed)
        exact = exact_regions(self._patterns)
        if exact is not None:
            return list(exact)
        enabled = await self._inventory.enabled_regions(lane)
        missing = [
            region
            for region in unmatched_regions(self._patterns, enabled)
            if exact_regions((region,)) is not None
        ]
        message = "the Region is not enabled for the account"
        places.failures += [
            PlaceFailure(lane.account_id, region, NOT_ENABLED, message) for region in missing
        ]
        return choose_regions(self._patterns, enabled) + missing
