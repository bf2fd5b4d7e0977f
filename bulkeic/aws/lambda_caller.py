"""Calls Lambda's operations, one attempt at a time."""

import time
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import anyio
import anyio.lowlevel
import msgspec

from bulkeic.aws.answers.response_reader import is_senseless
from bulkeic.aws.answers.transport_failures import TRANSPORT_ERRORS, translate_transport_error
from bulkeic.aws.http.http_exchange import ExchangeTiming, RawResponse
from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credentials import CredentialsError, RefreshingCredentials
from bulkeic.aws.identity.role_sessions import RoleSessions
from bulkeic.aws.operations import RegionalLambda, RegionalOperation, RegionPreparation
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.requests.clock_skew import clock_skew_s
from bulkeic.aws.requests.request_template import page_query, query_string
from bulkeic.aws.requests.signing import Signer
from bulkeic.core.accounts import Accounts, RoleSession
from bulkeic.core.model import (
    Answer,
    Call,
    Failure,
    Fault,
    Job,
    Lane,
    Operation,
    Success,
    Target,
)
from bulkeic.core.pacing.retry import is_expiry


class _LaneOperation:
    """What the calls of one operation in one lane share."""

    __slots__ = ("_template", "method", "reader", "signer")

    def __init__(self, operation: RegionalOperation) -> None:
        self._template = operation.template
        self.method = operation.template.method
        self.reader = operation.make_reader()
        self.signer = Signer(operation.template)

    def request(
        self, target: Target, call: Call, keys: AccessKeys, now: float
    ) -> tuple[str, str, bytes]:
        """Returns path and query, all headers, and the body of a signed request.

        Args:
            target: the target of the call.
            call: its settings are sent if the operation has a body.
            keys: the credentials to sign with.
            now: Unix time in seconds.

        Raises:
            ValueError: the credentials cannot stand in a header, or the marker in a query.
        """
        path, canonical_path = self._template.paths(target.function)
        page, body = call.page, self._template.body(call.settings)
        query = query_string(target.qualifier) if page is None else page_query(page)
        headers = self.signer.headers(canonical_path, query, body, keys, now)
        return f"{path}?{query}" if query else path, headers, body.content


class _PendingAnswer(msgspec.Struct, gc=False):
    """Reads the answer of one call.

    Attributes:
        answer: ``None`` until the response was received.
    """

    operation: _LaneOperation
    target: Target
    call: Call
    answer: Answer | None = None

    def read(self, response: RawResponse) -> bool:
        """Reads the response; returns whether it can belong to the call."""
        operation = self.operation
        answer = self.answer = operation.reader.read(
            response, self.target, self.call, operation.signer.without_credentials
        )
        return type(answer) is Success or not is_senseless(answer)


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

    Attributes:
        access: as given.
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
        self.access = access
        self._exit_stack = AsyncExitStack()
        self._preparation = RegionPreparation(access, timeout_s=timeout_s, concurrency=concurrency)
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
        await self._preparation.close()

    async def call(self, job: Job, call: Call, timing: ExchangeTiming | None = None) -> Answer:
        """Makes one call. Failures of AWS and of the network are returned, not raised.

        Args:
            job: the job whose target is called.
            call: the operation with its settings, or with the page that it lists.
            timing: times the exchange; ``None``: it is not timed.
        """
        target = job.target
        try:
            lane = self._lanes.get(target.lane) or await self._new_lane(target.lane)
            keys = lane.credentials.cached() or await lane.credentials.keys()
        except CredentialsError as error:
            await anyio.lowlevel.checkpoint()  # nothing else in here may have yielded to others
            return error.failure
        except Exception as error:  # noqa: BLE001 - unexpected ones are raised again
            await anyio.lowlevel.checkpoint()
            return _preparation_failure(error)
        operation = lane.operation(call.operation)
        pending = _PendingAnswer(operation, target, call)
        now = time.time() + self._clock_skew_s
        try:
            path, headers, body = operation.request(target, call, keys, now)
            response = await lane.transport.exchange(
                operation.method, path, headers, body, timing=timing, is_trusted=pending.read
            )
        except TRANSPORT_ERRORS as error:
            _drop_tracebacks(error)
            return translate_transport_error(error)
        answer = pending.answer
        assert answer is not None  # noqa: S101 - the transport has called pending.read
        if isinstance(answer, Failure):
            return self._after_failure(answer, response, lane.credentials, keys, now)
        return answer

    def credentials(self, lane: Lane) -> RefreshingCredentials:
        """Returns the credentials that the calls of a lane are signed with.

        All Regions of an account share them, so each role is assumed once.

        Raises:
            CredentialsError: the account's profile does not exist any longer.
        """
        return self._role_sessions.credentials(lane)

    def _after_failure(
        self,
        failure: Failure,
        response: RawResponse,
        credentials: RefreshingCredentials,
        keys: AccessKeys,
        now: float,
    ) -> Failure:
        """Acts on a failure: rejects expired keys, and corrects the clock.

        A failure for which the clock was wrong is returned as retryable.
        """
        if failure.fault is Fault.EXPIRED and is_expiry(failure.code):
            credentials.reject(keys)
        skew_s = clock_skew_s(failure.code, response.headers, now)
        if skew_s is None:
            return failure
        # Absolute, so that many responses in flight can report the same skew.
        self._clock_skew_s = now + skew_s - time.time()
        return msgspec.structs.replace(failure, fault=Fault.EXPIRED)

    async def _new_lane(self, lane: Lane) -> _LaneClient:
        region = self._regions.get(lane.region) or await self._new_region(lane.region)
        client = _LaneClient(region, self._role_sessions.credentials(lane))
        self._lanes[lane] = client
        return client

    async def _new_region(self, name: str) -> RegionalLambda:
        async with self._region_lock:
            region = self._regions.get(name)
            if region is None:
                region = self._regions[name] = await self._preparation.prepare(name)
            return region


def _preparation_failure(error: Exception) -> Failure:
    """Returns the failure for an error before a call, or raises the error if it is unexpected."""
    from bulkeic.aws.answers import failures  # noqa: PLC0415 - it imports the SDK

    if not isinstance(error, failures.PREPARATION_ERRORS):
        raise error
    return failures.translate_preparation_error(error)


def _drop_tracebacks(error: BaseException | None) -> None:
    """Removes the tracebacks of an exception and of its causes.

    A traceback refers to the frames of the exchange, and they to its connection.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
