"""The library: an updater that is fed with jobs and gives their outcomes as they come."""

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Literal, Self

import anyio
import anyio.lowlevel
import msgspec

from bulkeic.app.setup.ingest import jobs_of
from bulkeic.aws.access import Access
from bulkeic.aws.lambda_caller import LambdaCaller
from bulkeic.core.accounts import (
    AccountAccess,
    Accounts,
    RoleSession,
    foreign_credentials,
    parse_external_id,
    parse_role,
    parse_session_name,
)
from bulkeic.core.fields import TARGET_FIELDS
from bulkeic.core.model import Job, Lane, Outcome
from bulkeic.core.policy import Apply
from bulkeic.core.reconcile import BeforeImage
from bulkeic.core.rows import Defaults, Row, RowParser
from bulkeic.core.templates import fill_settings
from bulkeic.engine.engine import Engine
from bulkeic.engine.lane import Meter
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.memory_feed import MemoryFeed
from bulkeic.sources.column_names import ColumnNames
from bulkeic.sources.rows_file import Format, RowsFile

_AHEAD = 10_000


class Updater:
    """Updates functions, every account and Region at its own rate. An async context manager.

    Args:
        profile: of AWS's config files.
        region: for what STS is asked when a job names no account.
        endpoint_url: to call instead of AWS's endpoints.
        role_arn: assumed in each account, such as ``arn:aws:iam::{account}:role/name``; a job's
            own role beats it.
        external_id: what the roles' trust policies ask for.
        role_session_name: CloudTrail shows it.
        duration_s: seconds that a role's credentials are to last.
        rate: calls a second for each account and Region; ``math.inf`` for no limit; ``"auto"``:
            what the server lets through, less the headroom.
        burst: size of each token bucket, calls; ``None``: the rate.
        headroom: part of the limit that ``"auto"`` leaves to others, 0 to 0.9.
        concurrency: calls in flight at most.
        max_attempts: tries of one job.
        timeout_s: seconds for one call.
        give_up_after_s: seconds without any answer after which the rest is not tried.
        max_denied: jobs in a row denied after which the rest of their lane is not tried; 0: never.
        create_missing: where a function has no configuration, make one.
        replace_destinations: a half of the destinations that a job does not name is cleared; else
            it is kept, for which the target is read first.

    Raises:
        UsageError: the profile does not exist, or a number is out of its range.
        InputError: a role, external id or session name is none.
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
        timeout_s: float = 10.0,
        give_up_after_s: float = 120.0,
        max_denied: int = 20,
        create_missing: bool = False,
        replace_destinations: bool = False,
    ) -> None:
        self._access = Access(profile=profile, region=region, endpoint_url=endpoint_url)
        usual = AccountAccess(
            role_arn=role_arn and parse_role(role_arn, "role_arn"),
            external_id=external_id and parse_external_id(external_id, "external_id"),
        )
        self._accounts = Accounts((), usual)
        name = parse_session_name(role_session_name, "role_session_name")
        self._session = RoleSession(name=name, duration_s=duration_s)
        self._timeout_s = timeout_s
        self._limits = EngineLimits(
            rate=rate,
            burst=burst,
            headroom=headroom,
            concurrency=concurrency,
            max_attempts=max_attempts,
            give_up_after_s=give_up_after_s,
            max_denied=max_denied,
        )
        self._rules = Apply(
            create_missing=create_missing, replace_destinations=replace_destinations
        )
        self._parts = AsyncExitStack()
        self._account_id: str | None = None
        self._checked: set[Lane] = set()
        self._meters: dict[Lane, Meter] = {}

    async def __aenter__(self) -> Self:
        self._caller = await self._parts.enter_async_context(
            LambdaCaller(
                self._access,
                accounts=self._accounts,
                session=self._session,
                timeout_s=self._timeout_s,
                concurrency=self._limits.concurrency,
            )
        )
        self._tasks = await self._parts.enter_async_context(anyio.create_task_group())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tasks.cancel_scope.cancel()
        await self._parts.aclose()  # which leaves the user's own error as it is, in no group

    async def update(self, jobs: Iterable[Job] | AsyncIterable[Job]) -> AsyncIterator[Outcome]:
        """Updates the jobs' targets; the outcomes come as they are known, in any order.

        At most 10,000 jobs are read ahead of the outcomes that have been taken. Jobs that were not
        tried because nothing answers any more have no outcome.

        Raises:
            AccessError: there are no usable credentials, or STS cannot be reached.
            InputError: a job lies in another account than its role, or the credentials; or it has
                another role than those of its account before it.
        """
        stream = _Stream()
        engine = Engine(
            stream.feed,
            self._caller,
            stream,
            self._limits,
            self._rules,
            growing=True,
            meters=self._meters,
        )
        self._tasks.start_soon(self._read, jobs, stream, engine)
        self._tasks.start_soon(_run, engine, stream)
        try:
            async for outcome in stream.outcomes():
                yield outcome
        finally:
            engine.stop("nobody takes the outcomes any more")
        if stream.error is not None:
            raise stream.error

    async def _read(
        self, jobs: Iterable[Job] | AsyncIterable[Job], stream: "_Stream", engine: Engine
    ) -> None:
        try:
            async for job in _each(jobs):
                if engine.stopped is not None:
                    break
                placed = await self._placed(job)
                await stream.room()
                stream.feed.add(placed)
                engine.arrived(placed.target.lane, 1)
        except Exception as error:  # noqa: BLE001 - raised again by update, in the user's own task
            stream.error = error
        finally:
            engine.no_more()

    async def _placed(self, job: Job) -> Job:
        """The job in its lane, which is the caller's own account where it names none."""
        target, lane = job.target, job.target.lane
        if not lane.account_id:
            lane = Lane(await self._own_account(lane), lane.region)
            target = msgspec.structs.replace(target, lane=lane)
        problem = self._accounts.assign_role_of_job(lane, job.role_arn)
        if problem is not None:
            raise problem
        if lane not in self._checked:
            await self._check(lane, job)
            self._checked.add(lane)
        settings = fill_settings(job.settings, target)
        return msgspec.structs.replace(job, target=target, settings=settings)

    async def _own_account(self, lane: Lane) -> str:
        if self._account_id is None:
            self._account_id = await self._access.identity(lane.region, self._timeout_s)
        return self._account_id

    async def _check(self, lane: Lane, job: Job) -> None:
        """Makes sure that a lane can be worked on."""
        problem = self._accounts.problem(lane)
        if problem is not None:
            raise problem
        if self._accounts.access(lane).role_arn is not None:
            return
        owner = await self._own_account(lane)
        problem = foreign_credentials(
            lane, owner, remedy="use a profile of that account, or a role in it"
        )
        if problem is not None:
            raise problem.at(f"job {job.seq}", 0)


