"""One session of a discovery: its phases, and what stops it."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import anyio
import msgspec

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.access.runtime import open_access
from bulkeic.app.run.engine_factory import EngineFactory
from bulkeic.app.run.engine_source import NO_WORKER, JobRunner, OpenPageReaders, PageRunner
from bulkeic.app.run.session import INTERRUPTED, INTERRUPTED_TWICE
from bulkeic.app.run.surroundings import Interruptions
from bulkeic.core.accounts import RoleSession
from bulkeic.core.change.policy import Discover
from bulkeic.core.errors import UsageError
from bulkeic.core.leases.worker_lease import LeaseTerms
from bulkeic.core.model import Lane, Operation
from bulkeic.core.options.scheduler_address import SchedulerAddress
from bulkeic.core.summary import Traffic
from bulkeic.discovery.discover_options import DiscoverOptions
from bulkeic.discovery.model.criteria import Criteria
from bulkeic.discovery.model.discovery_permissions import discovery_permissions
from bulkeic.discovery.model.place_tally import NOT_ENABLED
from bulkeic.discovery.model.regions import choose_regions
from bulkeic.discovery.run.discovery_binding import bind_account
from bulkeic.discovery.run.inventory_reading import inventory_functions, read_inventory
from bulkeic.discovery.run.page_backlog import PageBacklog
from bulkeic.discovery.run.page_caller import PageCaller
from bulkeic.discovery.run.page_intake import PageIntake
from bulkeic.discovery.run.page_recorder import PageRecorder
from bulkeic.discovery.run.places import PlaceFinder, Places
from bulkeic.discovery.run.reading_progress import ReadingProgress
from bulkeic.discovery.run.reported_pages import ReportedPages
from bulkeic.discovery.run.tag_reading import TagReading
from bulkeic.engine.engine import Engine
from bulkeic.output.console import Console
from bulkeic.output.worker_text import lease_wait_text
from bulkeic.store.discovery.discovered_pages import StoredListing
from bulkeic.store.discovery.discovery_file import DiscoveryFile

if TYPE_CHECKING:
    from bulkeic.aws.inventory.inventory_services import InventoryServices

LAMBDA = "lambda"
_SOURCES = {"resource-explorer": "Resource Explorer", "config": "AWS Config"}
_STOPPED_LANE = "LaneStopped"
# Jobs that workers have, over all lanes; a lane gets at most that many at once. It waits some
# 0.03 s for the next ones.
_MAX_JOBS = 20_000
_MAX_BATCH = 128


class _Reading(NamedTuple):
    """What the reading of pages needs, in one process or with workers."""

    backlog: PageBacklog
    progress: ReadingProgress
    recorder: PageRecorder
    intake: PageIntake


class DiscoverySession:
    """A session of work on a discovery file.

    Args:
        options: how to work.
        file: the discovery file.
        criteria: which functions are looked for.
        resolver: knows how each account is reached.
        console: prints messages.
        interruptions: of the session.
        open_readers: opens the workers that read pages; ``None``: this process reads them.

    Attributes:
        traffic: what has been sent to Lambda.
        stopped: why no more calls start; ``None``: not stopped.
    """

    def __init__(
        self,
        options: DiscoverOptions,
        file: DiscoveryFile,
        criteria: Criteria,
        resolver: AccountResolver,
        *,
        console: Console,
        interruptions: Interruptions,
        open_readers: OpenPageReaders | None = None,
    ) -> None:
        self._open_readers = open_readers
        self.traffic = Traffic()
        self.stopped: str | None = None
        self._options = options
        self._file = file
        self._criteria = criteria
        self._resolver = resolver
        self._console = console
        self._interruptions = interruptions
        self._engine: PageRunner | None = None
        self._phase: anyio.CancelScope | None = None
        self._left_out: set[Lane] = set()
        self._started_at = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since the session started."""
        return time.monotonic() - self._started_at

    async def run(self) -> None:
        """Works until everything was read, the rest cannot be read, or a signal stops it.

        Raises:
            AccessError: STS cannot be called.
            ServiceError: the organization, or the inventory of the source, cannot be read.
            RunFileError: the discovery file cannot be read or written.
        """
        options = self._options
        engines = EngineFactory(
            nullcontext(open_access(options.access)),
            self._resolver.accounts,
            self._role_session(),
            options.pace.limits(),
            timeout_s=options.pace.timeout_s,
        )
        async with engines, anyio.create_task_group() as self._tasks:
            self._tasks.start_soon(self._handle_signals)
            await self._work(engines)
            self._tasks.cancel_scope.cancel()

    async def _work(self, engines: EngineFactory) -> None:
        from bulkeic.aws.inventory.inventory_services import InventoryServices  # noqa: PLC0415 - as open_caller

        async with InventoryServices(
            open_access(self._options.access),
            engines.caller.credentials,
            timeout_s=self._options.pace.timeout_s,
        ) as inventory:
            with anyio.CancelScope() as self._phase:  # a signal ends it at once
                if self.stopped is None:
                    await self._prepare(inventory)
        if self.stopped is None:
            await self._read_pages(engines)

    async def _prepare(self, inventory: "InventoryServices") -> None:
        """Finds where to look, and reads what Lambda does not list."""
        with self._spinner("finding accounts and Regions"):
            home = await self._home()
            await self._find_places(PlaceFinder(self._options, self._resolver, inventory, home))
        if self._options.source != LAMBDA and not self._file.metadata.has_inventory:
            with self._spinner(f"reading functions from {_SOURCES[self._options.source]}"):
                await self._read_inventory(inventory, home)
        if self._criteria.needs_tags:
            with self._spinner("reading tags"):
                await self._read_tags(inventory)

    def _spinner(self, text: str) -> AbstractContextManager[object]:
        return self._console.spinner(text) if self._options.progress else nullcontext()

    async def _read_inventory(self, inventory: "InventoryServices", home: Lane) -> None:
        accounts, patterns = self._file.accounts(), self._options.places.regions

        def is_wanted(lane: Lane) -> bool:
            return lane.account_id in accounts and bool(choose_regions(patterns, [lane.region]))

        await read_inventory(
            inventory_functions(self._options, inventory, home),
            self._file,
            self._criteria,
            is_wanted,
            has_tags=self._options.source == "config",
        )

    async def _read_tags(self, inventory: "InventoryServices") -> None:
        """Reads the tags of the lanes that can be read."""
        reading = TagReading(self._file, inventory, self._criteria.tags)
        lanes = self._file.lanes_without_tags()
        await reading.read([lane for lane in lanes if lane not in self._left_out])
        self._left_out |= reading.failed
        self._skip_untagged()

    async def _home(self) -> Lane:
        """The caller's own account, and the Region to call first."""
        options = self._options
        region = open_access(options.access).sts_region(None)
        identity = await self._resolver.find_own_identity(Lane("", region))
        bind_account(self._file, identity.account_id)
        if options.places.organization or options.places.units:
            self._resolver.accounts.use_own_credentials(identity.account_id)
        return Lane(identity.account_id, region)

    async def _find_places(self, finder: PlaceFinder) -> None:
        listed = Operation.LIST_FUNCTIONS if self._options.source == LAMBDA else None
        if not self._file.metadata.has_places:
            places = await finder.find(with_regions=listed is not None)
            for account in places.not_excluded:
                self._console.print(
                    f"--exclude-account {account} excludes nothing: no such account was found"
                )
        else:
            unknown = {
                failure.account_id
                for failure in self._file.failures()
                if not failure.region or failure.code == NOT_ENABLED
            }
            places = await finder.regions_of(unknown)
        self._file.retry_failures()
        self._file.save_places(places.accounts, places.lanes, listed)
        self._save_failures(places)

    def _save_failures(self, places: Places) -> None:
        for failure in places.failures:
            lane = Lane(failure.account_id, failure.region)
            self._file.save_failure(lane, failure.code, failure.message)
            self._left_out.add(lane)

    def _skip_untagged(self) -> None:
        """Lists only lanes with functions that have the tags."""
        if self._criteria.tags:
            read = set(self._file.lanes()) - self._left_out
            self._file.finish_listings(
                StoredListing(lane, Operation.LIST_FUNCTIONS)
                for lane in sorted(read - self._file.tagged_lanes())
            )

    def _role_session(self) -> RoleSession:
        options = self._options
        needed = discovery_permissions(self._criteria, options.places.regions)
        return options.access.role_session(needed)

    async def _read_pages(self, engines: EngineFactory) -> None:
        """Reads all pages that are pending."""
        pending = (each for each in self._file.pending() if each.lane not in self._left_out)
        backlog = PageBacklog(pending, all_versions=self._criteria.needs_versions)
        if not backlog.lanes():
            return
        await self._wait_for_leases()
        if self.stopped is not None:
            return
        if self._open_readers is None:
            await self._read_here(engines, backlog)
            return
        is_elsewhere = isinstance(self._options.pace.workers, SchedulerAddress)
        self._save_leases(may_last=is_elsewhere)
        try:
            await self._read_with_workers(self._open_readers, backlog)
        finally:
            self._save_leases(may_last=False)

    async def _wait_for_leases(self) -> None:
        """Waits until workers that a killed session had on other machines have ended."""
        if self._file.metadata.has_leases:
            wait_s = LeaseTerms().longest_s
            self._console.print(lease_wait_text(wait_s))
            with anyio.CancelScope() as self._phase:
                await anyio.sleep(wait_s)

    def _save_leases(self, *, may_last: bool) -> None:
        """Stores whether workers may make calls after this process was killed."""
        metadata = self._file.metadata
        if metadata.has_leases != may_last:
            self._file.save_metadata(msgspec.structs.replace(metadata, has_leases=may_last))

    async def _read_here(self, engines: EngineFactory, backlog: PageBacklog) -> None:
        """Reads pages in this process."""
        reading = self._reading(backlog)
        caller = PageCaller(engines.caller, backlog, reading.intake)
        engine = engines.engine(
            backlog, reading.recorder, Discover(), caller=caller, growing=True, traffic=self.traffic
        )
        await self._read(reading, engine, partial(_run_growing, engine))

    async def _read_with_workers(self, open_readers: OpenPageReaders, backlog: PageBacklog) -> None:
        """Lets workers read the pages."""
        accounts, lanes = self._resolver.accounts, len(backlog.lanes())
        backlog.batch = max(backlog.batch, min(_MAX_BATCH, _MAX_JOBS // lanes))
        async with AsyncExitStack() as exits:
            opening = open_readers(accounts, self._role_session(), self._console, lanes)
            try:
                readers = await exits.enter_async_context(opening)
            except UsageError as error:  # what was found before can be resumed
                self.stop(str(error))
                return
            if self.stopped is None:
                reading = self._reading(backlog)
                sink = ReportedPages(reading.intake, reading.recorder)
                engine = readers.engine(backlog, sink, traffic=self.traffic)
                await self._read(reading, engine, engine.run)

    def _reading(self, backlog: PageBacklog) -> _Reading:
        is_shown = self._options.progress and self._console.is_terminal
        progress = ReadingProgress(backlog, is_shown=is_shown)
        recorder = PageRecorder(self._file, backlog, progress, self.stop)
        intake = PageIntake(self._criteria, backlog, self._file, recorder.add)
        return _Reading(backlog, progress, recorder, intake)

    async def _read(
        self, reading: _Reading, engine: PageRunner, run: Callable[[], Awaitable[None]]
    ) -> None:
        self._engine = engine
        reading.intake.jobs_arrived = engine.jobs_arrived
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(reading.recorder.commit, engine)
                try:
                    await run()
                finally:
                    reading.recorder.end()
        finally:
            reading.progress.stop(engine)
        self._engine = None
        if engine.stopped == NO_WORKER:
            self.stop(NO_WORKER)
        if self.stopped is None:
            self._save_stopped_lanes(engine, reading.backlog)

    def _save_stopped_lanes(self, engine: JobRunner, backlog: PageBacklog) -> None:
        """Stores why lanes stopped, unless no lane was ever read to the end."""
        reasons = engine.stopped_lanes()
        if engine.stopped is not None:  # the last lanes do not answer
            reasons = dict.fromkeys(backlog.unread_lanes(), engine.stopped) | reasons
            if self._file.unread_lanes() >= set(self._file.lanes()):
                self.stopped = engine.stopped
                return
        for lane, reason in reasons.items():
            self._file.save_failure(lane, _STOPPED_LANE, reason)

    def stop(self, reason: str) -> None:
        """Starts no more calls; those in flight finish. The first reason is kept."""
        self.stopped = self.stopped or reason
        if self._phase is not None:
            self._phase.cancel()
        if self._engine is not None:
            self._engine.stop(reason)

    async def _handle_signals(self) -> None:
        await self._interruptions.handle(
            stop=lambda: self.stop(INTERRUPTED), quit_now=self._quit_now, console=self._console
        )

    def _quit_now(self) -> None:
        self.stopped = INTERRUPTED_TWICE
        self._tasks.cancel_scope.cancel()


async def _run_growing(engine: Engine) -> None:
    """Runs an engine whose feed grows while it works, and is finished when it is empty."""
    async with anyio.create_task_group() as tasks:
        # After the engine has started with all its tasks. From then on a page adds those that
        # follow before it ends, so that a feed without jobs has no more of them.
        tasks.start_soon(_close_started, engine)
        await engine.run()


async def _close_started(engine: Engine) -> None:
    engine.close_feed()
