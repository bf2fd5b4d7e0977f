"""The engines of a session in worker processes, as the session sees them."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from bulkeic.app.access.session_policy import role_session
from bulkeic.app.options.access_options import AccessOptions, LogOptions
from bulkeic.app.options.command_options import WorkOptions
from bulkeic.app.options.pace_options import PaceOptions
from bulkeic.app.run.engine_source import Announce
from bulkeic.app.run.local_engines import open_local_engines
from bulkeic.app.run.run_feed import RunFeed
from bulkeic.cluster.command.team_health import TeamHealth
from bulkeic.cluster.command.team_run import TeamRun
from bulkeic.cluster.command.worker_link import LinkSource
from bulkeic.cluster.command.worker_team import WorkerTeam
from bulkeic.cluster.messages import Begin, PassStart
from bulkeic.cluster.policy_form import policy_form
from bulkeic.core.accounts import Accounts, RoleSession
from bulkeic.core.change.policy import Policy, Verify
from bulkeic.core.leases.worker_lease import LeaseTerms
from bulkeic.core.summary import Traffic
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.ports import Sink
from bulkeic.output.console import Console
from bulkeic.store.run_file import RunFile
from bulkeic.version import __version__

if TYPE_CHECKING:
    from bulkeic.aws.lambda_caller import LambdaCaller


def first_message(
    access: AccessOptions,
    pace: PaceOptions,
    log: LogOptions,
    role_session: RoleSession,
    *,
    endpoint_url: str | None,
    sandbox: bool = False,
) -> Begin:
    """The first message of a command to each worker.

    Args:
        access: which AWS to call.
        pace: how fast.
        log: what is logged.
        role_session: how roles are assumed.
        endpoint_url: to call instead of AWS.
        sandbox: whether that is a sandbox, which has credentials of its own.
    """
    return Begin(
        version=__version__,
        profile=access.profile,
        region=access.region,
        endpoint_url=endpoint_url,
        sandbox=sandbox,
        role_session=role_session,
        timeout_s=pace.timeout_s,
        limits=pace.limits(),
        terms=LeaseTerms(),
        log_format=log.log_format,
        log_level=log.log_level,
    )


class WorkerEngines:
    """Lets worker processes work through the passes of a session. An async context manager.

    Args:
        run: the run file.
        options: how to work.
        accounts: how each account is reached.
        console: prints how many lanes the workers have, and which are lost.
        announce: tells the watchers of the run the same.
        source: reaches or starts the workers, at most one for each lane of the run.

    Attributes:
        caller: knows the credentials of each lane in this process, which alarms are read with.
    """

    caller: "LambdaCaller"

    def __init__(
        self,
        run: RunFile,
        options: WorkOptions,
        accounts: Accounts,
        console: Console,
        announce: Announce,
        *,
        source: LinkSource,
    ) -> None:
        self._run = run
        self._options = options
        self._accounts = accounts
        self._console = console
        self._source = source
        self._announce = announce
        self._health = TeamHealth(run.workers, console, announce, in_full=options.verbose)
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        options, url = self._options, self._options.access.endpoint_url
        opening = open_local_engines(
            self._run, options, self._accounts, self._console, self._announce
        )
        local = await self._exits.enter_async_context(opening)
        self.caller = local.caller
        if options.sandbox:
            url = local.caller.access.endpoint("lambda")
        begin = first_message(
            options.access, options.pace, options.log, role_session(options, self._run.metadata),
            endpoint_url=url, sandbox=options.sandbox,
        )  # fmt: skip
        try:
            team = WorkerTeam(
                await self._source.start(len(self._run.lanes())),
                begin,
                self._accounts,
                health=self._health,
                console=self._console,
                restart=self._source.restart,
            )
            self._team = await self._exits.enter_async_context(team)
        except BaseException:
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._exits.__aexit__(kind, error, traceback)

    def engine(
        self,
        feed: RunFeed,
        sink: Sink,
        policy: Policy,
        *,
        limits: EngineLimits | None = None,
        traffic: Traffic | None = None,
        failures: int = 0,
    ) -> TeamRun:
        """Makes a pass; see ``EngineSource``."""
        limits = limits or self._options.pace.limits()
        left = None if limits.max_failures is None else max(0, limits.max_failures - failures)
        start = PassStart(
            policy_form(policy, self._run.metadata.where),
            msgspec.structs.replace(limits, max_failures=left),
        )
        return TeamRun(
            start,
            feed,
            sink,
            work_through=self._team.work_through,
            policy=policy,
            limits=limits,
            traffic=Traffic() if traffic is None else traffic,
            failures=failures,
            is_check=isinstance(policy, Verify) and self._run.workers.session > 0,
        )
