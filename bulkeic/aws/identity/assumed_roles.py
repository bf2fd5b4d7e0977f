"""Roles that are assumed with STS."""

from contextlib import AsyncExitStack
from typing import Any

import anyio
import msgspec
from tenacity import RetryCallState

from bulkeic.aws.answers.answer_identity import role_session_problem
from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credentials import CredentialsError, RefreshingCredentials
from bulkeic.aws.identity.sts_retries import role_retries
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.requests.clock_correction import ClockCorrection
from bulkeic.core.accounts import AccountAccess, RoleSession
from bulkeic.core.model import Failure, Fault
from bulkeic.core.pacing.retry import ANSWER_MISMATCH
from bulkeic.core.permissions import session_policy

MAX_ROLES_IN_FLIGHT = 10
"""Calls of AssumeRole in flight."""


class AssumedRoles:
    """Assumes roles, a few at a time.

    Args:
        session: how roles are assumed.
        clock: of the signatures.
        timeout_s: seconds for one call of STS.
        exit_stack: closes the STS clients.
    """

    def __init__(
        self,
        session: RoleSession,
        clock: ClockCorrection,
        *,
        timeout_s: float,
        exit_stack: AsyncExitStack,
    ) -> None:
        self._session = session
        self._clock = clock
        self._timeout_s = timeout_s
        self._exit_stack = exit_stack
        self._sts_clients: dict[tuple[str | None, str], tuple[AccessKeys, Any]] = {}
        self._client_lock = anyio.Lock()
        self._in_flight = anyio.CapacityLimiter(MAX_ROLES_IN_FLIGHT)

    async def assume(
        self, account: AccountAccess, region: str, access: Access, caller: RefreshingCredentials
    ) -> AccessKeys:
        """Returns the credentials of a role; retried if the caller's own have expired.

        Raises:
            CredentialsError: STS refused, or could not be reached.
        """
        keys = await caller.keys()

        async def refetch(_: RetryCallState) -> None:
            nonlocal keys
            caller.reject(keys)
            keys = await caller.keys()

        async def assume_role() -> AccessKeys:
            return await self._call_assume_role(keys, account, region, access)

        assumed: AccessKeys = await role_retries(before_retry=refetch)(assume_role)
        return assumed

    async def _call_assume_role(
        self, keys: AccessKeys, account: AccountAccess, region: str, access: Access
    ) -> AccessKeys:
        request = self._request(account)
        try:
            async with self._in_flight:
                sts = await self._sts_client(keys, account.profile, region, access)
                with anyio.fail_after(self._timeout_s):
                    response = await self._clock.call(sts.assume_role, **request)
            _check_role_session(response, account)
            credentials = response["Credentials"]
            return AccessKeys(
                access_key=credentials["AccessKeyId"],
                secret_key=credentials["SecretAccessKey"],
                token=credentials["SessionToken"],
                expires_at=credentials["Expiration"].timestamp() - self._clock.skew_s,
            )
        except CredentialsError:
            raise
        except Exception as error:  # noqa: BLE001 - the SDK's parser raises anything
            from bulkeic.aws.answers.failures import translate_sdk_error  # noqa: PLC0415 - it imports the SDK

            failure = translate_sdk_error(error)
            message = f"AssumeRole {account.role_arn}: {failure.message}"
            raise CredentialsError(msgspec.structs.replace(failure, message=message)) from None

    def _request(self, account: AccountAccess) -> dict[str, Any]:
        session, role_arn = self._session, account.role_arn or ""
        tags = [{"Key": key, "Value": value} for key, value in session.tags]
        policy = None if session.actions is None else session_policy(session.actions, role_arn)
        request = {
            "RoleArn": role_arn,
            "RoleSessionName": session.name,
            "DurationSeconds": session.duration_s,
            "ExternalId": account.external_id,
            "SourceIdentity": session.source_identity,
            "Tags": tags or None,
            "Policy": policy,
        }
        return {name: value for name, value in request.items() if value is not None}

    async def _sts_client(
        self, keys: AccessKeys, profile: str | None, region: str, access: Access
    ) -> Any:
        used, client = self._sts_clients.get((profile, region), (None, None))
        if keys.is_same(used):
            return client
        async with self._client_lock:
            used, client = self._sts_clients.get((profile, region), (None, None))
            if keys.is_same(used):
                return client
            client = await self._exit_stack.enter_async_context(
                access.sts(keys, region, timeout_s=self._timeout_s, limit=MAX_ROLES_IN_FLIGHT)
            )
            self._sts_clients[profile, region] = (keys, client)
            return client


def _check_role_session(answer: dict[str, Any], account: AccountAccess) -> None:
    """Checks that an answer of AssumeRole belongs to an account's role.

    Raises:
        CredentialsError: it belongs to another call.
    """
    if "Credentials" not in answer:
        return  # the caller reports what is missing
    arn = answer.get("AssumedRoleUser", {}).get("Arn")
    problem = role_session_problem(arn, account.role_arn or "")
    if problem is not None:
        message = f"AssumeRole {account.role_arn}: HTTP 200, but {problem}"
        raise CredentialsError(Failure(Fault.SERVER, ANSWER_MISMATCH, message, sent=False))
