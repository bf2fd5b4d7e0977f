"""One session of work on a run: its passes over jobs, and what they share."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import anyio
import msgspec

from bulkeic.app.options.command_options import WorkOptions
from bulkeic.app.run.engine_source import JobRunner, OpenEngines
from bulkeic.app.run.recorder import OutcomeLedger, Recorder
from bulkeic.app.run.run_feed import RunFeed
from bulkeic.app.run.surroundings import Interruptions
from bulkeic.app.watching.watchers import RunWatchers
from bulkeic.core.accounts import Accounts
from bulkeic.core.change.policy import Policy, is_change
from bulkeic.core.leases.earlier_session import may_have_leases
from bulkeic.core.leases.worker_lease import LeaseTerms
from bulkeic.core.model import Lane, rfc3339
from bulkeic.core.options.moments import utc_text
from bulkeic.core.rollout.halts import Halt
from bulkeic.core.rollout.run_events import AnyRunEvent, RunHalted
from bulkeic.core.rollout.windows import ALWAYS_OPEN, Window
from bulkeic.core.summary import Traffic
from bulkeic.engine.limits import EngineLimits
from bulkeic.output.console import Console
from bulkeic.output.files.results import Results
from bulkeic.output.formatting import duration
from bulkeic.output.progress.run_progress import CombinedProgress, Progress
from bulkeic.output.summary_text import stopped_lane_lines
from bulkeic.output.worker_text import lease_wait_text
from bulkeic.store.records.session_origin import SessionOrigin
from bulkeic.store.run_file import RunFile

if TYPE_CHECKING:
    from bulkeic.aws.lambda_caller import LambdaCaller

_DENIED_HINT = (
    "docs/reference/permissions.md lists the permissions of each command; with --max-denied 0, "
    "denied targets fail one by one and do not stop their lane"
)
INTERRUPTED = "interrupted"
INTERRUPTED_TWICE = "interrupted twice"
_CLOCK_CHECK_S = 10.0
T = TypeVar("T")


class RunSession:
    """A session of work on a run. An async context manager.

    Args:
        run: the run file.
        options: how to work.
        accounts: how each account is reached.
        console: prints messages and asks questions.
        interruptions: of the session.
        watchers: of the command.
        open_engines: opens what makes the calls.
        max_failures: of jobs, before the session stops; ``None``: any number.
        window: in which calls may be sent.
        origin: where the session comes from.

    Attributes:
        traffic: what has been sent.
        stopped: why no more calls start; ``None``: not stopped.
        halt: what the run did that stopped it; ``None``: it is not halted.
        failures: jobs that failed, and reads between waves that did.
    """

    def __init__(
        self,
        run: RunFile,
        options: WorkOptions,
        accounts: Accounts,
        console: Console,
        interruptions: Interruptions,
        *,
        watchers: RunWatchers,
        open_engines: OpenEngines,
        max_failures: int | None = None,
        window: Window = ALWAYS_OPEN,
        origin: SessionOrigin = SessionOrigin(),  # noqa: B008 - frozen
    ) -> None:
        self.origin = origin
        self._run = run
        self._watchers = watchers
        self.traffic = Traffic()
        self.stopped: str | None = None
        self.halt: Halt | None = None
        self.failures = 0
        self._options = options
        self._console = console
        self._interruptions = interruptions
        self._max_failures = max_failures
        self._window = window
        self._engine: JobRunner | None = None
        self._waiting: anyio.CancelScope | None = None
        self._exits = AsyncExitStack()
        self._started_at = time.monotonic()
        self._opening = open_engines(run, options, accounts, console, self.announce)

    async def __aenter__(self) -> Self:
        self._engines = await self._exits.enter_async_context(self._opening)
        self._tasks = await self._exits.enter_async_context(anyio.create_task_group())
        self._tasks.start_soon(self._handle_signals)
        self._watchers.connect(
            partial(_stop_from_any_thread, asyncio.get_running_loop(), self.stop)
        )
        if self._window.last_start_at is not None:
            self._tasks.start_soon(self._stop_at, self._window.last_start_at)
        if may_have_leases(self._run.sessions()):
            await self._wait_for_leases()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._watchers.connect(None)
        self._tasks.cancel_scope.cancel()
        return await self._exits.__aexit__(kind, error, traceback)

    async def _wait_for_leases(self) -> None:
        """Waits until workers that a killed session had on other machines have ended."""
        wait_s = LeaseTerms().longest_s
        self._console.print(lease_wait_text(wait_s))
        await self.pause(wait_s)

    @property
    def caller(self) -> "LambdaCaller":
        """Makes the calls, and knows the credentials of each lane."""
        return self._engines.caller

    def elapsed(self) -> float:
        """Seconds since the session started."""
        return time.monotonic() - self._started_at

    def stop(self, reason: str, halt: Halt | None = None) -> None:
        """Starts no more calls; those in flight finish. The first reason is kept.

        Args:
            reason: for people.
            halt: what the run did that stops it.
        """
        if self.stopped is None:
            self.stopped, self.halt = reason, halt
            if halt is not None:
                self.announce(RunHalted, halt=halt, reason=reason)
        if self._engine is not None:
            self._engine.stop(reason)
        if self._waiting is not None:
            self._waiting.cancel()

    async def work_through(
        self,
        feed: RunFeed,
        policy: Policy,
        ledger: OutcomeLedger[Any],
        results: Results,
        doing: str,
    ) -> dict[Lane, str]:
        """Works on all jobs of a feed, until they are done or the session is stopped.

        Args:
            feed: the jobs.
            policy: how their targets are treated.
            ledger: where outcomes are kept.
            results: where outcomes are written.
            doing: one word for the progress bar.

        Returns:
            The lanes that stopped while others went on, each with the reason.
        """
        progress = self._progress(doing)
        recorder = Recorder(ledger, results, progress, self.elapsed)
        engine = self._engine = self._engines.engine(
            feed,
            recorder,
            policy,
            limits=self._limits_of(policy),
            traffic=self.traffic,
            failures=self.failures if is_change(policy) else 0,
        )
        if self.stopped is None:
            progress.start(feed.lanes())
            try:
                await _run_engine(engine, recorder)
            finally:
                progress.stop()
        self._engine = None
        if is_change(policy):
            self.failures = engine.failures
        if engine.stopped is not None:
            is_halted = is_change(policy) and self._has_too_many_failures()
            self.stop(engine.stopped, Halt.FAILURES if is_halted else None)
        self._print_stopped(engine.stopped_lanes(), denied=engine.has_denied_lane)
        return engine.stopped_lanes()

    def _progress(self, doing: str) -> Progress:
        watching = self._watchers.progress(doing)
        if not (self._options.progress and self._console.is_terminal):
            return CombinedProgress(watching)
        from bulkeic.output.progress.progress_bar import ProgressBar  # noqa: PLC0415 - only a terminal needs it

        return CombinedProgress([ProgressBar(doing), *watching])

    def announce(self, kind: Callable[..., AnyRunEvent], /, **facts: object) -> None:
        """Tells the watchers what happens.

        Args:
            kind: the class of the event.
            facts: its own fields.
        """
        self._watchers.notice(
            kind(at=rfc3339(time.time()), run=str(self._run.path.absolute()), **facts)
        )

    def count_failures(self, number: int, text: str) -> None:
        """Counts failures that no job has, and stops the session if there are too many.

        Args:
            number: of them.
            text: what failed, for people.
        """
        self.failures += number
        if self._has_too_many_failures():
            self.stop(f"{self.failures:,} failed, the maximum allowed; {text}", Halt.FAILURES)

    def _has_too_many_failures(self) -> bool:
        return self._max_failures is not None and self.failures >= self._max_failures

    def _limits_of(self, policy: Policy) -> EngineLimits:
        """The limits of one pass; a verification is not stopped by the failures it finds."""
        most = self._max_failures if is_change(policy) else None
        return msgspec.structs.replace(self._options.pace.limits(), max_failures=most)

    async def pause(self, seconds: float) -> None:
        """Waits until the time is over or the session is stopped."""
        await self.until_stopped(partial(anyio.sleep, seconds))

    async def wait_for_window(self) -> None:
        """Waits until the window opens or the session is stopped."""
        opens_at = self._window.opens_at
        if opens_at is not None and opens_at > time.time():
            left = duration(opens_at - time.time())
            self._console.print(
                f"waiting until {utc_text(opens_at)}, for {left} (--not-before); Ctrl-C stops"
            )
            await self.until_stopped(partial(_sleep_until, opens_at))

    async def _stop_at(self, last_start_at: float) -> None:
        await _sleep_until(last_start_at)
        self.stop("the window ends (--until)")

    async def until_stopped(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Does something that a stop cancels: its result; ``None``: the session is stopped."""
        result = None
        if self.stopped is None:
            with anyio.CancelScope() as self._waiting:
                result = await work()
            self._waiting = None
        return result

    async def confirm(self, question: str) -> bool:
        """Asks on the terminal: whether the answer is yes and the session is not stopped."""
        agreed = False
        if self.stopped is None:
            with anyio.CancelScope() as self._waiting:
                self._console.print_question(question)
                await anyio.wait_readable(sys.stdin)
                agreed = self._console.read_answer()
            if self._waiting.cancelled_caught:
                self._console.print("")  # ends the line of the question
            self._waiting = None
        return agreed and self.stopped is None

    def _print_stopped(self, lanes: dict[Lane, str], *, denied: bool) -> None:
        for line in stopped_lane_lines(lanes):
            self._console.print(line)
        if denied:
            self._console.print(_DENIED_HINT)

    async def _handle_signals(self) -> None:
        await self._interruptions.handle(
            stop=lambda: self.stop(INTERRUPTED), quit_now=self._quit_now, console=self._console
        )

    def _quit_now(self) -> None:
        self.stopped, self.halt = INTERRUPTED_TWICE, None
        self._tasks.cancel_scope.cancel()


def _stop_from_any_thread(
    loop: asyncio.AbstractEventLoop, stop: Callable[[str], None], reason: str
) -> None:
    with suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(stop, reason)


async def _sleep_until(moment: float) -> None:
    """Sleeps until a Unix time; the clock may be set, and the machine may be suspended."""
    while (left_s := moment - time.time()) > 0:  # noqa: ASYNC110 - nothing tells of a set clock
        await anyio.sleep(min(left_s, _CLOCK_CHECK_S))


async def _run_engine(engine: JobRunner, recorder: Recorder) -> None:
    async with anyio.create_task_group() as recording:
        recording.start_soon(recorder.commit, engine)
        recording.start_soon(recorder.publish, engine)
        try:
            await engine.run()
        finally:
            recorder.end()
