"""Makes the same call with the SDK's own client and with ``LambdaCaller``."""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from botocore import xform_name
from botocore.credentials import Credentials

from bulkeic.aws.http.aiohttp_transport import AiohttpTransport, new_session
from bulkeic.aws.http.transport import HttpRoute, Transport, make_transport
from bulkeic.aws.identity.access import Access
from bulkeic.aws.lambda_caller import LambdaCaller
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.core.listing import ListingJob
from bulkeic.core.model import (
    LATEST,
    Answer,
    Call,
    Failure,
    Fault,
    Job,
    Lane,
    Operation,
    PageRequest,
    Settings,
    SourceLine,
    Target,
)

from .recording_server import CannedResponse, RecordedRequest, RecordingServer

T = TypeVar("T")

LANE = Lane("123456789012", "us-east-1")
KEYS = {
    "long-term": AccessKeys(
        access_key="AKIA123456789012", secret_key="wJalrXUtnFEMI/K7MDENG+bPxRfi"
    ),
    "session": AccessKeys(
        access_key="ASIA123456789012",
        secret_key="secret",
        token="FwoGZXIvYXdzEBYaDHNlc3Npb24+/=",
    ),
}
CREDENTIALS_FILE = "".join(
    f"[{name}]\naws_access_key_id={keys.access_key}\naws_secret_access_key={keys.secret_key}\n"
    + (f"aws_session_token={keys.token}\n" if keys.token else "")
    for name, keys in KEYS.items()
)
WRITES = {Operation.UPDATE, Operation.PUT}
PREFIXES = ("", "/", "/gateway", "/gate/way/", "/with%20space/~a", "/a//b/../c/.", "/../a/..")


def make_job(function: str, qualifier: str = LATEST, settings: Settings | None = None) -> Job:
    target = Target(LANE, function, qualifier)
    return Job(0, SourceLine(""), function, target, settings or Settings(maximum_retry_attempts=1))


def make_listing(operation: Operation, page: PageRequest = PageRequest()) -> ListingJob:  # noqa: B008 - frozen
    """Returns a job that reads a page of the functions of ``LANE``, or of a function ``f``."""
    function = "" if operation is Operation.LIST_FUNCTIONS else "f"
    return ListingJob(
        0,
        SourceLine(""),
        function,
        Target(LANE, function),
        Settings(),
        call=Call(operation, page=page),
    )


