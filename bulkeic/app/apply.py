"""``bulkeic apply``: a targets file or a run file → every target updated, and told."""

import functools
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from bulkeic.app.interruptions import Interruptions
from bulkeic.app.load import Loading
from bulkeic.app.options import ApplyOptions
from bulkeic.app.work import (
    INTERRUPTED,
    INTERRUPTED_TWICE,
    first_cause,
    open_access,
    run_async,
    work,
)
from bulkeic.core.errors import BulkeicError, InputError, UsageError, shown
from bulkeic.core.model import Lane, Settings
from bulkeic.core.names import check_region
from bulkeic.core.rows import Defaults
from bulkeic.core.summary import Summary
from bulkeic.output import (
    NoProgress,
    NoResults,
    ProgressBar,
    Results,
    ResultsFile,
    Screen,
    check_stdout,
    configure_logs,
)
from bulkeic.output.results import STDOUT
from bulkeic.output.screen import intention, summary_lines
from bulkeic.sources import RowsFile
from bulkeic.store import RunFile, is_run_file

_log = structlog.get_logger("bulkeic.app")

RUNS_FOLDER = Path("bulkeic-runs")
_STDIN = "-"
_PLACE = "place"
_SANDBOX, _AWS = "the sandbox", "AWS"
_STOPPED_EXIT = 3
_INTERRUPTED_TWICE_EXIT = 130


def apply(options: ApplyOptions) -> int:
    """Updates every target of a targets file, or those of a run file that are pending.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: nothing was sent, for the reason that it tells.
    """
    configure_logs(options.log.log_format, options.log.log_level)
    screen = Screen()
    summary = _apply(options, screen)
    if options.output == "json":
        try:
            sys.stdout.write(f"{msgspec.json.encode(summary.to_json()).decode()}\n")
            sys.stdout.flush()
        except OSError as error:
            screen.say(f"bulkeic: stdout: {error.strerror}")
            return _STOPPED_EXIT
    return summary.exit_code


def _apply(options: ApplyOptions, screen: Screen) -> Summary:
    resumed = options.source != _STDIN and is_run_file(Path(options.source))
    _check(options, resumed=resumed)
    results: Results = ResultsFile(options.results) if options.results else NoResults()
    try:
        path = Path(options.source) if resumed else _load(options, screen)
        run = RunFile(path)
        try:
            if resumed:
                _check_resumed(run, options)
            return _apply_run(run, options, results, screen)
        finally:
            run.close()
    finally:
        results.close()


def _check(options: ApplyOptions, *, resumed: bool) -> None:
    """Refuses what cannot be, before anything is read or made."""
    if options.results == STDOUT and options.output == "json":
        raise UsageError("--results - and --output json both want stdout; give one of them")
    if options.output == "json":
        check_stdout()
    if options.results not in {None, STDOUT} and _same_file(options.results, options.source):
        raise UsageError(f"--results {shown(options.results)} is the file that is read")
    if options.access.region is not None:
        _check_region(options.access.region, "--region")
    options.limits()
    if not options.yes and not options.sandbox and not sys.stdin.isatty():
        raise UsageError("stdin is no terminal to ask on; say --yes to go ahead without asking")
    if resumed:
        useless = (
            ("--run", options.run),
            ("--format", options.format),
            ("--skip-invalid", options.skip_invalid),
            ("settings", options.settings != Settings()),
        )
        for name, given in useless:
            if given:
                raise UsageError(
                    f"{shown(options.source)} is a run file: {name} were settled when it was made; "
                    "leave them out, or start a new run from the targets file"
                )


