"""Access to AWS: profile, Region, endpoint, credentials and the account that they belong to.

The SDK is imported only for settings that are not understood without it.
"""

import functools
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import anyio

from bulkeic.aws.identity.environment import (
    environment_ca_bundle,
    environment_keys,
    environment_region,
    has_only_known_settings,
)
from bulkeic.aws.identity.known_sts import open_known_sts
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.requests.clock_correction import ClockCorrection
from bulkeic.aws.requests.known_requests import is_known_endpoint, lambda_requests, sts_request
from bulkeic.aws.requests.request_template import SampleRequest
from bulkeic.core.caller_identity import CallerIdentity
from bulkeic.core.errors import AccessError
from bulkeic.core.model import Operation
from bulkeic.core.targets.names import partition_of

if TYPE_CHECKING:
    from bulkeic.aws.identity.sdk_session import SdkSession

T = TypeVar("T")

CredentialSource = Callable[[str], tuple[str, str]]
"""Account id → (access key id, secret access key) of that account."""

# Where STS is called for a partition in which the caller has no Region of its own.
_STS_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
}
_FALLBACK_REGION = "us-east-1"


class Access:
    """How AWS is reached.

    Args:
        profile: name in AWS's config files; ``None``: the environment's, or the default profile.
        region: for rows without one; ``None``: the environment's or the profile's.
        endpoint_url: for every service; ``None``: the environment's, or AWS's own.
        credentials: of each account; ``None``: the SDK's own chain, for all accounts.
        isolated: whether to ignore the user's config files, profile and proxies.

    Attributes:
        region: for rows without one.
        credentials: of each account.
        clock: corrects this machine's clock for calls of STS.

    Raises:
        UsageError: the profile does not exist, the config files cannot be read, or the endpoint is
            not a URL.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        credentials: CredentialSource | None = None,
        isolated: bool = False,
    ) -> None:
        self._profile = profile
        self._isolated = isolated
        self._endpoint_url = endpoint_url
        self.credentials = credentials
        self.clock = ClockCorrection()
        self._is_known = (
            profile is None
            and (endpoint_url is None or is_known_endpoint(endpoint_url))
            and (credentials is not None or environment_keys() is not None)
            and has_only_known_settings(isolated=isolated)
        )
        # The SDK also checks the profile and the endpoint.
        of_profile = None if self._is_known else self._sdk.region
        self.region = region or environment_region() or of_profile

    @functools.cached_property
    def _sdk(self) -> "SdkSession":
        from bulkeic.aws.identity.sdk_session import SdkSession  # noqa: PLC0415 - the SDK takes longer than all else

        return SdkSession(self._profile, self._endpoint_url, isolated=self._isolated)

    @property
    def ca_bundle(self) -> str | None:
        """The file of CA certificates to trust without the SDK; ``None``: the SDK's default."""
        return environment_ca_bundle()

    def known_requests(self, region: str) -> Mapping[Operation, SampleRequest] | None:
        """Returns sample requests of Lambda's operations; ``None``: only the SDK can make them."""
        return lambda_requests(region, self._endpoint_url) if self._is_known else None

    def with_profile(self, profile: str) -> "Access":
        """Returns the same access with another profile.

        Raises:
            UsageError: the profile does not exist.
        """
        access = Access(
            profile=profile,
            region=self.region,
            endpoint_url=self._endpoint_url,
            credentials=self.credentials,
            isolated=self._isolated,
        )
        access.clock = self.clock  # of the same machine
        return access

    def client(
        self, service: str, region: str, keys: AccessKeys | None = None, **config: Any
    ) -> AbstractAsyncContextManager[Any]:
        """Returns a client of the SDK; see ``SdkSession.client``."""
        return self._sdk.client(service, region, keys, **config)

    def sts_region(self, region: str | None) -> str:
        """Returns the Region in which STS is called for an account with a lane in ``region``.

        It is the caller's own Region if that is in the same partition: roles are the same in all
        Regions of a partition.
        """
        if region is None:
            return self.region or _FALLBACK_REGION
        partition = partition_of(region)
        if self.region is not None and partition_of(self.region) == partition:
            return self.region
        return _STS_REGIONS.get(partition, region)

    async def caller_keys(self, timeout_s: float) -> AccessKeys:
        """Fetches the caller's own credentials, from the environment or by the SDK's chain.

        Args:
            timeout_s: seconds for one call; a source has six times as long.

        Raises:
            CredentialsError: there are no usable credentials now.
        """
        found = environment_keys() if self._is_known else None
        if found is None:
            return await self._sdk.caller_keys(timeout_s)
        access_key, secret_key, token = found
        return AccessKeys(access_key=access_key, secret_key=secret_key, token=token)

    def forget_caller_keys(self) -> None:
        """Makes the next fetch search the SDK's chain again; the environment is read each time."""
        if not self._is_known:
            self._sdk.forget_caller_keys()

    def endpoint(self, service: str) -> str | None:
        """Returns the URL that a user has set for a service; ``None``: AWS's own endpoints.

        A login in it is left out: it is never used, and must not be shown.
        """
        if self._endpoint_url is not None or self._isolated or self._is_known:
            return self._endpoint_url
        return self._sdk.endpoint(service)

    async def caller_account_id(self, region: str | None, timeout_s: float) -> str:
        """Returns the account of the caller's own credentials; see ``caller_identity``."""
        return (await self.caller_identity(region, timeout_s)).account_id

    async def caller_identity(self, region: str | None, timeout_s: float) -> CallerIdentity:
        """Returns whose the caller's own credentials are (STS GetCallerIdentity).

        Args:
            region: the Region of a lane, which decides the partition; ``None``: the default Region.
            timeout_s: seconds for one attempt.

        Raises:
            AccessError: there are no usable credentials, or STS cannot be reached.
            UsageError: the environment's endpoint is not a URL.
        """
        try:
            return await self._identify(region, timeout_s)
        except Exception as error:  # noqa: BLE001 - translated where the SDK is imported
            from bulkeic.aws.identity.sdk_session import identity_error  # noqa: PLC0415 - as above

            raise identity_error(error) from None

    async def _identify(self, region: str | None, timeout_s: float) -> CallerIdentity:
        """Asks STS, once more with newer credentials if the first ones have expired."""
        keys = await self._fetch_keys(timeout_s)
        try:
            return await self._call_identity(keys, region, timeout_s)
        except Exception as error:
            from bulkeic.aws.identity.sdk_session import is_expiry_error  # noqa: PLC0415 - as above

            if not is_expiry_error(error):
                raise
            self.forget_caller_keys()
            newer = await self._fetch_keys(timeout_s)
            if newer.is_same(keys):
                raise
        return await self._call_identity(newer, region, timeout_s)

    async def _fetch_keys(self, timeout_s: float) -> AccessKeys:
        async def fetch() -> AccessKeys:
            return await self.caller_keys(timeout_s)

        return await _retried(fetch, "source_retries")

    async def _call_identity(
        self, keys: AccessKeys, region: str | None, timeout_s: float
    ) -> CallerIdentity:
        async with self.sts(keys, self.sts_region(region), timeout_s=timeout_s, limit=1) as sts:

            async def get_caller_identity() -> dict[str, Any]:
                with anyio.fail_after(timeout_s):
                    response: dict[str, Any] = await self.clock.call(sts.get_caller_identity)
                return response

            identity = await _retried(get_caller_identity, "identity_retries")
        try:
            return CallerIdentity(str(identity["Account"]), str(identity["Arn"]))
        except KeyError:
            raise AccessError("STS cannot be reached: its answer names no account") from None

    def sts(
        self, keys: AccessKeys, region: str, *, timeout_s: float, limit: int
    ) -> AbstractAsyncContextManager[Any]:
        """Opens STS: what it returns has the methods of the SDK's client, and signs by ``clock``.

        Args:
            keys: the credentials to sign with.
            region: the Region to call.
            timeout_s: seconds for one call.
            limit: calls in flight at most.
        """
        sample = sts_request(region, self._endpoint_url) if self._is_known else None
        if sample is None:
            return self._sdk.sts(keys, region, timeout_s=timeout_s, limit=limit, clock=self.clock)
        return open_known_sts(
            sample,
            keys,
            timeout_s=timeout_s,
            clock=self.clock,
            limit=limit,
            ca_bundle=self.ca_bundle,
        )


async def _retried(
    call: Callable[[], Awaitable[T]], policy: Literal["identity_retries", "source_retries"]
) -> T:
    """Makes a call, with retries. Their module is imported only if the first attempt fails.

    Args:
        call: makes one attempt.
        policy: the function of ``sts_retries`` that makes the retries.
    """
    try:
        return await call()
    except Exception as error:  # noqa: BLE001 - the policy decides
        failed = [error]

    async def attempt() -> T:
        if failed:
            raise failed.pop()  # the first attempt, which counts
        return await call()

    from bulkeic.aws.identity import sts_retries  # noqa: PLC0415 - most calls need none

    result: T = await getattr(sts_retries, policy)()(attempt)
    return result