class _Stream:
    """Jobs on their way in, outcomes on their way out."""

    def __init__(self) -> None:
        self.feed = MemoryFeed()
        self.error: Exception | None = None
        self._outcomes: deque[Outcome] = deque()
        self._under_way = 0
        self._changed = anyio.Event()
        self._ended = False

    def put(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._changed.set()

    def keep(self, job: Job, seen: BeforeImage, then: Callable[[], None]) -> None:  # noqa: ARG002
        then()  # who uses the library keeps the outcomes, and these tell what there was

    def drop(self, jobs: int) -> None:
        self._under_way -= jobs
        self._changed.set()

    def end(self) -> None:
        self._ended = True
        self._changed.set()

    async def room(self) -> None:
        """Waits until one more job may come in."""
        while self._under_way >= _AHEAD:
            await self._change()
        self._under_way += 1

    async def outcomes(self) -> AsyncIterator[Outcome]:
        while not self._ended or self._outcomes:
            while self._outcomes:
                self._under_way -= 1
                self._changed.set()
                yield self._outcomes.popleft()
            if not self._ended:
                await self._change()

    async def _change(self) -> None:
        if self._changed.is_set():
            self._changed = anyio.Event()
        await self._changed.wait()


async def _run(engine: Engine, stream: _Stream) -> None:
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
    """The jobs of a targets file, checked, in file order.

    Args:
        path: CSV, JSON or JSON Lines, maybe gzipped; ``-`` is stdin.
        region: for rows that name none.
        account_id: for rows that name none; ``None``: the updater asks STS.
        format: ``csv``, ``json`` or ``jsonl``; ``None``: told by the ending.

    Raises:
        InputError: a row breaks a rule; file, line and field are named.
    """
    targets = RowsFile(path, None if format is None else Format(format))
    yield from jobs_of(targets, Defaults(account_id=account_id, region=region))


def make_job(
    function_name: str,
    *,
    seq: int = 0,
    region: str | None = None,
    account_id: str | None = None,
    **settings: Any,
) -> Job:
    """One job, from the same fields as a row of a targets file.

    Args:
        function_name: in any of the API's forms.
        seq: a number of your own, found again in the outcome.
        region: needed unless the name is a full ARN.
        account_id: ``None``: the updater asks STS.
        settings: any field of a targets file, such as ``maximum_retry_attempts=0``.

    Raises:
        InputError: a field is unknown, or breaks a rule.
    """
    values = ColumnNames(TARGET_FIELDS).values({"FunctionName": function_name, **settings})
    parser = RowParser("", Defaults(account_id=account_id, region=region))
    return parser.job(seq, Row(0, values))
