"""One invocation of a command that calls Lambda: what all these commands share."""

import copy
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.access.runtime import first_cause, run_async
from bulkeic.app.options.command_options import ApplyOptions, WorkOptions
from bulkeic.app.run.engine_source import OpenEngines
from bulkeic.app.run.local_engines import open_local_engines
from bulkeic.app.run.session import INTERRUPTED_TWICE, RunSession
from bulkeic.app.run.surroundings import Interruptions, Surroundings, Terminal
from bulkeic.app.run.work_forecast import forecast_work
from bulkeic.app.run_files.next_commands import NextCommands, flags_of, next_lines
from bulkeic.app.run_files.run_binding import place, session_origin
from bulkeic.app.setup.run_setup import check_options
from bulkeic.app.watching.watchers import RunWatchers
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.core.errors import BulkeicError, UsageError
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.model import Lane, Outcome, Status, rfc3339
from bulkeic.core.rollout.run_events import RunEnded, RunStarted
from bulkeic.core.rollout.windows import ALWAYS_OPEN, overrun_line, window_of
from bulkeic.core.summary import Summary, Tally
from bulkeic.core.targets.selection import EVERY_TARGET
from bulkeic.output.files.results import NoResults, Results, ResultsFile
from bulkeic.output.rollout_text import (
    SHOWN_SETTINGS,
    forecast_lines,
    settings_lines,
    stopped_lines,
)
from bulkeic.output.summary_json import print_summary
from bulkeic.output.terminal.screen import Screen
from bulkeic.store.run_file import RunFile

_ROLLBACK_END_ROWS = 3
_WATCHER_END_ROWS = 2  # a watcher may say at the end what went wrong
_log = logging.getLogger("bulkeic.app")

Guard = Callable[[RunSession], AbstractAsyncContextManager[Sequence[str]]]
"""Opens what a run depends on: why the run must not start, none: it may."""


