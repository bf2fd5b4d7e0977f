"""The library: an updater that takes jobs and yields their outcomes as they come."""

import copy
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, nullcontext
from types import TracebackType
from typing import Literal, Self

import anyio
import anyio.lowlevel
import msgspec

from bulkeic.app.intake.ingest import jobs_of
from bulkeic.app.run.engine_factory import EngineFactory
from bulkeic.app.run.job_placement import JobPlacement
from bulkeic.aws.identity.access import Access
from bulkeic.core.accounts import (
    AccountAccess,
    Accounts,
    RoleSession,
    parse_external_id,
    parse_role,
    parse_session_name,
)
from bulkeic.core.change.policy import Apply
from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import Job, Outcome
from bulkeic.core.targets.rows import Defaults, Row, RowParser
from bulkeic.engine.engine import Engine
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.memory_feed import MemoryFeed
from bulkeic.output.logs import keep_silent
from bulkeic.sources.row_format import Format
from bulkeic.sources.rows_file import RowsFile

_MAX_UNFINISHED = 10_000
UNNUMBERED = -1
"""The ``seq`` of a job that ``Updater.update`` numbers."""


class Updater:
    """Updates functions, each account and Region at its own rate. An async context manager.

    There is no run file to keep before-images in, so targets are not read only for that.

    Args:
        profile: of the AWS config files.
        region: of the STS endpoint, for jobs that name no account.
        endpoint_url: to call instead of the AWS endpoints.
        role_arn: to assume in each account, for example ``arn:aws:iam::{account}:role/name``; a
            job's own role beats it.
        external_id: that the trust policies of the roles require.
        role_session_name: as CloudTrail shows it.
        duration_s: how long the credentials of a role are valid, seconds.
        rate: calls a second for each account and Region; ``math.inf``: unlimited; ``"auto"``:
            as many as the server accepts, less the headroom.
        burst: size of each token bucket, calls; ``None``: the rate.
        headroom: share of the limit that ``"auto"`` leaves to others, 0 to 0.9.
        concurrency: the most calls in flight.
        max_attempts: for each job, without throttles and conflicts.
        throttle_budget_s: seconds for which throttles and conflicts of a job are retried.
        wait_for_iam_s: seconds for which a job is retried whose destination is refused.
        timeout_s: for one call, seconds.
        give_up_after_s: seconds without any answer after which no more jobs start.
        max_denied: jobs in a row that are denied before their lane stops; 0: any number.
        create_missing: create configurations that do not exist.
        replace_destinations: clear a destination that a job does not name; otherwise it is kept,
            and the target is read first.

    Raises:
        UsageError: the profile does not exist, or a number is out of range.
        InputError: a role, external id or session name is invalid.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        role_arn: str | None = None,
        external_id: str | None = None,
        role_session_name: str = "bulkeic",
        duration_s: int = 3600,
        rate: float | Literal["auto"] = 10.0,
        burst: float | None = None,
        headroom: float = 0.1,
        concurrency: int = 64,
        max_attempts: int = 8,
        throttle_budget_s: float = 900.0,
        wait_for_iam_s: float = 0.0,
        timeout_s: float = 10.0,
        give_up_after_s: float = 120.0,
        max_denied: int = 20,
        create_missing: bool = False,
        replace_destinations: bool = False,
    ) -> None:
        keep_silent()
        access = Access(profile=profile, region=region, endpoint_url=endpoint_url)
        accounts = _accounts(role_arn, external_id)
        session = _role_session(role_session_name, duration_s)
        limits = EngineLimits(
            rate=rate,
            burst=burst,
            headroom=headroom,
            concurrency=concurrency,
            max_attempts=max_attempts,
            throttle_budget_s=throttle_budget_s,
            wait_for_iam_s=wait_for_iam_s,
            give_up_after_s=give_up_after_s,
            max_denied=max_denied,
        )
        self._policy = Apply(
            create_missing=create_missing, replace_destinations=replace_destinations
        )
        self._placement = JobPlacement(access, accounts, timeout_s=timeout_s)
        self._engines = EngineFactory(
            nullcontext(access), accounts, session, limits, timeout_s=timeout_s
        )

    async def __aenter__(self) -> Self:
        self._exits = AsyncExitStack()
        await self._exits.enter_async_context(self._engines)
        self._tasks = await self._exits.enter_async_context(anyio.create_task_group())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tasks.cancel_scope.cancel()
        await self._exits.aclose()  # not __aexit__, which would put the user's error in a group

    async def update(self, jobs: Iterable[Job] | AsyncIterable[Job]) -> AsyncIterator[Outcome]:
        """Updates the jobs' targets, and yields the outcomes in any order, as they come.

        At most 10,000 jobs are read ahead of the outcomes that have been taken. If nothing answers
        any more, the remaining jobs have no outcome. A job without a number gets its place among
        the jobs, from 0.

        Raises:
            AccessError: there are no usable credentials, or STS cannot be called.
            InputError: a job is in another account than its role or the credentials, or it has
                another role than earlier jobs of its account.
        """
        stream = _JobStream()
        engine = self._engines.engine(stream.feed, stream, self._policy, growing=True)
        self._tasks.start_soon(self._read, jobs, stream, engine)
        self._tasks.start_soon(_run, engine, stream)
        try:
            async for outcome in stream.outcomes():
                yield outcome
        finally:
            engine.stop("the outcomes are not being read")
        if stream.error is not None:
            raise stream.error

    async def _read(
        self, jobs: Iterable[Job] | AsyncIterable[Job], stream: "_JobStream", engine: Engine
    ) -> None:
        try:
            number = -1
            async for job in _each(jobs):
                number += 1
                if engine.stopped is not None:
                    break
                if job.seq == UNNUMBERED:
                    job = msgspec.structs.replace(job, seq=number)  # noqa: PLW2901
                placed = await self._placement.place(job)
                await stream.wait_for_room()
                stream.feed.add(placed)
                engine.jobs_arrived(placed.target.lane, 1)
        except Exception as error:  # noqa: BLE001 - raised again by update, in the user's own task
            stream.error = error
        finally:
            engine.close_feed()


def _accounts(role_arn: str | None, external_id: str | None) -> Accounts:
    usual = AccountAccess(
        role_arn=role_arn and parse_role(role_arn, "role_arn"),
        external_id=external_id and parse_external_id(external_id, "external_id"),
    )
    return Accounts((), usual)


def _role_session(name: str, duration_s: int) -> RoleSession:
    return RoleSession(name=parse_session_name(name, "role_session_name"), duration_s=duration_s)


class _JobStream:
    """The jobs that go into an engine, and the outcomes that come out.

    Attributes:
        feed: the jobs.
        error: that ended the reading of jobs.
    """

    def __init__(self) -> None:
        self.feed = MemoryFeed()
        self.error: Exception | None = None
        self._outcomes: deque[Outcome] = deque()
        self._unfinished = 0
        self._changed = anyio.Event()
        self._ended = False

    def put(self, outcome: Outcome) -> None:
        # The engine's settings are shared by outcomes; the user may change these.
        own = msgspec.structs.replace(outcome, settings=copy.deepcopy(outcome.settings))
        self._outcomes.append(own)
        self._changed.set()

    def store_before_image(
        self,
        job: Job,  # noqa: ARG002
        seen: BeforeImage,  # noqa: ARG002
        on_stored: Callable[[], None],
    ) -> None:
        on_stored()  # nothing to store: the outcome has the before-image

    def drop(self, jobs: int) -> None:
        self._unfinished -= jobs
        self._changed.set()

    def end(self) -> None:
        self._ended = True
        self._changed.set()

    async def wait_for_room(self) -> None:
        """Waits until one more job may be added, and counts it."""
        while self._unfinished >= _MAX_UNFINISHED:
            await self._wait_for_change()
        self._unfinished += 1

    async def outcomes(self) -> AsyncIterator[Outcome]:
        while not self._ended or self._outcomes:
            while self._outcomes:
                self._unfinished -= 1
                self._changed.set()
                yield self._outcomes.popleft()
            if not self._ended:
                await self._wait_for_change()

    async def _wait_for_change(self) -> None:
        if self._changed.is_set():
            self._changed = anyio.Event()
        await self._changed.wait()


async def _run(engine: Engine, stream: _JobStream) -> None:
    try:
        await engine.run()
    finally:
        stream.end()


async def _each(jobs: Iterable[Job] | AsyncIterable[Job]) -> AsyncIterator[Job]:
    if isinstance(jobs, AsyncIterable):
        async for job in jobs:
            yield job
        return
    for job in jobs:
        yield job
        await anyio.lowlevel.checkpoint()


def read_jobs(
    path: str,
    *,
    region: str | None = None,
    account_id: str | None = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
) -> Iterator[Job]:
    """The jobs of a targets file, in file order.

    Args:
        path: CSV, JSON or JSON Lines, optionally gzipped; ``-`` is stdin.
        region: for rows that name none.
        account_id: for rows that name none; ``None``: the updater asks STS.
        format: ``csv``, ``json`` or ``jsonl``; ``None``: according to the file ending.

    Raises:
        InputError: a row is invalid; the message has file, line and field.
    """
    targets = RowsFile(path, None if format is None else Format(format))
    yield from jobs_of(targets, Defaults(account_id=account_id, region=region))


def make_job(
    function_name: str,
    *,
    seq: int = UNNUMBERED,
    region: str | None = None,
    account_id: str | None = None,
    role_arn: str | None = None,
    qualifier: str | None = None,
    maximum_retry_attempts: int | None = None,
    maximum_event_age_in_seconds: int | None = None,
    on_success: str | None = None,
    on_failure: str | None = None,
) -> Job:
    """One job, from the same fields as a row of a targets file.

    Args:
        function_name: in any form that the API takes.
        seq: any number from 0; the outcome has it, too. Without one, ``Updater.update`` numbers
            the job by its place among the jobs.
        region: required unless the name is a full ARN.
        account_id: ``None``: the updater asks STS.
        role_arn: to assume in the account; may hold ``{account}``.
        qualifier: a version, an alias or ``$LATEST``; ``None``: that of the name, else ``$LATEST``.
        maximum_retry_attempts: 0 to 2; ``None``: not set here.
        maximum_event_age_in_seconds: 60 to 21600; ``None``: not set here.
        on_success: ARN of the destination of events that succeeded; ``none`` clears it; ``None``:
            not set here. May hold ``{account}``, ``{region}``, ``{partition}`` and ``{function}``.
        on_failure: the same for events that failed.

    Raises:
        InputError: a field is invalid.
    """
    given = {
        "FunctionName": function_name,
        "RoleArn": role_arn,
        "Qualifier": qualifier,
        "MaximumRetryAttempts": maximum_retry_attempts,
        "MaximumEventAgeInSeconds": maximum_event_age_in_seconds,
        "OnSuccess": on_success,
        "OnFailure": on_failure,
    }
    values = {name: value for name, value in given.items() if value is not None}
    parser = RowParser("", Defaults(account_id=account_id, region=region))
    job = parser.job(seq, Row(0, values))
    return msgspec.structs.replace(job, source="")
