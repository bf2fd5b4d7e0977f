"""The SDK's session and clients. Importing this module imports the SDK, which takes a while."""

import math
import os
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioRefreshableCredentials
from aiobotocore.session import AioSession
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound
from botocore.utils import is_valid_endpoint_url

from bulkeic.aws.answers.failures import SDK_ERRORS, translate_sdk_error
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.aws.identity.credential_source import replace_process_provider, source_error
from bulkeic.aws.identity.credentials import CredentialsError
from bulkeic.aws.identity.environment import environment_endpoint
from bulkeic.aws.identity.sdk_http_session import SdkHttpSession
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.requests.clock_corrected_signing import sign_by_clock
from bulkeic.aws.requests.clock_correction import ClockCorrection
from bulkeic.aws.requests.clock_skew import clock_skew_s
from bulkeic.aws.requests.known_requests import USER_AGENT
from bulkeic.core.errors import AccessError, InputError, UsageError, printable, quoted
from bulkeic.core.model import Fault
from bulkeic.core.texts.redaction import parse_endpoint

# botocore's session variables: (key in a config file, environment variable, default, conversion).
_ISOLATED_VARIABLES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
}
_REFRESHABLE_KEYS_S = 60.0
# A source may be slower than a call: a process may ask its user, and the SDK retries some sources.
_SOURCE_TIMEOUTS = 6


class _NonAsciiCredentialsError(NoCredentialsError):  # type: ignore[misc]
    fmt = "they contain characters that are not ASCII"


class SdkSession:
    """A session of the SDK: its settings, its clients and its chain of credentials.

    Args:
        profile: name in AWS's config files; ``None``: the environment's, or the default profile.
        endpoint_url: for every service; ``None``: the environment's, or AWS's own.
        isolated: whether to ignore the user's config files, profile and proxies.

    Attributes:
        region: the Region of the environment or the profile.

    Raises:
        UsageError: the profile does not exist, the config files cannot be read, or the endpoint is
            not a URL.
    """

    def __init__(self, profile: str | None, endpoint_url: str | None, *, isolated: bool) -> None:
        self._profile = profile
        self._isolated = isolated
        self._endpoint_url = endpoint_url
        self._session = self._new_session()
        self._unused_session: AioSession | None = self._session
        self._caller_credentials: Any = None
        if endpoint_url is not None:
            _check_endpoint(endpoint_url)
        try:
            self._session.get_scoped_config()  # raises if the profile does not exist
            self.region: str | None = self._session.get_config_variable("region")
        except ProfileNotFound:
            raise UsageError(
                f"profile {quoted(profile or os.environ.get('AWS_PROFILE', ''))} does not exist; "
                "aws configure list-profiles shows those that do"
            ) from None
        except BotoCoreError as error:
            raise UsageError(f"AWS configuration: {printable(sanitize(str(error)))}") from None

    def client(
        self, service: str, region: str, keys: AccessKeys | None = None, **config: Any
    ) -> AbstractAsyncContextManager[Any]:
        """Returns a client of the SDK whose own retries are off.

        Args:
            service: the SDK's name of it. Lambda's clients only make sample requests; the calls of
                all others go through ``SdkHttpSession``.
            region: the Region to call.
            keys: the credentials to sign with; ``None``: those of the SDK's chain.
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
        if service != "lambda":
            config.setdefault("http_session_cls", SdkHttpSession)
        if self._isolated:
            config["proxies"] = {}
        client: AbstractAsyncContextManager[Any] = self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self._endpoint_url,
            config=AioConfig(user_agent=USER_AGENT, **config),
            **credentials,
        )
        return client

    async def caller_keys(self, timeout_s: float) -> AccessKeys:
        """Fetches the caller's own credentials from the SDK's chain.

        Each call after an expiry or a failure searches the chain again, so it finds files that have
        changed.

        Args:
            timeout_s: seconds for one call; a source has six times as long.

        Raises:
            CredentialsError: there are no usable credentials now.
        """
        try:
            with anyio.fail_after(timeout_s * _SOURCE_TIMEOUTS):
                if self._caller_credentials is None:
                    self._caller_credentials = await self._search_chain()
                keys = await _access_keys(self._caller_credentials)
        except Exception as error:  # noqa: BLE001 - the SDK raises anything on a malformed answer
            self.forget_caller_keys()
            raise source_error(error) from None
        if not isinstance(self._caller_credentials, AioRefreshableCredentials):
            self.forget_caller_keys()
        return keys

    def forget_caller_keys(self) -> None:
        """Makes the next fetch search the SDK's chain again."""
        self._caller_credentials = None

    async def _search_chain(self) -> Any:
        session = self._unused_session or self._new_session()
        self._unused_session = None
        replace_process_provider(session)
        return await session.get_credentials()

    def endpoint(self, service: str) -> str | None:
        """Returns the URL that a user has set for a service; ``None``: AWS's own endpoints.

        A login in it is left out: it is never used, and must not be shown.
        """
        if self._endpoint_url is not None or self._isolated:
            return self._endpoint_url
        session = self._session
        if session.get_config_variable("ignore_configured_endpoint_urls"):
            return None
        profile = session.get_scoped_config()
        services = session.full_config.get("services", {}).get(profile.get("services"), {})
        of_service = services.get(service) or {}
        url: str | None = (
            environment_endpoint(service)
            or of_service.get("endpoint_url")
            or profile.get("endpoint_url")
        )
        if url is None:
            return None
        scheme, mark, rest = url.partition("://")
        return f"{scheme}{mark}{rest.rpartition('@')[2]}"

    @asynccontextmanager
    async def sts(
        self,
        keys: AccessKeys,
        region: str,
        *,
        timeout_s: float,
        limit: int,
        clock: ClockCorrection,
    ) -> AsyncIterator[Any]:
        """Opens a client of STS that signs by a clock.

        Args:
            keys: the credentials to sign with.
            region: the Region to call.
            timeout_s: seconds for one call.
            limit: calls in flight at most.
            clock: of the signatures.
        """
        async with self.client(
            "sts",
            region,
            keys,
            connect_timeout=timeout_s,
            read_timeout=timeout_s,
            max_pool_connections=limit,
        ) as client:
            sign_by_clock(client, lambda: keys, clock)
            yield client

    def _new_session(self) -> AioSession:
        variables = _ISOLATED_VARIABLES if self._isolated else None
        session = AioSession(profile=self._profile, session_vars=variables)
        session.user_agent_extra = ""  # it would be added to ours
        return session


