"""Which credentials each account is worked on with: the caller's own, a profile's, a role's."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import anyio
import msgspec

from bulkeic.aws.access import Access
from bulkeic.aws.credentials import AccessKeys, CredentialsError, RefreshingCredentials
from bulkeic.aws.failures import failure_of
from bulkeic.core.accounts import AccountAccess, Accounts, RoleSession
from bulkeic.core.model import Failure, Fault, Lane

ROLES_IN_FLIGHT = 10


class RoleSessions:
    """The credentials of all accounts, each fetched when its first job needs them.

    Args:
        access: the caller's own.
        accounts: how each account is reached.
        session: how roles are assumed.
        timeout_s: seconds for one call of STS.
        open_parts: closes the clients in the end.
    """

    def __init__(
        self,
        access: Access,
        accounts: Accounts,
        session: RoleSession,
        *,
        timeout_s: float,
        open_parts: AsyncExitStack,
    ) -> None:
        self._access = access
        self._accounts = accounts
        self._session = session
        self._timeout_s = timeout_s
        self._open = open_parts
        self._of_account: dict[str, RefreshingCredentials] = {}
        self._own: dict[str | None, tuple[Access, RefreshingCredentials]] = {}
        self._clients: dict[tuple[str | None, str], tuple[AccessKeys, Any]] = {}
        self._making = anyio.Lock()
        self._places = anyio.CapacityLimiter(ROLES_IN_FLIGHT)

    def credentials(self, lane: Lane) -> RefreshingCredentials:
        """The credentials of a lane's account; no one is asked yet.

        Raises:
            UsageError: they are a profile's that does not exist.
        """
        found = self._of_account.get(lane.account_id)
        if found is None:
            found = self._of_account[lane.account_id] = self._credentials(lane)
        return found

    def _credentials(self, lane: Lane) -> RefreshingCredentials:
        static = self._access.credentials
        if static is not None:
            access_key, secret_key = static(lane.account_id)
            return RefreshingCredentials(
                _always(AccessKeys(access_key=access_key, secret_key=secret_key))
            )
        how = self._accounts.access(lane)
        access, own = self._own_credentials(how.profile)
        if how.role_arn is None:
            return own
        region = access.sts_region(lane.region)
        return RefreshingCredentials(lambda: self._assume(how, region, access, own))

    def _own_credentials(self, profile: str | None) -> tuple[Access, RefreshingCredentials]:
        found = self._own.get(profile)
        if found is None:
            access = self._access if profile is None else self._access.of_profile(profile)
            found = self._own[profile] = (access, RefreshingCredentials(access.own_keys))
        return found

    async def _assume(
        self, how: AccountAccess, region: str, access: Access, own: RefreshingCredentials
    ) -> AccessKeys:
        """The keys of a role; asks twice when the caller's own have expired meanwhile."""
        keys = await own.keys()
        try:
            return await self._assume_with(keys, how, region, access)
        except CredentialsError as error:
            if error.failure.fault is not Fault.EXPIRED:
                raise
        own.reject(keys)
        return await self._assume_with(await own.keys(), how, region, access)

    async def _assume_with(
        self, keys: AccessKeys, how: AccountAccess, region: str, access: Access
    ) -> AccessKeys:
        request = {
            "RoleArn": how.role_arn,
            "RoleSessionName": self._session.name,
            "DurationSeconds": self._session.duration_s,
        }
        if how.external_id is not None:
            request["ExternalId"] = how.external_id
        try:
            async with self._places:
                sts = await self._client(keys, how.profile, region, access)
                with anyio.fail_after(self._timeout_s):
                    answer = (await sts.assume_role(**request))["Credentials"]
            return AccessKeys(
                access_key=answer["AccessKeyId"],
                secret_key=answer["SecretAccessKey"],
                token=answer["SessionToken"],
                expires_at=answer["Expiration"].timestamp(),
            )
        except Exception as error:  # noqa: BLE001 - the SDK's parser raises anything
            raise CredentialsError(_refusal(failure_of(error), how)) from None

    async def _client(
        self, keys: AccessKeys, profile: str | None, region: str, access: Access
    ) -> Any:
        used, client = self._clients.get((profile, region), (None, None))
        if keys.is_same(used):
            return client
        async with self._making:
            used, client = self._clients.get((profile, region), (None, None))
            if keys.is_same(used):
                return client
            client = await self._open.enter_async_context(
                access.client(
                    "sts",
                    region,
                    keys,
                    connect_timeout=self._timeout_s,
                    read_timeout=self._timeout_s,
                    max_pool_connections=ROLES_IN_FLIGHT,
                )
            )
            self._clients[profile, region] = (keys, client)
            return client


def _always(keys: AccessKeys) -> Callable[[], Awaitable[AccessKeys]]:
    async def fetch() -> AccessKeys:
        return keys

    return fetch


def _refusal(failure: Failure, how: AccountAccess) -> Failure:
    return msgspec.structs.replace(failure, message=f"AssumeRole {how.role_arn}: {failure.message}")
