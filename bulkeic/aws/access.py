"""Access to AWS: profile, Region, endpoint, credentials, and whose they are."""

import math
import os
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioRefreshableCredentials
from aiobotocore.session import AioSession
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.utils import is_valid_endpoint_url

from bulkeic.aws.clock_skew import skew_s
from bulkeic.aws.credentials import AccessKeys, CredentialsError
from bulkeic.aws.environment import environment_region
from bulkeic.aws.failures import SDK_ERRORS, failure_of
from bulkeic.aws.sanitizer import clean
from bulkeic.core.errors import AccessError, InputError, UsageError, printable, quoted
from bulkeic.core.model import Failure, Fault
from bulkeic.core.names import partition_of
from bulkeic.core.pacing.retry import is_retryable, wait_before_retry
from bulkeic.core.redaction import parse_endpoint
from bulkeic.version import __version__

CredentialSource = Callable[[str], tuple[str, str]]
"""Account id → (access key id, secret access key) of that account."""

# How the SDK finds a setting: (key in a config file, environment variable, default, conversion).
_ISOLATED = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
}
# Where STS is asked for accounts of a partition in which the caller has no Region of its own.
_STS_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
}
_FALLBACK_REGION = "us-east-1"
_IDENTITY_TRIES = 3
_ASKED_AGAIN_S = 60.0


class _OddCredentialsError(NoCredentialsError):  # type: ignore[misc]
    fmt = "they have characters that no credentials of AWS have"


_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError)


