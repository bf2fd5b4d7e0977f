"""The same call through the SDK's own client and through the compiled one."""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, TypeVar

from botocore import xform_name
from botocore.credentials import Credentials

from bulkeic.aws.access import Access
from bulkeic.aws.credentials import AccessKeys
from bulkeic.aws.lambda_caller import LambdaCaller
from bulkeic.core.model import (
    LATEST,
    Answer,
    Call,
    Failure,
    Fault,
    Job,
    Lane,
    Operation,
    Settings,
    SourceLine,
    Target,
)

from .recording_server import Canned, Recorder, Request

T = TypeVar("T")

LANE = Lane("123456789012", "us-east-1")
KEYS = {
    "lasting": AccessKeys(access_key="AKIA123456789012", secret_key="wJalrXUtnFEMI/K7MDENG+bPxRfi"),
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
WRITING = {Operation.UPDATE, Operation.PUT}
PREFIXES = ("", "/", "/gateway", "/gate/way/", "/with%20space/~a", "/a//b/../c/.")


def job_of(function: str, qualifier: str = LATEST, settings: Settings | None = None) -> Job:
    target = Target(LANE, function, qualifier)
    return Job(0, SourceLine(""), function, target, settings or Settings(maximum_retry_attempts=1))


class Laboratory:
    """An event loop with a recording server and both clients, from entry to exit."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._open = AsyncExitStack()
        self._sdk: dict[tuple[str, str], tuple[Access, Any]] = {}
        self._ours: dict[tuple[str, str], LambdaCaller] = {}

    def __enter__(self) -> Self:
        self._runner.__enter__()
        self.recorder = self.run(self._open.enter_async_context(Recorder()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.run(self._open.aclose())
        self._runner.__exit__(kind, error, trace)

    def run(self, awaited: Awaitable[T]) -> T:
        async def running() -> T:
            return await awaited

        coroutine: Coroutine[Any, Any, T] = running()
        return self._runner.run(coroutine)

    async def both(self, keys: str, prefix: str) -> tuple[Any, LambdaCaller]:
        """The SDK's own client and ours, for some keys and an endpoint's path."""
        access, sdk = self._sdk.get((keys, prefix)) or await self._new_sdk(keys, prefix)
        ours = self._ours.get((keys, prefix))
        if ours is None:
            ours = self._ours[keys, prefix] = await self._open.enter_async_context(
                LambdaCaller(access, timeout_s=5, concurrency=1)
            )
        return sdk, ours

    async def _new_sdk(self, keys: str, prefix: str) -> tuple[Access, Any]:
        access = Access(
            profile=keys, region=LANE.region, endpoint_url=f"{self.recorder.url}{prefix}"
        )
        client = access.client("lambda", LANE.region, KEYS[keys])
        found = self._sdk[keys, prefix] = (access, await self._open.enter_async_context(client))
        return found

    async def requests(
        self, job: Job, operation: Operation, keys: str, prefix: str
    ) -> tuple[Request, Request]:
        """What the SDK sends for a job, and what we send."""
        sdk, ours = await self.both(keys, prefix)
        self.recorder.answer = Canned(body=b'{"FunctionArn":"f","LastModified":1}')
        self.recorder.requests.clear()
        await called_by_sdk(sdk, job, operation)
        await ours.call(job, call_of(job, operation))
        by_sdk, by_us = self.recorder.requests
        return by_sdk, by_us

    async def answers(
        self, canned: Canned, job: Job, operation: Operation = Operation.UPDATE
    ) -> tuple["dict[str, Any] | Exception", Answer]:
        """What the SDK makes of an answer, and what we make of it."""
        sdk, ours = await self.both("lasting", "")
        self.recorder.answer = canned
        answer: dict[str, Any] | Exception
        try:
            answer = await called_by_sdk(sdk, job, operation)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            answer = error
        by_us = await ours.call(job, call_of(job, operation))
        if isinstance(by_us, Failure) and by_us.fault is Fault.EXPIRED:
            del self._ours["lasting", ""]  # those keys are used up
        return answer, by_us


async def called_by_sdk(client: Any, job: Job, operation: Operation) -> dict[str, Any]:
    """The SDK's answer to an operation."""
    answer: dict[str, Any] = await getattr(client, xform_name(operation))(
        **arguments(job, operation)
    )
    return answer


def call_of(job: Job, operation: Operation) -> Call:
    """The call of an operation that bulkeic makes for a job."""
    return Call(operation, job.settings) if operation in WRITING else Call(operation)


def update(job: Job) -> Call:
    """The call that bulkeic makes for a job that is simply updated."""
    return call_of(job, Operation.UPDATE)


def arguments(job: Job, operation: Operation) -> dict[str, Any]:
    """A job as arguments of boto3's method."""
    named = {} if job.target.qualifier == LATEST else {"Qualifier": job.target.qualifier}
    sent = job.settings.to_api() if operation in WRITING else {}
    return {"FunctionName": job.target.function, **named, **sent}


def credentials(keys: str) -> Credentials:
    """Keys as botocore signs with them."""
    found = KEYS[keys]
    return Credentials(found.access_key, found.secret_key, found.token)
