"""One session of a discovery: its phases, and what stops it."""

import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import anyio

from bulkeic.app.run.engine_factory import EngineFactory
from bulkeic.app.run.session import INTERRUPTED, INTERRUPTED_TWICE
from bulkeic.app.run.signals import SignalWatch
from bulkeic.app.setup.account_resolver import AccountResolver
from bulkeic.app.setup.runtime import open_access
from bulkeic.core.model import Lane, Operation
from bulkeic.core.policy import Discover
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
from bulkeic.discovery.run.page_recorder import PageRecorder
from bulkeic.discovery.run.places import PlaceFinder, Places
from bulkeic.discovery.run.reading_progress import ReadingProgress
from bulkeic.discovery.run.tag_reading import TagReading
from bulkeic.engine.engine import Engine
from bulkeic.output.console import Console
from bulkeic.store.discovery.discovered_pages import StoredListing
from bulkeic.store.discovery.discovery_file import DiscoveryFile

if TYPE_CHECKING:
    from bulkeic.aws.inventory.inventory_services import InventoryServices

LAMBDA = "lambda"
_SOURCES = {"resource-explorer": "Resource Explorer", "config": "AWS Config"}
_STOPPED_LANE = "LaneStopped"


class DiscoverySession:
    """A session of work on a discovery file.

    Args:
        options: how to work.
        file: the discovery file.
        criteria: which functions are looked for.
        resolver: knows how each account is reached.
        console: prints messages.
        signals: that interrupt the session.

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
        signals: SignalWatch,
    ) -> None:
        self.traffic = Traffic()
        self.stopped: str | None = None
        self._options = options
        self._file = file
        self._criteria = criteria
        self._resolver = resolver
        self._console = console
        self._signals = signals
        self._engine: Engine | None = None
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
            options.access.role_session(
                discovery_permissions(self._criteria, options.places.regions)
            ),
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

    async def _read_pages(self, engines: EngineFactory) -> None:
        """Reads all pages that are pending."""
        pending = (each for each in self._file.pending() if each.lane not in self._left_out)
        backlog = PageBacklog(pending, all_versions=self._criteria.needs_versions)
        if not backlog.lanes():
            return
        is_shown = self._options.progress and self._console.is_terminal
        progress = ReadingProgress(backlog, is_shown=is_shown)
        recorder = PageRecorder(self._file, backlog, progress, self.stop)
        caller = PageCaller(engines.caller, self._criteria, backlog, self._file, recorder.add)
        engine = self._engine = engines.engine(
            backlog, recorder, Discover(), caller=caller, growing=True, traffic=self.traffic
        )
        caller.jobs_arrived = engine.jobs_arrived
        try:
            await _run_engine(engine, recorder)
        finally:
            progress.stop(engine)
        self._engine = None
        if self.stopped is None:
            self._save_stopped_lanes(engine, backlog)

    def _save_stopped_lanes(self, engine: Engine, backlog: PageBacklog) -> None:
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
        await self._signals.handle(
            stop=lambda: self.stop(INTERRUPTED), quit_now=self._quit_now, console=self._console
        )

    def _quit_now(self) -> None:
        self.stopped = INTERRUPTED_TWICE
        self._tasks.cancel_scope.cancel()


async def _run_engine(engine: Engine, recorder: PageRecorder) -> None:
    """Runs an engine whose feed grows while it works, and is finished when it is empty."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.commit, engine)
        # After the engine has started with all its tasks. From then on a page adds those that
        # follow before it ends, so that a feed without jobs has no more of them.
        tasks.start_soon(_close_started, engine)
        try:
            await engine.run()
        finally:
            recorder.end()


async def _close_started(engine: Engine) -> None:
    engine.close_feed()
