"""Calls of the services: clients, credentials, retries and pages."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from typing import Any, TypeVar

import anyio
import msgspec

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credentials import CredentialsError, RefreshingCredentials
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.services.service_failures import (
    call_failure,
    preparation_failure,
    service_error,
)
from bulkeic.aws.services.service_retries import FailedCallError, service_retries
from bulkeic.core.errors import InputError, ServiceError
from bulkeic.core.model import Failure, Fault, Lane
from bulkeic.core.pacing.retry import ANSWER_MISMATCH, is_expiry

T = TypeVar("T")

# What reading an item raises if it is malformed.
_READ_ERRORS = (ValueError, TypeError, RecursionError, InputError)

MAX_CALLS_IN_FLIGHT = 40
"""Calls of one service in flight."""

MAX_PAGES_WITHOUT_NEWS = 10_000
"""Pages in a row that are empty or like the one before them.

AWS sends empty ones where a filter fits few of many resources.
"""

# The SDK wants credentials when a client is made; each request is signed with its account's.
_UNUSED_KEYS = AccessKeys(access_key="AKIDEXAMPLE", secret_key="example")  # noqa: S106
_keys_of_call: ContextVar[AccessKeys] = ContextVar("keys_of_call")


class AwsOperation(msgspec.Struct, frozen=True):
    """One operation.

    Attributes:
        service: the SDK's name of it.
        name: AWS's name of the operation.
        items: the list in its answers; empty: they have none.
        token: the field that asks for the next page, in requests and answers.
    """

    service: str
    name: str
    items: str = ""
    token: str = "NextToken"  # noqa: S105 - of a page


class ServiceCalls:
    """Calls the services, each with one client a Region, which all accounts share.

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
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._access = access
        self._credentials_of = credentials_of
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._exit_stack = AsyncExitStack()
        self._clients: dict[tuple[str, str], Any] = {}
        self._client_lock = anyio.Lock()
        self._in_flight: dict[str, anyio.CapacityLimiter] = {}

    async def close(self) -> None:
        """Closes all connections."""
        await self._exit_stack.aclose()

    async def answer(self, operation: AwsOperation, lane: Lane, **request: Any) -> dict[str, Any]:
        """Calls an operation once, with retries, and returns its answer.

        Args:
            operation: to call.
            lane: whose Region is called, with the credentials of its account.
            request: the parameters, API names.

        Raises:
            ServiceError: the last attempt failed.
        """

        async def attempt() -> dict[str, Any]:
            return await self._attempt(operation, lane, request)

        try:
            answer: dict[str, Any] = await service_retries(self._sleep)(attempt)
        except FailedCallError as error:
            raise service_error(operation.service, operation.name, lane, error.failure) from None
        return answer

    async def items(
        self,
        operation: AwsOperation,
        lane: Lane,
        read: Callable[[Any], T],
        **request: Any,
    ) -> AsyncIterator[T]:
        """Yields the items of all pages of an operation.

        Args:
            operation: to call.
            lane: as for ``answer``.
            read: returns what an item says. Raises ``InputError``, ``ValueError``, ``TypeError`` or
                ``RecursionError`` if it cannot be right.
            request: the parameters of the first page, API names.

        Raises:
            ServiceError: a call failed, an item cannot be right, or the pages never end.
        """
        tokens: set[str] = set()
        previous: list[Any] = []
        without_news = 0
        while True:
            answer = await self.answer(operation, lane, **request)
            listed = answer[operation.items]
            without_news = without_news + 1 if listed in ([], previous) else 0
            if without_news > MAX_PAGES_WITHOUT_NEWS:
                raise self.mismatch(operation, lane, "its pages never end")
            previous = listed
            for item in listed:
                try:
                    found = read(item)
                except _READ_ERRORS as error:
                    raise self.mismatch(operation, lane, str(error)) from None
                yield found
            token = answer.get(operation.token)
            if not token:
                return
            if not isinstance(token, str) or token in tokens:
                raise self.mismatch(operation, lane, f"its {operation.token} cannot be right")
            tokens.add(token)
            request[operation.token] = token

    def mismatch(self, operation: AwsOperation, lane: Lane, problem: str) -> ServiceError:
        """Returns the error for an answer that cannot be right."""
        failure = _mismatch(problem)
        return service_error(operation.service, operation.name, lane, failure)

    async def _attempt(
        self, operation: AwsOperation, lane: Lane, request: dict[str, Any]
    ) -> dict[str, Any]:
        """Makes one attempt, and another with newer credentials if the first ones have expired.

        Raises:
            FailedCallError: it failed.
        """
        try:
            credentials = self._credentials_of(lane)
            keys = await credentials.keys()
            method = await self._method(operation, lane.region)
        except Exception as error:  # noqa: BLE001 - unexpected ones are raised again
            raise FailedCallError(preparation_failure(error)) from None
        try:
            return await self._send(operation, method, keys, request)
        except FailedCallError as error:
            if not is_expiry(error.failure.code):
                raise
        credentials.reject(keys)
        try:
            keys = await credentials.keys()
        except CredentialsError as error:
            raise FailedCallError(error.failure) from None
        return await self._send(operation, method, keys, request)

    async def _send(
        self, operation: AwsOperation, method: Any, keys: AccessKeys, request: dict[str, Any]
    ) -> dict[str, Any]:
        """Sends a request, and again if this machine's clock was wrong.

        Raises:
            FailedCallError: it failed.
        """
        try:
            async with self._limiter(operation.service):
                unset = _keys_of_call.set(keys)
                try:
                    with anyio.fail_after(self._timeout_s):
                        answer = await self._access.clock.call(method, **request)
                finally:
                    _keys_of_call.reset(unset)
        except Exception as error:  # noqa: BLE001 - the SDK's parser raises anything
            raise FailedCallError(call_failure(error)) from None
        if operation.items and not isinstance(answer.get(operation.items), list):
            raise FailedCallError(_mismatch(f"the answer has no {operation.items}"))
        return dict(answer)

    def _limiter(self, service: str) -> anyio.CapacityLimiter:
        limiter = self._in_flight.get(service)
        if limiter is None:
            limiter = self._in_flight[service] = anyio.CapacityLimiter(MAX_CALLS_IN_FLIGHT)
        return limiter

    async def _method(self, operation: AwsOperation, region: str) -> Any:
        from botocore import xform_name  # noqa: PLC0415 - the SDK takes longer than all else

        client = self._clients.get((operation.service, region))
        if client is None:
            async with self._client_lock:
                client = self._clients.get((operation.service, region))
                if client is None:
                    client = await self._open_client(operation.service, region)
                    self._clients[operation.service, region] = client
        return getattr(client, xform_name(operation.name))

    async def _open_client(self, service: str, region: str) -> Any:
        from bulkeic.aws.requests.clock_corrected_signing import sign_by_clock  # noqa: PLC0415 - as above

        client = await self._exit_stack.enter_async_context(
            self._access.client(
                service,
                region,
                _UNUSED_KEYS,
                connect_timeout=self._timeout_s,
                read_timeout=self._timeout_s,
                max_pool_connections=MAX_CALLS_IN_FLIGHT,
            )
        )
        sign_by_clock(client, _keys_of_call.get, self._access.clock)
        return client


def _mismatch(problem: str) -> Failure:
    return Failure(Fault.SERVER, ANSWER_MISMATCH, f"HTTP 200, but {problem}")
