"""Checks on the worker that its credentials belong to the accounts that it calls without a role."""

import anyio

from bulkeic.aws.identity.access import Access
from bulkeic.core.accounts import Accounts, foreign_credentials
from bulkeic.core.errors import AccessError, UsageError
from bulkeic.core.model import Lane


class LaneOwners:
    """Knows whose credentials this worker has. Each profile is asked once.

    Args:
        access: the worker's own.
        accounts: how each account is reached.
        timeout_s: for one call of STS, seconds.
    """

    def __init__(self, access: Access, accounts: Accounts, *, timeout_s: float) -> None:
        self._access = access
        self._accounts = accounts
        self._timeout_s = timeout_s
        self._owners: dict[str | None, str] = {}
        self._lock = anyio.Lock()

    async def problem(self, lane: Lane) -> str | None:
        """Why this worker cannot call a lane; ``None``: it can."""
        way = self._accounts.access(lane)
        if way.role_arn is not None or self._access.credentials is not None:
            return None
        try:
            owner = await self._owner(way.profile, lane)
        except (AccessError, UsageError) as error:
            return str(error)
        found = foreign_credentials(lane, owner, profile=way.profile)
        return None if found is None else found.rule

    async def _owner(self, profile: str | None, lane: Lane) -> str:
        async with self._lock:
            if profile not in self._owners:
                access = self._access if profile is None else self._access.with_profile(profile)
                identity = await access.caller_identity(lane.region, self._timeout_s)
                self._owners[profile] = identity.account_id
            return self._owners[profile]
