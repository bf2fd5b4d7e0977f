"""Checks on the worker that its credentials belong to the accounts that it calls without a role."""

import anyio

from bulkeic.aws.identity.access import Access
from bulkeic.core.accounts import Accounts, foreign_credentials
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

    def is_known(self, lane: Lane) -> bool:
        """Whether ``problem`` can be asked about a lane."""
        return not self._needs_owner(lane) or self._accounts.access(lane).profile in self._owners

    def problem(self, lane: Lane) -> str | None:
        """Why this worker cannot call a lane; ``None``: it can."""
        if not self._needs_owner(lane):
            return None
        profile = self._accounts.access(lane).profile
        found = foreign_credentials(lane, self._owners[profile], profile=profile)
        return None if found is None else found.rule

    async def find(self, lane: Lane) -> None:
        """Asks STS whose the credentials for a lane are.

        Raises:
            AccessError: STS cannot be called.
            UsageError: the profile does not exist.
        """
        profile = self._accounts.access(lane).profile
        async with self._lock:
            if profile not in self._owners:
                access = self._access if profile is None else self._access.with_profile(profile)
                identity = await access.caller_identity(lane.region, self._timeout_s)
                self._owners[profile] = identity.account_id

    def _needs_owner(self, lane: Lane) -> bool:
        is_sandbox = self._access.credentials is not None
        return not is_sandbox and self._accounts.access(lane).role_arn is None