class Access:
    """What the SDK needs to know to make clients.

    Args:
        profile: of AWS's config files; ``None``: the environment's, else the default one.
        region: for rows that name none; ``None``: the environment's or the profile's.
        endpoint_url: for every service; ``None``: the environment's, or AWS's own.
        credentials: of each account; ``None``: the SDK's own chain, for all.
        isolated: whether to leave the user's config files, profile and proxies alone.

    Raises:
        UsageError: the profile does not exist, the config files cannot be read, or the endpoint is
            no URL.
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
        self._session = self._new_session()
        self._unasked: AioSession | None = self._session
        self._chain: Any = None
        if endpoint_url is not None:
            _check_endpoint(endpoint_url)
        try:
            self._session.get_scoped_config()  # tells whether the profile exists
            self.region: str | None = (
                region or environment_region() or self._session.get_config_variable("region")
            )
        except ProfileNotFound:
            raise UsageError(
                f"profile {quoted(profile or os.environ.get('AWS_PROFILE', ''))} does not exist; "
                "aws configure list-profiles tells which do"
            ) from None
        except BotoCoreError as error:
            raise UsageError(f"AWS configuration: {printable(clean(str(error)))}") from None

    def of_profile(self, profile: str) -> "Access":
        """The same for another profile.

        Raises:
            UsageError: it does not exist.
        """
        return Access(
            profile=profile,
            region=self.region,
            endpoint_url=self._endpoint_url,
            credentials=self.credentials,
            isolated=self._isolated,
        )

    def client(
        self, service: str, region: str, keys: AccessKeys | None = None, **config: Any
    ) -> AbstractAsyncContextManager[Any]:
        """A client whose own retries are off.

        Args:
            service: ``lambda`` or ``sts``.
            region: where to call.
            keys: to sign with; ``None``: what the SDK finds.
            config: further settings of botocore's ``Config``.
        """
        credentials: dict[str, str | None] = {}
        if keys is not None:
            credentials = {
                "aws_access_key_id": keys.access_key,
                "aws_secret_access_key": keys.secret_key,
                "aws_session_token": keys.token,
            }
        config.setdefault("retries", {"total_max_attempts": 1})
        if self._isolated:
            config["proxies"] = {}
        client: AbstractAsyncContextManager[Any] = self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self._endpoint_url,
            config=AioConfig(user_agent_extra=f"bulkeic/{__version__}", **config),
            **credentials,
        )
        return client

    def sts_region(self, region: str | None) -> str:
        """Where STS is asked about accounts that have a lane in a Region.

        The caller's own Region if it lies in the same partition: roles are the same in all of them.
        """
        if region is None:
            return self.region or _FALLBACK_REGION
        partition = partition_of(region)
        if self.region is not None and partition_of(self.region) == partition:
            return self.region
        return _STS_REGIONS.get(partition, region)

    async def own_keys(self) -> AccessKeys:
        """The caller's own credentials, from the SDK's chain.

        Each call that follows an expiry looks anew, also into files that have changed.

        Raises:
            CredentialsError: there are none.
        """
        try:
            if self._chain is None:
                session, self._unasked = self._unasked or self._new_session(), None
                self._chain = await session.get_credentials()
            keys = await _frozen(self._chain)
        except SDK_ERRORS as error:
            self._chain = None
            raise CredentialsError(_without_credentials(error)) from None
        if not isinstance(self._chain, AioRefreshableCredentials):
            self._chain = None
        return keys

    async def identity(self, region: str | None, timeout_s: float) -> str:
        """The account that the caller's own credentials belong to (STS GetCallerIdentity).

        Args:
            region: of a lane; its partition matters. ``None``: the default Region.
            timeout_s: seconds for one try.

        Raises:
            AccessError: there are no usable credentials, or STS cannot be reached.
        """
        try:
            # Not left to the client: what STS says is cleaned of credentials that are known.
            keys = await _frozen(await self._session.get_credentials())
            async with self.client(
                "sts",
                self.sts_region(region),
                keys,
                connect_timeout=timeout_s,
                read_timeout=timeout_s,
            ) as sts:
                answer = await _tried(sts.get_caller_identity)
        except _NO_CREDENTIALS as error:
            raise AccessError(_without_credentials(error).message) from None
        except ClientError as error:
            raise AccessError(_not_accepted(error)) from None
        except SDK_ERRORS as error:
            message = printable(failure_of(error).message)
            raise AccessError(f"STS cannot be reached: {message}") from None
        except ValueError as error:
            # botocore's own word for an endpoint of the environment that is no URL.
            raise UsageError(f"AWS configuration: {printable(clean(str(error)))}") from None
        return str(answer["Account"])

    def _new_session(self) -> AioSession:
        return AioSession(profile=self._profile, session_vars=_ISOLATED if self._isolated else None)


async def _tried(call: Callable[[], Awaitable[Any]]) -> Any:
    """What a call brings, tried again where that may help; the last error is raised."""
    for attempt in range(1, _IDENTITY_TRIES):
        try:
            return await call()
        except SDK_ERRORS as error:
            failure = failure_of(error)
            if failure.fault is Fault.EXPIRED or not is_retryable(failure.fault):
                raise
            wait_s = wait_before_retry(failure, attempt, random.random())  # noqa: S311 - jitter
        await anyio.sleep(wait_s)
    return await call()


async def _frozen(found: Any) -> AccessKeys:
    """What the SDK's chain has found."""
    if found is None:
        raise NoCredentialsError
    frozen = await found.get_frozen_credentials()
    if not "".join(filter(None, frozen)).isascii():
        raise _OddCredentialsError
    refreshed = isinstance(found, AioRefreshableCredentials)
    return AccessKeys(
        access_key=frozen.access_key,
        secret_key=frozen.secret_key,
        token=frozen.token,
        # The SDK does not say when it wants to refresh them, so it is asked again.
        expires_at=time.time() + _ASKED_AGAIN_S if refreshed else math.inf,
    )


def _check_endpoint(url: str) -> None:
    try:
        parse_endpoint(url)
    except InputError as error:
        raise UsageError(f"--endpoint-url: {error.rule}") from None
    if not _is_endpoint(url):
        raise UsageError(
            f"--endpoint-url {quoted(url)} is no URL; allowed: "
            "such as https://lambda.us-east-1.amazonaws.com"
        )


def _is_endpoint(url: str) -> bool:
    try:
        return url.startswith(("http://", "https://")) and bool(is_valid_endpoint_url(url))
    except ValueError:  # such as a bracket that is left open
        return False


def _not_accepted(error: ClientError) -> str:
    failure = failure_of(error)
    text = f"STS does not accept the credentials: {failure.code}: {printable(failure.message)}"
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    ahead_s = skew_s(failure.code, headers, time.time())
    if ahead_s is not None:
        text += f"; this machine's clock is {-ahead_s / 60:+.0f} minutes off, set it right"
    return text


def _without_credentials(error: Exception) -> Failure:
    if isinstance(error, _NO_CREDENTIALS):
        message = (
            f"no usable AWS credentials ({clean(str(error))}); give --profile, set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with: aws sso login"
        )
        return Failure(Fault.REFUSED, type(error).__name__, message)
    return failure_of(error)