class BothClients:
    """An event loop with a recording server, the SDK's client and ``LambdaCaller``.

    Attributes:
        keeps_connections: whether our client uses a connection again.
    """

    def __init__(self) -> None:
        self.keeps_connections = True
        self._runner = asyncio.Runner()
        self._exit_stack = AsyncExitStack()
        self._sdk: dict[tuple[str, str], tuple[Access, Any]] = {}
        self._ours: dict[tuple[str, str], LambdaCaller] = {}

    def __enter__(self) -> Self:
        self._runner.__enter__()
        self.server = self.run(self._exit_stack.enter_async_context(RecordingServer()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.run(self._exit_stack.aclose())
        self._runner.__exit__(kind, error, trace)

    def make_aiohttp_transport(self, origin: str, route: HttpRoute, timeout_s: float) -> Transport:
        """Stands in for ``make_transport``: the reference, also without a proxy."""
        if route.proxy is not None:
            return make_transport(origin, route, timeout_s)
        sessions: list[aiohttp.ClientSession] = []

        async def open_session() -> aiohttp.ClientSession:
            if not sessions:
                session = new_session(aiohttp.TCPConnector(force_close=True))
                sessions.append(await self._exit_stack.enter_async_context(session))
            return sessions[0]

        return AiohttpTransport(origin, open_session, timeout_s)

    def run(self, awaitable: Awaitable[T]) -> T:
        async def wait() -> T:
            return await awaitable

        coroutine: Coroutine[Any, Any, T] = wait()
        return self._runner.run(coroutine)

    async def both(self, keys: str, prefix: str) -> tuple[Any, LambdaCaller]:
        """Returns the SDK's own client and ours, for some keys and an endpoint's path."""
        access, sdk = self._sdk.get((keys, prefix)) or await self._new_sdk(keys, prefix)
        ours = self._ours.get((keys, prefix))
        if ours is None:
            ours = self._ours[keys, prefix] = await self._exit_stack.enter_async_context(
                LambdaCaller(access, timeout_s=5, concurrency=1)
            )
        return sdk, ours

    async def _new_sdk(self, keys: str, prefix: str) -> tuple[Access, Any]:
        access = Access(profile=keys, region=LANE.region, endpoint_url=f"{self.server.url}{prefix}")
        client = access.client("lambda", LANE.region, KEYS[keys])
        found = self._sdk[keys, prefix] = (
            access,
            await self._exit_stack.enter_async_context(client),
        )
        return found

    async def requests(
        self, job: Job, operation: Operation, keys: str, prefix: str
    ) -> tuple[RecordedRequest, RecordedRequest]:
        """Returns the request that the SDK sends for a job, and ours."""
        sdk, ours = await self.both(keys, prefix)
        self.server.response = CannedResponse(body=b'{"FunctionArn":"f","LastModified":1}')
        self.server.requests.clear()
        await call_sdk(sdk, job, operation)
        await ours.call(job, make_call(job, operation))
        by_sdk, by_us = self.server.requests
        return by_sdk, by_us

    async def responses(
        self, response: CannedResponse, job: Job, operation: Operation = Operation.UPDATE
    ) -> tuple["dict[str, Any] | Exception", Answer]:
        """Returns how the SDK reads a response, and how we read it."""
        sdk, ours = await self.both("long-term", "")
        self.server.response = response
        by_sdk: dict[str, Any] | Exception
        try:
            by_sdk = await call_sdk(sdk, job, operation)
        except Exception as error:  # noqa: BLE001 - any exception is compared
            by_sdk = error
        by_us = await ours.call(job, make_call(job, operation))
        if isinstance(by_us, Failure) and by_us.fault is Fault.EXPIRED:
            del self._ours["long-term", ""]  # its keys are rejected now
        return by_sdk, by_us


async def call_sdk(client: Any, job: Job, operation: Operation) -> dict[str, Any]:
    """Calls an operation with the SDK's client and returns its response."""
    call = getattr(client, xform_name(operation))
    response: dict[str, Any] = await call(**arguments(job, operation))
    return response


def make_call(job: Job, operation: Operation) -> Call:
    """Returns the call of an operation that bulkeic makes for a job."""
    if isinstance(job, ListingJob):
        return job.call
    return Call(operation, job.settings) if operation in WRITES else Call(operation)


def make_update(job: Job) -> Call:
    """Returns the update call that bulkeic makes for a job."""
    return make_call(job, Operation.UPDATE)


def arguments(job: Job, operation: Operation) -> dict[str, Any]:
    """Returns a job as the arguments of boto3's method."""
    if isinstance(job, ListingJob):
        return _page_arguments(job)
    qualifier = {} if job.target.qualifier == LATEST else {"Qualifier": job.target.qualifier}
    settings = job.settings.to_api() if operation in WRITES else {}
    return {"FunctionName": job.target.function, **qualifier, **settings}


def _page_arguments(job: ListingJob) -> dict[str, Any]:
    page = job.call.page
    assert page is not None
    return (
        ({"FunctionName": job.target.function} if job.target.function else {})
        | ({"FunctionVersion": "ALL"} if page.all_versions else {})
        | ({"Marker": page.marker} if page.marker else {})
        | {"MaxItems": 50}
    )


def credentials(keys: AccessKeys) -> Credentials:
    """Returns keys as botocore signs with them."""
    return Credentials(keys.access_key, keys.secret_key, keys.token)
