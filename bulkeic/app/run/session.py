"""One stretch of work on a run: the passes over its jobs, and what all of them share."""

import itertools
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
import msgspec

from bulkeic.app.run.recorder import OutcomeLedger, Recorder
from bulkeic.app.run.run_feed import RunFeed
from bulkeic.app.run.signals import SignalWatch
from bulkeic.app.runtime import open_access
from bulkeic.app.setup.options import WorkOptions
from bulkeic.core.accounts import Accounts
from bulkeic.core.model import Lane, Settings, Target
from bulkeic.core.policy import Policy, is_change
from bulkeic.core.snapshot import ABSENT
from bulkeic.core.summary import Traffic
from bulkeic.engine.denials import IN_A_ROW
from bulkeic.engine.engine import Engine
from bulkeic.engine.lane import Meter
from bulkeic.engine.limits import EngineLimits
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted
from bulkeic.output.progress import NoProgress, Progress, ProgressBar
from bulkeic.output.results import Results
from bulkeic.store.run_file import RunFile

if TYPE_CHECKING:
    from bulkeic.aws.access import Access

_SHOWN_LANES = 10
_STATE_BATCH = 1000
_DENIED_HINT = (
    "docs/permissions.md tells what each command needs; --max-denied 0 fails denied targets one by "
    "one instead"
)
INTERRUPTED = "interrupted"
INTERRUPTED_TWICE = "interrupted twice"


class RunSession:
    """A stretch of work on a run. An async context manager.

    Args:
        run: its jobs.
        options: how to work.
        accounts: how each account is reached.
        screen: where people are told.
        interruptions: the signals that come.
        max_failures: failed jobs after which no more calls start; ``None``: any number.

    Attributes:
        traffic: what has been sent.
        stopped: why no more calls are to start; ``None``: they do.
        failures: jobs that failed.
    """

    def __init__(
        self,
        run: RunFile,
        options: WorkOptions,
        accounts: Accounts,
        screen: Console,
        interruptions: SignalWatch,
        *,
        max_failures: int | None = None,
    ) -> None:
        self.traffic = Traffic()
        self.stopped: str | None = None
        self.failures = 0
        self._run = run
        self._options = options
        self._accounts = accounts
        self._screen = screen
        self._interruptions = interruptions
        self._max_failures = max_failures
        self._meters: dict[Lane, Meter] = {}
        self._engine: Engine | None = None
        self._resting: anyio.CancelScope | None = None
        self._parts = AsyncExitStack()
        self._started_at = time.monotonic()

    async def __aenter__(self) -> Self:
        from bulkeic.aws.lambda_caller import LambdaCaller  # noqa: PLC0415 - not before there is a run

        access = await self._parts.enter_async_context(_access(self._run, self._options))
        self._caller = await self._parts.enter_async_context(
            LambdaCaller(
                access,
                accounts=self._accounts,
                session=self._options.access.role_session(),
                timeout_s=self._options.timeout_s,
                concurrency=self._options.concurrency,
            )
        )
        self._tasks = await self._parts.enter_async_context(anyio.create_task_group())
        self._tasks.start_soon(self._watch)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        return await self._parts.__aexit__(kind, error, traceback)

    def elapsed(self) -> float:
        """Seconds since the session began."""
        return time.monotonic() - self._started_at

    def stop(self, reason: str) -> None:
        """Starts no new call; those in flight finish. The first reason is kept."""
        self.stopped = self.stopped or reason
        if self._engine is not None:
            self._engine.stop(reason)
        if self._resting is not None:
            self._resting.cancel()

    async def drain(
        self, feed: RunFeed, rules: Policy, ledger: OutcomeLedger, results: Results, doing: str
    ) -> dict[Lane, str]:
        """Works on all jobs of a feed, until they are done or the session is stopped.

        Args:
            feed: where they come from.
            rules: how they are done.
            ledger: where outcomes are kept.
            results: where they are written.
            doing: one word for the progress bar.

        Returns:
            The lanes that stopped while others went on, each with the reason.
        """
        shows = self._options.progress and self._screen.is_terminal
        progress: Progress = ProgressBar(doing) if shows else NoProgress()
        recorder = Recorder(ledger, results, progress, self.elapsed)
        limits = self._limits_of(rules)
        engine = self._engine = Engine(
            feed, self._caller, recorder, limits, rules, meters=self._meters, traffic=self.traffic
        )
        if is_change(rules):
            engine.failures = self.failures  # those of the passes before count, too
        if self.stopped is None:
            progress.start(sum(feed.lanes().values()))
            try:
                await _until_done(engine, recorder)
            finally:
                progress.stop()
        self._engine = None
        self.stopped = self.stopped or engine.stopped
        if is_change(rules):
            self.failures = engine.failures
        self._tell_stopped(engine.stopped_lanes())
        return engine.stopped_lanes()

    def _limits_of(self, rules: Policy) -> EngineLimits:
        """The limits of a pass; what a verification finds ends it never."""
        most = self._max_failures if is_change(rules) else None
        return msgspec.structs.replace(self._options.limits(), max_failures=most)

    async def rest(self, seconds: float) -> None:
        """Waits, until the time is over or the session is stopped."""
        if self.stopped is None:
            with anyio.CancelScope() as self._resting:
                await anyio.sleep(seconds)
            self._resting = None

    async def ask(self, question: str) -> bool:
        """Asks on the terminal; no answer while the session is stopped is a no."""
        agreed = False
        if self.stopped is None:
            with anyio.CancelScope() as self._resting:
                self._screen.show_question(question)
                await anyio.wait_readable(sys.stdin)
                agreed = self._screen.read_answer()
            if self._resting.cancelled_caught:
                self._screen.say("")  # behind the question
            self._resting = None
        return agreed and self.stopped is None

    def _tell_stopped(self, lanes: dict[Lane, str]) -> None:
        for lane, reason in list(lanes.items())[:_SHOWN_LANES]:
            self._screen.say(f"lane {lane} stopped: {reason}; its jobs are pending")
        if len(lanes) > _SHOWN_LANES:
            self._screen.say(f"and {counted(len(lanes) - _SHOWN_LANES, 'more lane')}")
        if any(IN_A_ROW in reason for reason in lanes.values()):
            self._screen.say(_DENIED_HINT)

    async def _watch(self) -> None:
        await self._interruptions.obey(lambda: self.stop(INTERRUPTED), self._leave, self._screen)

    def _leave(self) -> None:
        self.stopped = INTERRUPTED_TWICE
        self._tasks.cancel_scope.cancel()


