"""The credentials for each account: the caller's own, a profile's or an assumed role's."""

import functools
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credentials import RefreshingCredentials
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.core.accounts import Accounts, RoleSession
from bulkeic.core.errors import UsageError
from bulkeic.core.model import Lane

if TYPE_CHECKING:
    from bulkeic.aws.identity.assumed_roles import AssumedRoles


class RoleSessions:
    """The credentials of all accounts, each fetched when its first job needs them.

    Args:
        access: the caller's own access.
        accounts: how each account is reached.
        session: how roles are assumed.
        timeout_s: seconds for one call of STS.
        exit_stack: closes the STS clients.
    """

    def __init__(
        self,
        access: Access,
        accounts: Accounts,
        session: RoleSession,
        *,
        timeout_s: float,
        exit_stack: AsyncExitStack,
    ) -> None:
        self._access = access
        self._accounts = accounts
        self._session = session
        self._timeout_s = timeout_s
        self._exit_stack = exit_stack
        self._by_account: dict[str, RefreshingCredentials] = {}
        self._by_profile: dict[str | None, tuple[Access, RefreshingCredentials]] = {}

    def credentials(self, lane: Lane) -> RefreshingCredentials:
        """Returns the credentials for a lane's account, which are not fetched yet.

        Raises:
            CredentialsError: the account's profile does not exist any longer.
        """
        credentials = self._by_account.get(lane.account_id)
        if credentials is None:
            credentials = self._by_account[lane.account_id] = self._account_credentials(lane)
        return credentials

    def _account_credentials(self, lane: Lane) -> RefreshingCredentials:
        source = self._access.credentials
        if source is not None:
            access_key, secret_key = source(lane.account_id)
            return RefreshingCredentials(
                _constant(AccessKeys(access_key=access_key, secret_key=secret_key))
            )
        account = self._accounts.access(lane)
        access, caller = self._profile_credentials(account.profile)
        if account.role_arn is None:
            return caller
        region = access.sts_region(lane.region)
        return RefreshingCredentials(
            lambda: self._assumed_roles.assume(account, region, access, caller)
        )

    @functools.cached_property
    def _assumed_roles(self) -> "AssumedRoles":
        from bulkeic.aws.identity.assumed_roles import AssumedRoles  # noqa: PLC0415 - many runs assume none

        return AssumedRoles(
            self._session,
            self._access.clock,
            timeout_s=self._timeout_s,
            exit_stack=self._exit_stack,
        )

    def _profile_credentials(self, profile: str | None) -> tuple[Access, RefreshingCredentials]:
        found = self._by_profile.get(profile)
        if found is None:
            try:
                access = self._access if profile is None else self._access.with_profile(profile)
            except UsageError as error:
                from bulkeic.aws.identity.credential_source import source_error  # noqa: PLC0415 - as below

                raise source_error(error) from None
            fetch = functools.partial(access.caller_keys, self._timeout_s)
            found = (access, RefreshingCredentials(fetch, access.forget_caller_keys))
            self._by_profile[profile] = found
        return found


def _constant(keys: AccessKeys) -> Callable[[], Awaitable[AccessKeys]]:
    async def fetch() -> AccessKeys:
        return keys

    return fetch
