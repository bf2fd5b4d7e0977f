"""Lambda's operations, one attempt at a time."""

import time
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import anyio
import anyio.lowlevel
import msgspec
from botocore.exceptions import BotoCoreError

from bulkeic.aws.access import Access
from bulkeic.aws.clock_skew import skew_s
from bulkeic.aws.connection_pool import ConnectionPool
from bulkeic.aws.credentials import AccessKeys, CredentialsError, RefreshingCredentials
from bulkeic.aws.failures import TRANSPORT_ERRORS, transport_failure
from bulkeic.aws.operations import Compiled, Region, compile_region
from bulkeic.aws.request_template import Signer, query_of
from bulkeic.aws.role_sessions import RoleSessions
from bulkeic.aws.sanitizer import clean
from bulkeic.aws.transport import Timing
from bulkeic.core.accounts import Accounts, RoleSession
from bulkeic.core.errors import UsageError
from bulkeic.core.model import Answer, Call, Failure, Fault, Job, Lane, Operation
from bulkeic.core.pacing.retry import is_expiry

_NOBODY = AccessKeys(access_key="AKIDEXAMPLE", secret_key="example")  # noqa: S106 - signs no real request


class _CompiledLane:
    """What the calls of one operation and one lane share."""

    __slots__ = ("answers", "request", "signer")

    def __init__(self, compiled: Compiled) -> None:
        self.request = compiled.request
        self.answers = compiled.answers
        self.signer = Signer(compiled.request)


class _LaneCalls:
    """What the calls of one lane share."""

    __slots__ = ("credentials", "operations", "region")

    def __init__(self, region: Region, credentials: RefreshingCredentials) -> None:
        self.region = region
        self.credentials = credentials
        self.operations: dict[Operation, _CompiledLane] = {}

    def begin(self, operation: Operation) -> _CompiledLane:
        """What the calls of an operation share that is called for the first time."""
        calls = self.operations[operation] = _CompiledLane(self.region.operations[operation])
        return calls


class LambdaCaller:
    """Calls Lambda: each Region's calls are compiled once, each account's credentials fetched once.

    An async context manager.

    Args:
        access: the caller's own credentials, and endpoints.
        accounts: how each account is reached.
        session: how roles are assumed.
        timeout_s: seconds for one call, connecting included.
        concurrency: calls in flight at most.
    """

    def __init__(
        self,
        access: Access,
        *,
        accounts: Accounts | None = None,
        session: RoleSession = RoleSession(),  # noqa: B008 - frozen
        timeout_s: float,
        concurrency: int,
    ) -> None:
        self._access = access
        self._timeout_s = timeout_s
        self._concurrency = concurrency
        self._open = AsyncExitStack()
        self._pool = ConnectionPool()
        self._keyring = RoleSessions(
            access, accounts or Accounts(), session, timeout_s=timeout_s, open_parts=self._open
        )
        self._lanes: dict[Lane, _LaneCalls] = {}
        self._regions: dict[str, Region] = {}
        self._compiling = anyio.Lock()
        self._skew_s = 0.0

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

    async def call(self, job: Job, call: Call, timing: Timing | None = None) -> Answer:
        """One call. Whatever AWS or the network does comes back as data.

        Args:
            job: whose target is called.
            call: the operation and its settings.
            timing: times the exchange; ``None``: it is not timed.
        """
        try:
            lane = self._lanes.get(job.target.lane) or await self._lane(job.target.lane)
            keys = lane.credentials.fresh() or await lane.credentials.keys()
        except CredentialsError as error:
            await anyio.lowlevel.checkpoint()  # nothing else in here may have let others work
            return error.failure
        except (BotoCoreError, UsageError, ValueError) as error:
            await anyio.lowlevel.checkpoint()
            return Failure(Fault.REFUSED, type(error).__name__, clean(str(error)), sent=False)
        try:
            answer = await self._send(job, call, lane, keys, timing)
        except TRANSPORT_ERRORS as error:
            _break_ring(error)
            return transport_failure(error)
        if isinstance(answer, Failure) and answer.fault is Fault.EXPIRED and is_expiry(answer.code):
            lane.credentials.reject(keys)
        return answer

    async def _send(
        self, job: Job, call: Call, lane: _LaneCalls, keys: AccessKeys, timing: Timing | None
    ) -> Answer:
        target = job.target
        calls = lane.operations.get(call.operation) or lane.begin(call.operation)
        request = calls.request
        path, signed_path = request.paths(target.function)
        query, body = query_of(target.qualifier), request.body(call.settings)
        now = time.time() + self._skew_s
        headers = calls.signer.headers(signed_path, query, body, keys, now)
        if query:
            path = f"{path}?{query}"
        reply = await lane.region.wire.exchange(request.method, path, headers, body.content, timing)
        answer = calls.answers.read(
            reply.status, reply.headers, calls.signer.without_secrets(reply.body)
        )
        if isinstance(answer, Failure):
            ahead_s = skew_s(answer.code, reply.headers, now)
            if ahead_s is not None:
                self._skew_s = now + ahead_s - time.time()  # many answers may say the same
                return msgspec.structs.replace(answer, fault=Fault.EXPIRED)
        return answer

    async def _lane(self, lane: Lane) -> _LaneCalls:
        region = self._regions.get(lane.region) or await self._region(lane.region)
        calls = self._lanes[lane] = _LaneCalls(region, self._keyring.credentials(lane))
        return calls

    async def _region(self, name: str) -> Region:
        async with self._compiling:
            region = self._regions.get(name)
            if region is None:
                region = self._regions[name] = await self._compile(name)
            return region

    async def _compile(self, region: str) -> Region:
        async with self._access.client(
            "lambda",
            region,
            _NOBODY,
            connect_timeout=self._timeout_s,
            read_timeout=self._timeout_s,
            max_pool_connections=self._concurrency,
            http_session_cls=self._pool.session_class,
        ) as client:
            return await compile_region(client, self._timeout_s)


def _break_ring(error: BaseException | None) -> None:
    """Takes the traceback away from an exception, and from those that it came of.

    aiohttp's response keeps its exception, whose traceback keeps the response: the collector, which
    comes seldom, would have to find them all.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
