"""Lambda's UpdateFunctionEventInvokeConfig, one attempt at a time."""

import time
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import anyio
import anyio.lowlevel
import msgspec
from botocore.exceptions import BotoCoreError

from bulkeic.aws.access import Access
from bulkeic.aws.answers import Answers
from bulkeic.aws.compiled import OPERATION, SPECIMEN, CompiledCall, Signer, query_of
from bulkeic.aws.credentials import Credentials, CredentialsError, Keys
from bulkeic.aws.failures import TRANSPORT_ERRORS, clean, transport_failure
from bulkeic.aws.keyring import Keyring, RoleSession
from bulkeic.aws.pool import Captured, ConnectionPool
from bulkeic.aws.skew import skew_s
from bulkeic.aws.wire import Wire, wire_to
from bulkeic.core.accounts import Accounts
from bulkeic.core.errors import UsageError
from bulkeic.core.model import Answer, Call, Failure, Fault, Job, Lane
from bulkeic.core.retry import is_expiry

_NOBODY = Keys(access_key="AKIDEXAMPLE", secret_key="example")  # noqa: S106 - signs no real request


class _Region:
    """What the calls of one Region share."""

    def __init__(self, call: CompiledCall, wire: Wire, answers: Answers) -> None:
        self.call = call
        self.wire = wire
        self.answers = answers


class _LaneCalls:
    """What the calls of one lane share."""

    __slots__ = ("credentials", "region", "signer")

    def __init__(self, region: _Region, credentials: Credentials) -> None:
        self.region = region
        self.credentials = credentials
        self.signer = Signer(region.call)


class LambdaCaller:
    """Calls Lambda: each Region's call is compiled once, each account's credentials fetched once.

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
        self._keyring = Keyring(
            access, accounts or Accounts(), session, timeout_s=timeout_s, open_parts=self._open
        )
        self._lanes: dict[Lane, _LaneCalls] = {}
        self._regions: dict[str, _Region] = {}
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

    async def call(self, job: Job, call: Call) -> Answer:
        """One call. Whatever AWS or the network does comes back as data."""
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
            answer = await self._send(job, call, lane, keys)
        except TRANSPORT_ERRORS as error:
            return transport_failure(error)
        if isinstance(answer, Failure) and answer.fault is Fault.EXPIRED and is_expiry(answer.code):
            lane.credentials.reject(keys)
        return answer

    async def _send(self, job: Job, call: Call, lane: _LaneCalls, keys: Keys) -> Answer:
        region, target = lane.region, job.target
        compiled = region.call
        path, signed_path = compiled.paths(target.function)
        query, body = query_of(target.qualifier), compiled.body(call.settings)
        now = time.time() + self._skew_s
        headers = lane.signer.headers(signed_path, query, body, keys, now)
        if query:
            path = f"{path}?{query}"
        reply = await region.wire.exchange(compiled.method, path, headers, body.content)
        answer = region.answers.read(reply.status, reply.headers, reply.body)
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

    async def _region(self, name: str) -> _Region:
        async with self._compiling:
            region = self._regions.get(name)
            if region is None:
                region = self._regions[name] = await self._compile(name)
            return region

    async def _compile(self, region: str) -> _Region:
        """Lets the SDK make a request, and takes it apart."""
        async with self._access.client(
            "lambda",
            region,
            _NOBODY,
            connect_timeout=self._timeout_s,
            read_timeout=self._timeout_s,
            max_pool_connections=self._concurrency,
            http_session_cls=self._pool.session_class,
        ) as client:
            shape = client.meta.service_model.operation_model(OPERATION).output_shape
            try:
                await client.update_function_event_invoke_config(
                    FunctionName=SPECIMEN, MaximumRetryAttempts=0
                )
            except Captured as captured:
                call = CompiledCall(captured.request)
                wire = wire_to(call.origin, captured.connections, self._timeout_s)
                return _Region(call, wire, Answers(shape))
        raise AssertionError("the SDK has sent a request that was to be captured")