async def _access_keys(credentials: Any) -> AccessKeys:
    """Converts what the SDK's chain has returned; ``None``: it has found nothing."""
    if credentials is None:
        raise NoCredentialsError
    frozen = await credentials.get_frozen_credentials()
    if not "".join(filter(None, frozen)).isascii():
        raise _NonAsciiCredentialsError
    is_refreshable = isinstance(credentials, AioRefreshableCredentials)
    return AccessKeys(
        access_key=frozen.access_key,
        secret_key=frozen.secret_key,
        token=frozen.token or None,
        # The SDK does not report when it will refresh them, so they are fetched again soon.
        expires_at=time.time() + _REFRESHABLE_KEYS_S if is_refreshable else math.inf,
    )


def _check_endpoint(url: str) -> None:
    try:
        parse_endpoint(url)
    except InputError as error:
        raise UsageError(f"--endpoint-url: {error.rule}") from None
    if not _is_endpoint(url):
        raise UsageError(
            f"--endpoint-url {quoted(url)} is not a URL; expected something like "
            "https://lambda.us-east-1.amazonaws.com"
        )


def _is_endpoint(url: str) -> bool:
    try:
        return url.startswith(("http://", "https://")) and bool(is_valid_endpoint_url(url))
    except ValueError:  # for example, a bracket that is not closed
        return False


def is_expiry_error(error: Exception) -> bool:
    """Whether STS answered that the credentials have expired."""
    return isinstance(error, ClientError) and translate_sdk_error(error).fault is Fault.EXPIRED


def identity_error(error: Exception) -> Exception:
    """Returns the error to raise for one of GetCallerIdentity; an unexpected one as it is."""
    if isinstance(error, CredentialsError):
        return AccessError(printable(error.failure.message))
    if isinstance(error, ClientError):
        return AccessError(_rejection(error))
    if isinstance(error, SDK_ERRORS):
        message = printable(translate_sdk_error(error).message)
        return AccessError(f"STS cannot be reached: {message}")
    if isinstance(error, ValueError):  # botocore's, for an endpoint of the environment
        return UsageError(f"AWS configuration: {printable(sanitize(str(error)))}")
    return error


def _rejection(error: ClientError) -> str:
    """Returns the message for an error response of STS."""
    failure = translate_sdk_error(error)
    text = f"STS rejected the credentials: {failure.code}: {printable(failure.message)}"
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    skew_s = clock_skew_s(failure.code, headers, time.time())
    if skew_s is not None:
        text += f"; correct this machine's clock, which is {-skew_s / 60:+.0f} minutes off"
    return text