def _same_file(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False


def _check_region(region: str, where: str) -> None:
    try:
        check_region(region)
    except InputError as problem:
        raise UsageError(f"{where}: {problem.rule}") from None


def _check_resumed(run: RunFile, options: ApplyOptions) -> None:
    place = run.facts.get(_PLACE, _AWS)
    if place != _place(options):
        raise UsageError(
            f"run file {shown(str(run.path))} was begun on {place}; carry on with it "
            f"{'with' if place == _SANDBOX else 'without'} --sandbox"
        )
    if not options.sandbox:
        account = _own_account(options, next(iter(run.lanes()), None))
        for lane in run.lanes():
            if lane.account_id != account:
                raise UsageError(
                    f"the credentials belong to account {account}, but jobs of "
                    f"{lane.account_id} are pending; use a profile of that account"
                )


def _place(options: ApplyOptions) -> str:
    return _SANDBOX if options.sandbox else _AWS


def _load(options: ApplyOptions, screen: Screen) -> Path:
    """Makes the run file: its path."""
    targets = RowsFile(options.source, options.format)
    defaults = Defaults(region=_default_region(options), settings=options.settings)
    started = datetime.now(UTC)
    path = Path(options.run or RUNS_FOLDER / f"{started:%Y-%m-%dT%H-%M-%S.%f}Z.db")
    loading = Loading(
        targets,
        defaults,
        path,
        skip_invalid=options.skip_invalid,
        screen=screen,
        origin={_PLACE: _place(options), "created_at": started.isoformat()},
    )
    with screen.busy(f"reading {targets.name}"):
        loading.run(functools.partial(_own_account, options), others_too=options.sandbox)
    return path


def _default_region(options: ApplyOptions) -> str | None:
    isolated = options.sandbox and options.access.profile is None
    region = open_access(options.access, isolated=isolated).region
    if region is not None:
        _check_region(region, "the Region of the environment or the profile")
    return region


def _own_account(options: ApplyOptions, lane: Lane | None) -> str:
    """The account of a bare name."""
    if options.sandbox:
        from bulkeic.sandbox import DEFAULT_ACCOUNT_ID  # noqa: PLC0415 - hardly any run needs it

        return DEFAULT_ACCOUNT_ID
    access = open_access(options.access)
    region = lane.region if lane else None
    return run_async(functools.partial(access.identity, region, options.timeout_s))


def _apply_run(run: RunFile, options: ApplyOptions, results: Results, screen: Screen) -> Summary:
    lanes = run.lanes()
    try:
        agreed = not lanes or _agreed(run, lanes, options, screen)
    except KeyboardInterrupt:
        agreed = False
    stopped: str | None = "not confirmed; nothing was sent"
    if agreed:
        stopped = _begin(run, options, results, screen, idle=not lanes)
    summary = run.summary(stopped=stopped not in {None, INTERRUPTED})
    if stopped == INTERRUPTED_TWICE:
        summary = msgspec.structs.replace(summary, exit_code=_INTERRUPTED_TWICE_EXIT)
    for line in summary_lines(summary, run.examples()):
        screen.say(line)
    if stopped is not None:
        screen.say(f"stopped: {stopped}")
    if summary.pending:
        screen.say(f"carry on with: {options.carry_on(summary.run)}")
    return summary


def _agreed(run: RunFile, lanes: dict[Lane, int], options: ApplyOptions, screen: Screen) -> bool:
    """Tells what is going to happen, and asks where it has to be asked."""
    limits = options.limits()
    where = options.access.endpoint_url or _place(options)
    screen.say(f"{intention(lanes, limits.rate, limits.bucket_size)}; on {where}")
    if run.sets_half_a_destination():
        screen.say(
            "note: some rows name one half of DestinationConfig; whether Lambda keeps the other is "
            "not documented, so name both to be sure (none clears one)"
        )
    return options.yes or options.sandbox or screen.ask("update them?")


def _begin(
    run: RunFile, options: ApplyOptions, results: Results, screen: Screen, *, idle: bool
) -> str | None:
    """Works on the run: why it ended early, or ``None``."""
    progress = ProgressBar() if options.progress and screen.is_terminal else NoProgress()
    try:
        results.begin(run.outcomes())
        if idle:
            return None
        with Interruptions() as interruptions:
            return run_async(
                functools.partial(
                    work,
                    run,
                    options,
                    results=results,
                    progress=progress,
                    screen=screen,
                    interruptions=interruptions,
                )
            )
    except BaseExceptionGroup as group:
        return _reason(first_cause(group))
    except Exception as error:  # noqa: BLE001 - what is stored is worth more than a traceback
        return _reason(error)


def _reason(error: BaseException) -> str:
    """Why a run ended that nobody ended."""
    if isinstance(error, BulkeicError | OSError):
        return str(error)
    _log.debug("internal error", exc_info=error)
    return f"internal error, please report it with --log-level debug: {error!r}"
