"""What the commands that call Lambda have in common: a session on a run, and how it is told."""

import functools
import json
import sys
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import structlog

from bulkeic.app.run.session import INTERRUPTED_TWICE, RunSession
from bulkeic.app.run.signals import SignalWatch
from bulkeic.app.runtime import first_cause, run_async
from bulkeic.app.setup.options import WorkOptions
from bulkeic.app.setup.run_metadata import RESULTS
from bulkeic.app.setup.run_setup import check
from bulkeic.aws.sanitizer import clean
from bulkeic.core.accounts import Accounts
from bulkeic.core.errors import BulkeicError, UsageError
from bulkeic.core.model import Lane, Outcome
from bulkeic.core.pacing.forecast import USUAL_CALL_S, Forecast, LaneLeft, forecast
from bulkeic.core.summary import Summary
from bulkeic.output.console import Console
from bulkeic.output.logs import configure_logs
from bulkeic.output.outcome_codec import safe_json
from bulkeic.output.results import NoResults, Results, ResultsFile
from bulkeic.store.run_file import RunFile

_log = structlog.get_logger("bulkeic.app")

FAILED_EXIT = 1
STOPPED_EXIT = 3
INTERRUPTED_TWICE_EXIT = 130


def screen_of(options: WorkOptions) -> Console:
    """Where people are told, as soon as the options have been found good.

    Raises:
        UsageError: options that cannot be, alone or together.
    """
    configure_logs(options.log.log_format, options.log.log_level, clean)
    check(options)
    return Console()


def results_of(options: WorkOptions) -> Results:
    """Where a user wants the outcomes."""
    return ResultsFile(options.results) if options.results else NoResults()


def with_exit_code(summary: Summary, code: int, stopped: str | None) -> Summary:
    """The summary with an exit code, unless the user did not wait for one."""
    code = INTERRUPTED_TWICE_EXIT if stopped == INTERRUPTED_TWICE else code
    return msgspec.structs.replace(summary, exit_code=code)


def exit_with(summary: Summary, options: WorkOptions, screen: Console) -> int:
    """Tells the summary to machines, if asked for: the command's exit code."""
    if options.output != "json":
        return summary.exit_code
    # Not by msgspec, which refuses the name of a run file that is not UTF-8.
    text = json.dumps(summary.to_json(), separators=(",", ":"))
    return print_json(text.encode(), summary.exit_code, screen)


def print_json(text: bytes, code: int, screen: Console) -> int:
    """Prints JSON on stdout: the command's exit code, which is another one if that cannot be."""
    try:
        sys.stdout.write(f"{safe_json(text).decode()}\n")
        sys.stdout.flush()
    except OSError as error:
        screen.say(f"bulkeic: stdout: {error.strerror}")
        return STOPPED_EXIT
    return code


def look_ahead(lanes: dict[Lane, int], options: WorkOptions, calls_each: int) -> Forecast:
    """How long the jobs of some lanes will take."""
    limits = options.limits()
    left = (
        LaneLeft(lane, jobs, limits.first_rate, limits.bucket_size, calls_each)
        for lane, jobs in lanes.items()
    )
    ahead = forecast(left, concurrency=limits.concurrency, call_s=USUAL_CALL_S)
    assert ahead is not None  # noqa: S101 - there are lanes, and they have jobs
    return ahead


def begin(
    run: RunFile,
    options: WorkOptions,
    accounts: Accounts,
    work: Callable[[RunSession], Awaitable[None]],
    *,
    results: Results,
    screen: Console,
    idle: bool,
    known: Iterable[Outcome] | None = None,
    max_failures: int | None = None,
) -> str | None:
    """Works on a run in a session: why it ended early, or ``None``.

    Args:
        run: the run file.
        options: how to work.
        accounts: how each account is reached.
        work: what is done.
        results: where outcomes are written.
        screen: where people are told.
        idle: whether there is nothing to do.
        known: outcomes to begin the results with; ``None``: those of the run.
        max_failures: as ``RunSession`` has it.
    """
    try:
        _begin_results(results, run, known)
        if idle:
            return None
        with SignalWatch() as interruptions:
            session = RunSession(
                run, options, accounts, screen, interruptions, max_failures=max_failures
            )
            run_async(functools.partial(_run, session, work))
    except BaseExceptionGroup as group:
        return _reason(first_cause(group))
    except Exception as error:  # noqa: BLE001 - what is stored is worth more than a traceback
        return _reason(error)
    return session.stopped


def _begin_results(results: Results, run: RunFile, known: Iterable[Outcome] | None) -> None:
    try:
        if known is not None:
            results.begin(known, anew=True)
        elif results.place:
            results.begin(run.outcomes(), anew=run.facts.get(RESULTS) != results.place)
            run.set_fact(RESULTS, results.place)  # not before: what was there is not this run's
    except OSError as error:
        raise UsageError(f"results: {error.strerror}") from None


async def _run(session: RunSession, work: Callable[[RunSession], Awaitable[None]]) -> None:
    async with session:
        await work(session)


def _reason(error: BaseException) -> str:
    """Why a run ended that nobody ended."""
    if isinstance(error, BulkeicError | OSError):
        return str(error)
    _log.debug("internal error", exc_info=error)
    return f"internal error, please report it with --log-level debug: {clean(repr(error))}"