class Invocation:
    """One invocation of a command. As a context manager, it opens the results and the accounts.

    Args:
        options: of the command.
        open_engines: opens what makes the calls.
        surroundings: what it runs in; ``None``: a terminal.

    Attributes:
        console: prints messages and asks questions.
        results: where outcomes are written.
        resolver: knows which accounts can be reached.
        watchers: of the command.
        window: in which calls may be sent.

    Raises:
        UsageError: an option is invalid, or does not go with another one.
    """

    results: Results
    resolver: AccountResolver
    watchers: RunWatchers

    def __init__(
        self,
        options: WorkOptions,
        open_engines: OpenEngines = open_local_engines,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._options = options
        self._open_engines = open_engines
        self._surroundings = surroundings or Terminal()
        self._surroundings.prepare(options)
        check_options(options)
        self.window = window_of(
            options.window.not_before,
            options.window.until,
            now=time.time(),
            timeout_s=options.pace.timeout_s,
        )
        self.console = self._surroundings.console
        self._rows_below = 0

    def __enter__(self) -> Self:
        options = self._options
        self.results = ResultsFile(options.results) if options.results else NoResults()
        try:
            self.resolver = AccountResolver(
                options.access, options.pace.timeout_s, sandbox=options.sandbox
            )
            self.watchers = self._surroundings.watchers(options)
        except BaseException:
            self.results.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.watchers.close()
        finally:
            self.results.close()

    @property
    def is_verbose(self) -> bool:
        """Whether every detail is printed."""
        return self._options.verbose

    def work_with(self, options: WorkOptions) -> None:
        """Uses these options from now on: the run has replaced some of the configured ones."""
        self._options = options

    def with_options(self, options: WorkOptions) -> "Invocation":
        """This invocation for the rollback of a halted run.

        It writes no results, has no window, and leaves room for the lines that say how it ended.
        """
        other = copy.copy(self)
        other._options, other.results, other.window = options, NoResults(), ALWAYS_OPEN  # noqa: SLF001 - a copy of this object
        other._rows_below = _ROLLBACK_END_ROWS  # noqa: SLF001 - as above
        return other

    def print_preview(
        self, run: RunFile, lanes: dict[Lane, int], calls_per_job: int, *, waits_s: float = 0.0
    ) -> None:
        """Prints what a run is about to do.

        Args:
            run: the run file.
            lanes: account and Region → its jobs; at least one.
            calls_per_job: how many calls each job needs.
            waits_s: how long it will wait between waves, seconds.
        """
        duration = forecast_work(lanes, self._options, calls_per_job)
        assert duration is not None  # noqa: S101 - there are jobs
        lines = forecast_lines(lanes, duration, place(self._options))
        self.print_lines(lines + settings_lines(*run.counts.common_settings(SHOWN_SETTINGS)))
        overrun = overrun_line(self.window, duration.seconds + waits_s, time.time())
        if overrun is not None:
            self.console.print(overrun)

    def print_lines(self, lines: Iterable[str]) -> None:
        """Prints several lines."""
        for line in lines:
            self.console.print(line)

    def print_end(
        self,
        run: RunFile,
        summary: Summary,
        result: Callable[[Screen], list[str]],
        notes: Iterable[str],
        stopped: str | None,
        *,
        is_end: bool = True,
    ) -> Summary:
        """Prints the result of a run and the next steps.

        Args:
            run: the run file.
            summary: the numbers.
            result: makes the lines of the result; they fit what the notes and the next steps leave.
            notes: that follow the result.
            stopped: why the session stopped early.
            is_end: whether the command ends with it; otherwise there are no next steps yet.

        Returns:
            The summary with the next steps.
        """
        options = self._options
        is_source = Path(options.source) == run.path
        selection = options.selection if is_source else EVERY_TARGET
        commands = {}
        if is_end:
            commands = NextCommands(run, flags_of(options), selection).after(summary)
        self.print_result(result, [*notes, f"run file: {summary.run}"], stopped, commands)
        summary = msgspec.structs.replace(summary, next=commands, stopped=stopped)
        self.announce_end(run, summary, stopped)
        return summary

    def print_result(
        self,
        result: Callable[[Screen], list[str]],
        notes: Iterable[str],
        stopped: str | None,
        commands: Mapping[str, str],
    ) -> None:
        """Prints a result and what follows it, so that all of it fits the terminal.

        Args:
            result: makes the lines of the result.
            notes: that follow the result.
            stopped: why the session stopped early.
            commands: the next steps.
        """
        lines = [*notes, *stopped_lines(stopped), *next_lines(commands)]
        screen = self.console.screen(in_full=self._options.verbose)
        below = self._rows_below + (_WATCHER_END_ROWS if self.watchers else 0)
        left = screen.without([*lines, *[""] * below])
        self.print_lines([*result(left), *lines])

    def work(
        self,
        run: RunFile,
        work: Callable[[RunSession], Awaitable[None]],
        *,
        command: str,
        results: Results,
        has_jobs: bool,
        known: Iterable[Outcome] | None = None,
        tallies: Sequence[Tally] | None = None,
        max_failures: int | None = None,
        guard: Guard | None = None,
    ) -> str | None:
        """Works on a run in a session: why it stopped early, or ``None``.

        Args:
            run: the run file.
            work: what to do in the session.
            command: what the session does, for those who watch it.
            results: where outcomes are written.
            has_jobs: whether there is anything to do.
            known: the first outcomes to write; ``None``: those of the run.
            tallies: the outcomes at the start, for those who watch; ``None``: those of the run.
            max_failures: see ``RunSession``.
            guard: what must hold before anything is sent; it is open while the session works.

        Raises:
            UsageError: the guard says that the run must not start. Nothing was sent.
        """
        problems: Sequence[str] = ()
        try:
            _start_results(results, run, known, rewrite=self._is_retry())
            if not has_jobs:
                return None
            with self._surroundings.interruptions() as interruptions:
                session = self._session(run, interruptions, max_failures)
                started = functools.partial(self._announce_start, run, session, command, tallies)
                problems = run_async(functools.partial(_run, session, started, work, guard))
        except BaseExceptionGroup as group:
            return _reason(first_cause(group))
        except Exception as error:  # noqa: BLE001 - what is stored is worth more than a traceback
            return _reason(error)
        if problems:
            self.print_lines(problems[:-1])
            raise UsageError(f"{problems[-1]}; nothing was sent")
        return session.stopped

    def _session(
        self, run: RunFile, interruptions: Interruptions, max_failures: int | None
    ) -> RunSession:
        return RunSession(
            run,
            self._options,
            self.resolver.accounts,
            self.console,
            interruptions,
            watchers=self.watchers,
            open_engines=self._open_engines,
            max_failures=max_failures,
            window=self.window,
            origin=session_origin(self._options, self.resolver),
        )

    def _announce_start(
        self, run: RunFile, session: RunSession, command: str, tallies: Sequence[Tally] | None
    ) -> None:
        if not self.watchers:
            return  # to count takes time in a large run
        counts = dict.fromkeys((status.value for status in Status), 0)
        for tally in run.counts.tallies() if tallies is None else tallies:
            counts[tally.status.value] += tally.count
        targets = run.counts.targets()
        session.announce(
            RunStarted,
            command=command,
            source=run.metadata.source,
            endpoint=place(self._options),
            targets=targets,
            pending=targets - sum(counts.values()),
            counts=counts,
            waves=len(run.waves.all()),
        )

    def announce_end(self, run: RunFile, summary: Summary, stopped: str | None) -> None:
        """Tells the watchers that the work on a run has ended.

        Args:
            run: the run file.
            summary: with the next steps.
            stopped: why the session stopped early.
        """
        event = RunEnded(
            at=rfc3339(time.time()),
            run=str(run.path.absolute()),
            stopped=stopped,
            targets=summary.targets,
            counts=dict(summary.statuses),
            pending=summary.pending,
            errors=dict(summary.errors),
            next=dict(summary.next),
            exit_code=summary.exit_code,
        )
        self.watchers.notice(event)

    def _is_retry(self) -> bool:
        return isinstance(self._options, ApplyOptions) and self._options.retry_failed

    def finish(self, summary: Summary) -> int:
        """Prints the summary as JSON if the options ask for it: the command's exit code."""
        if self._options.output != "json":
            return summary.exit_code
        return print_summary(summary, self.console)


def with_exit_code(summary: Summary, code: int, stopped: str | None) -> Summary:
    """The summary with an exit code, which is another one if the user quit.

    Args:
        summary: of the run.
        code: for all other cases.
        stopped: why the session stopped early.
    """
    code = ExitCode.INTERRUPTED if stopped == INTERRUPTED_TWICE else code
    return msgspec.structs.replace(summary, exit_code=code)


def _start_results(
    results: Results, run: RunFile, known: Iterable[Outcome] | None, *, rewrite: bool
) -> None:
    try:
        if known is not None:
            results.start(known, overwrite=True)
        elif results.path:
            is_new = run.metadata.results != results.path
            if is_new or rewrite:
                # Emptied first: a kill before the next line leaves a file that can be used.
                results.empty()
                run.save_metadata(msgspec.structs.replace(run.metadata, results=results.path))
            results.start(run.outcomes(), overwrite=False)
    except OSError as error:
        raise UsageError(f"results: {error.strerror}") from None


async def _run(
    session: RunSession,
    started: Callable[[], None],
    work: Callable[[RunSession], Awaitable[None]],
    guard: Guard | None,
) -> Sequence[str]:
    """Works in a session: why it must not start; none: it may, and has ended."""
    async with session, nullcontext(()) if guard is None else guard(session) as problems:
        if not problems:
            started()
            await work(session)
    return problems


def _reason(error: BaseException) -> str:
    """Why an error stopped a run."""
    if isinstance(error, BulkeicError | OSError):
        return str(error)
    _log.debug("internal error", exc_info=error)
    return f"internal error, please report it with --log-level debug: {sanitize(repr(error))}"
