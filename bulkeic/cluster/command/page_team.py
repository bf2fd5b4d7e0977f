"""Workers that read pages of listings, as a discovery sees them."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Protocol, Self

from bulkeic.app.options.access_options import AccessOptions, LogOptions
from bulkeic.app.options.pace_options import PaceOptions
from bulkeic.app.options.scheduler_options import SchedulerOptions
from bulkeic.app.run.engine_source import PageSink, TeamFeed
from bulkeic.cluster.command.page_pass import PagePass
from bulkeic.cluster.command.team_health import TeamHealth
from bulkeic.cluster.command.worker_engines import first_message
from bulkeic.cluster.command.worker_link import LinkSource
from bulkeic.cluster.command.worker_team import WorkerTeam
from bulkeic.core.accounts import Accounts, RoleSession
from bulkeic.core.leases.worker_record import WorkerRecord
from bulkeic.core.summary import Traffic
from bulkeic.output.console import Console


class PageOptions(Protocol):
    """The options of a command that reads pages."""

    @property
    def access(self) -> AccessOptions:
        """Which AWS to call."""

    @property
    def pace(self) -> PaceOptions:
        """How fast to call."""

    @property
    def scheduler(self) -> SchedulerOptions:
        """How to connect to a scheduler."""

    @property
    def log(self) -> LogOptions:
        """What is logged."""

    @property
    def verbose(self) -> bool:
        """Whether every detail is printed."""


class _UnstoredRecords:
    """Stores nothing: a discovery file does not have the workers."""

    session = 0

    def replace(self, records: Sequence[WorkerRecord]) -> None:
        """Does nothing."""


class PageTeam:
    """Lets workers read the pages of a discovery. An async context manager.

    Args:
        accounts: how each account is reached.
        role_session: how roles are assumed.
        console: prints how many lanes the workers have, and which are lost.
        lanes: how many lanes there are.
        options: how to work.
        source: reaches or starts the workers, at most one for each lane.
    """

    def __init__(
        self,
        accounts: Accounts,
        role_session: RoleSession,
        console: Console,
        lanes: int,
        *,
        options: PageOptions,
        source: LinkSource,
    ) -> None:
        self._options = options
        self._source = source
        self._accounts = accounts
        self._role_session = role_session
        self._console = console
        self._lanes = lanes
        self._exits = AsyncExitStack()
        self._health = TeamHealth(
            _UnstoredRecords(),
            console,
            lambda *_, **__: None,
            in_full=options.verbose,
            unit="pages",
        )

    async def __aenter__(self) -> Self:
        options = self._options
        begin = first_message(
            options.access, options.pace, options.log, self._role_session,
            endpoint_url=options.access.endpoint_url,
        )  # fmt: skip
        team = WorkerTeam(
            await self._source.start(self._lanes),
            begin,
            self._accounts,
            health=self._health,
            console=self._console,
            restart=self._source.restart,
        )
        self._team = await self._exits.enter_async_context(team)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._exits.__aexit__(kind, error, traceback)

    def engine(self, feed: TeamFeed, sink: PageSink, *, traffic: Traffic) -> PagePass:
        """Makes what reads the pages of a feed; see ``PageReaders``."""
        limits = self._options.pace.limits()
        return PagePass(
            feed, sink, work_through=self._team.work_through, limits=limits, traffic=traffic
        )
