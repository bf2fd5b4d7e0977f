"""Access to AWS: profile, Region, endpoint, credentials, and whose they are."""

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.utils import is_valid_endpoint_url

from bulkeic import __version__
from bulkeic.aws.failures import SDK_ERRORS, failure_of
from bulkeic.core.errors import AccessError, UsageError, printable, shown

CredentialSource = Callable[[str], tuple[str, str]]
"""Account id → (access key id, secret access key) of that account."""

# How the SDK finds a setting: (key in a config file, environment variable, default, conversion).
_ISOLATED = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
}
_FALLBACK_REGION = "us-east-1"
_IDENTITY_TRIES = 3


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
        self._session = AioSession(profile=profile, session_vars=_ISOLATED if isolated else None)
        self._isolated = isolated
        self._endpoint_url = endpoint_url
        self._credentials = credentials
        if endpoint_url is not None and not is_valid_endpoint_url(endpoint_url):
            raise UsageError(
                f"--endpoint-url {shown(endpoint_url)} is no URL; allowed: "
                "such as https://lambda.us-east-1.amazonaws.com"
            )
        try:
            self._session.get_scoped_config()  # tells whether the profile exists
            self.region: str | None = (
                region
                or os.environ.get("AWS_REGION")
                or self._session.get_config_variable("region")
            )
        except ProfileNotFound:
            raise UsageError(
                f"profile {shown(profile or os.environ.get('AWS_PROFILE', ''))} does not exist; "
                "aws configure list-profiles tells which do"
            ) from None
        except BotoCoreError as error:
            raise UsageError(f"AWS configuration: {printable(str(error))}") from None

    def client(
        self, service: str, region: str, account_id: str | None, **config: Any
    ) -> AbstractAsyncContextManager[Any]:
        """A client whose own retries are off.

        Args:
            service: ``lambda`` or ``sts``.
            region: where to call.
            account_id: whose credentials to use; ``None``: the caller's own.
            config: further settings of botocore's ``Config``.
        """
        keys: dict[str, str] = {}
        if self._credentials is not None:
            access_key, secret_key = self._credentials(account_id or "")
            keys = {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
        config.setdefault("retries", {"total_max_attempts": 1})
        if self._isolated:
            config["proxies"] = {}
        client: AbstractAsyncContextManager[Any] = self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self._endpoint_url,
            config=AioConfig(user_agent_extra=f"bulkeic/{__version__}", **config),
            **keys,
        )
        return client

    async def identity(self, region: str | None, timeout_s: float) -> str:
        """The account that the caller's own credentials belong to (STS GetCallerIdentity).

        Args:
            region: where to ask; its partition matters. ``None``: the default Region.
            timeout_s: seconds for one try.

        Raises:
            AccessError: there are no usable credentials, or STS cannot be reached.
        """
        try:
            async with self.client(
                "sts",
                region or self.region or _FALLBACK_REGION,
                None,
                connect_timeout=timeout_s,
                read_timeout=timeout_s,
                retries={"mode": "standard", "total_max_attempts": _IDENTITY_TRIES},
            ) as sts:
                answer = await sts.get_caller_identity()
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise AccessError(
                f"no usable AWS credentials ({error}); give --profile, set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or log in with: aws sso login"
            ) from None
        except ClientError as error:
            failure = failure_of(error)
            raise AccessError(
                f"STS does not accept the credentials: {failure.code}: {printable(failure.message)}"
            ) from None
        except SDK_ERRORS as error:
            raise AccessError(f"STS cannot be reached: {printable(str(error))}") from None
        except ValueError as error:
            # botocore's own word for an endpoint of the environment that is no URL.
            raise UsageError(f"AWS configuration: {printable(str(error))}") from None
        return str(answer["Account"])