async def _until_done(engine: Engine, recorder: Recorder) -> None:
    async with anyio.create_task_group() as recording:
        recording.start_soon(recorder.commit, engine)
        recording.start_soon(recorder.publish, engine)
        try:
            await engine.run()
        finally:
            recorder.end()


@asynccontextmanager
async def _access(run: RunFile, options: WorkOptions) -> AsyncIterator["Access"]:
    if not options.sandbox:
        yield open_access(options.access)
        return
    from bulkeic.aws.access import Access  # noqa: PLC0415 - not before there is a run
    from bulkeic.sandbox.server.embedded_sandbox import Sandbox  # noqa: PLC0415 - hardly any run needs it

    async with Sandbox() as sandbox:
        for target in run.jobs.all_targets():
            lane = target.lane
            sandbox.hold(lane.account_id, lane.region, target.function, target.qualifier)
        known = run.jobs.known_snapshots()
        while some := list(itertools.islice(known, _STATE_BATCH)):
            sandbox.load_state(_state(some))
        yield Access(endpoint_url=sandbox.url, credentials=sandbox.credentials, isolated=True)


def _state(known: Iterable[tuple[Target, Settings]]) -> str:
    """Configurations as a state of the sandbox, so that what an earlier session did is there."""
    state: dict[str, dict[str, dict[str, object]]] = {}
    for target, image in known:
        functions = state.setdefault(str(target.lane), {})
        config = None if image == ABSENT else image.to_api()
        functions.setdefault(target.function, {})[target.qualifier] = config
    return msgspec.json.encode(state).decode()
