"""Calls Lambda's operations, one attempt at a time."""

import time
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import anyio
import anyio.lowlevel
import msgspec

from bulkeic.aws.access import Access
from bulkeic.aws.clock_skew import clock_skew_s
from bulkeic.aws.connection_pool import ConnectionPool
from bulkeic.aws.credentials import AccessKeys, CredentialsError, RefreshingCredentials
from bulkeic.aws.failures import (
    PREPARATION_ERRORS,
    translate_preparation_error,
)
from bulkeic.aws.operations import RegionalLambda, RegionalOperation, prepare_region
from bulkeic.aws.request_template import query_string
from bulkeic.aws.responses import is_senseless
from bulkeic.aws.role_sessions import RoleSessions
from bulkeic.aws.signing import Signer
from bulkeic.aws.transport import ExchangeTiming, RawResponse
from bulkeic.aws.transport_failures import TRANSPORT_ERRORS, translate_transport_error
from bulkeic.core.accounts import Accounts, RoleSession
from bulkeic.core.model import Answer, Call, Failure, Fault, Job, Lane, Operation
from bulkeic.core.pacing.retry import is_expiry

# Signs the sample requests, which are never sent.
_SAMPLE_KEYS = AccessKeys(access_key="AKIDEXAMPLE", secret_key="example")  # noqa: S106


class _LaneOperation:
    """What the calls of one operation in one lane share."""

    __slots__ = ("reader", "signer", "template")

    def __init__(self, operation: RegionalOperation) -> None:
        self.template = operation.template
        self.reader = operation.reader
        self.signer = Signer(operation.template)


class _LaneClient:
    """What the calls of one lane share."""

    __slots__ = ("_operations", "_region", "credentials", "transport")

    def __init__(self, region: RegionalLambda, credentials: RefreshingCredentials) -> None:
        self._region = region
        self._operations: dict[Operation, _LaneOperation] = {}
        self.credentials = credentials
        self.transport = region.transport

    def operation(self, operation: Operation) -> _LaneOperation:
        """Returns what the calls of an operation share."""
        found = self._operations.get(operation)
        if found is None:
            found = _LaneOperation(self._region.operations[operation])
            self._operations[operation] = found
        return found


class LambdaCaller:
    """Calls Lambda. Each Region is prepared once; each account's credentials are fetched once.

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
        self._exit_stack = AsyncExitStack()
        self._pool = ConnectionPool()
        self._role_sessions = RoleSessions(
            access,
            accounts or Accounts(),
            session,
            timeout_s=timeout_s,
            exit_stack=self._exit_stack,
        )
        self._lanes: dict[Lane, _LaneClient] = {}
        self._regions: dict[str, RegionalLambda] = {}
        self._region_lock = anyio.Lock()
        self._clock_skew_s = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit_stack.aclose()
        await self._pool.close()

    async def call(self, job: Job, call: Call, timing: ExchangeTiming | None = None) -> Answer:
        """Makes one call. Failures of AWS and of the network are returned, not raised.

        Args:
            job: the job whose target is called.
            call: the operation and its settings.
            timing: times the exchange; ``None``: it is not timed.
        """
        try:
            lane = self._lanes.get(job.target.lane) or await self._new_lane(job.target.lane)
            keys = lane.credentials.cached() or await lane.credentials.keys()
        except CredentialsError as error:
            await anyio.lowlevel.checkpoint()  # nothing else in here may have yielded to others
            return error.failure
        except PREPARATION_ERRORS as error:
            await anyio.lowlevel.checkpoint()
            return translate_preparation_error(error)
        try:
            answer = await self._send(job, call, lane, keys, timing)
        except TRANSPORT_ERRORS as error:
            _drop_tracebacks(error)
            return translate_transport_error(error)
        if isinstance(answer, Failure) and answer.fault is Fault.EXPIRED and is_expiry(answer.code):
            lane.credentials.reject(keys)
        return answer

    async def _send(
        self,
        job: Job,
        call: Call,
        lane: _LaneClient,
        keys: AccessKeys,
        timing: ExchangeTiming | None,
    ) -> Answer:
        operation = lane.operation(call.operation)
        template, signer = operation.template, operation.signer
        path, canonical_path = template.paths(job.target.function)
        query, body = query_string(job.target.qualifier), template.body(call.settings)
        now = time.time() + self._clock_skew_s
        headers = signer.headers(canonical_path, query, body, keys, now)
        if query:
            path = f"{path}?{query}"
        answers: list[Answer] = []

        def is_trusted(response: RawResponse) -> bool:
            content = signer.without_credentials(response.body)
            answers.append(
                operation.reader.read(response.status, response.headers, content, job.target, call)
            )
            return not is_senseless(answers[0])

        response = await lane.transport.exchange(
            template.method, path, headers, body.content, timing=timing, is_trusted=is_trusted
        )
        [answer] = answers
        return self._corrected(answer, response, now)

    def _corrected(self, answer: Answer, response: RawResponse, now: float) -> Answer:
        """Returns an answer, retryable if the clock was wrong; the clock is correct then."""
        if not isinstance(answer, Failure):
            return answer
        skew_s = clock_skew_s(answer.code, response.headers, now)
        if skew_s is None:
            return answer
        # Absolute, so that many responses in flight can report the same skew.
        self._clock_skew_s = now + skew_s - time.time()
        return msgspec.structs.replace(answer, fault=Fault.EXPIRED)

    async def _new_lane(self, lane: Lane) -> _LaneClient:
        region = self._regions.get(lane.region) or await self._new_region(lane.region)
        client = _LaneClient(region, self._role_sessions.credentials(lane))
        self._lanes[lane] = client
        return client

    async def _new_region(self, name: str) -> RegionalLambda:
        async with self._region_lock:
            region = self._regions.get(name)
            if region is None:
                region = self._regions[name] = await self._prepare_region(name)
            return region

    async def _prepare_region(self, region: str) -> RegionalLambda:
        async with self._access.client(
            "lambda",
            region,
            _SAMPLE_KEYS,
            connect_timeout=self._timeout_s,
            read_timeout=self._timeout_s,
            max_pool_connections=self._concurrency,
            http_session_cls=self._pool.session_class,
        ) as client:
            return await prepare_region(client, self._timeout_s)


def _drop_tracebacks(error: BaseException | None) -> None:
    """Removes the tracebacks of an exception and of its causes.

    A traceback refers to the frames of the exchange, and they to its connection.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
