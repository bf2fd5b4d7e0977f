"""Lambda's UpdateFunctionEventInvokeConfig, one attempt at a time."""

from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import anyio
from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError

from bulkeic.aws.access import Access
from bulkeic.aws.failures import clean, failure_of
from bulkeic.aws.pool import ConnectionPool
from bulkeic.core.model import LATEST, Answer, Failure, Fault, Job, Lane, Success, rfc3339


class LambdaCaller:
    """Calls Lambda, with one client for each lane. An async context manager.

    Args:
        access: credentials and endpoints.
        timeout_s: seconds for one call, connecting included.
        concurrency: calls in flight at most.
    """

    def __init__(self, access: Access, *, timeout_s: float, concurrency: int) -> None:
        self._access = access
        self._timeout_s = timeout_s
        self._concurrency = concurrency
        self._clients: dict[Lane, Any] = {}
        self._opening = anyio.Lock()
        self._open = AsyncExitStack()
        self._pool = ConnectionPool()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._open.aclose()
        await self._pool.close()

    async def call(self, job: Job) -> Answer:
        """One Update call. Whatever AWS or the network does comes back as data."""
        target = job.target
        request: dict[str, Any] = {"FunctionName": target.function, **job.settings.to_api()}
        if target.qualifier != LATEST:
            request["Qualifier"] = target.qualifier
        try:
            client = self._clients.get(target.lane) or await self._client(target.lane)
        except (BotoCoreError, ValueError) as error:
            return Failure(Fault.REFUSED, type(error).__name__, clean(str(error)))
        try:
            with anyio.fail_after(self._timeout_s):
                return _answer(await client.update_function_event_invoke_config(**request))
        except Exception as error:  # noqa: BLE001 - see the table: the SDK's parser raises anything
            return failure_of(error)

    async def _client(self, lane: Lane) -> Any:
        async with self._opening:
            client = self._clients.get(lane)
            if client is None:
                client = self._clients[lane] = await self._open.enter_async_context(
                    self._access.client(
                        "lambda",
                        lane.region,
                        lane.account_id,
                        connect_timeout=self._timeout_s,
                        read_timeout=self._timeout_s,
                        max_pool_connections=self._concurrency,
                        parameter_validation=False,
                        http_session_cls=self._pool.session_class,
                    )
                )
            return client


def _answer(response: dict[str, Any]) -> Answer:
    metadata = response.pop("ResponseMetadata")
    status, request_id = metadata["HTTPStatusCode"], metadata.get("RequestId")
    if "FunctionArn" not in response:
        # The SDK takes a page of HTML for an empty configuration.
        return Failure(
            Fault.SERVER,
            ResponseParserError.__name__,
            f"HTTP {status}, and no configuration in it",
            status,
            request_id,
        )
    modified = response.get("LastModified")
    if isinstance(modified, datetime):
        response["LastModified"] = rfc3339(modified.timestamp())
    return Success(status, request_id, _clean(response))


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(each) for key, each in value.items()}
    return clean(value) if isinstance(value, str) else value
