"""What groups of services have in common: their calls, and the end of these."""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import anyio

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credentials import RefreshingCredentials
from bulkeic.aws.services.service_calls import ServiceCalls
from bulkeic.core.model import Lane


class CallingServices:
    """A group of services. An async context manager.

    Every method raises ``ServiceError`` if a service refuses, cannot be reached or gives an answer
    that cannot be right. Failures that may pass are retried first.

    Args:
        access: endpoints and settings.
        credentials_of: returns the credentials of a lane's account.
        timeout_s: seconds for one call, connecting included.
        sleep: waits for some seconds before a retry.
    """

    def __init__(
        self,
        access: Access,
        credentials_of: Callable[[Lane], RefreshingCredentials],
        *,
        timeout_s: float,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._calls = ServiceCalls(access, credentials_of, timeout_s=timeout_s, sleep=sleep)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._calls.close()
