"""``bulkeic apply``: a targets file or a run file → every target updated, and told."""

import functools
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from bulkeic.app.accounts import Reach
from bulkeic.app.interruptions import Interruptions
from bulkeic.app.load import Loading
from bulkeic.app.options import AccessOptions, ApplyOptions
from bulkeic.app.running import first_cause, open_access, run_async
from bulkeic.app.work import INTERRUPTED, INTERRUPTED_TWICE, work
from bulkeic.core.accounts import parse_external_id, parse_role, parse_session_name
from bulkeic.core.errors import BulkeicError, InputError, UsageError, shown
from bulkeic.core.forecast import USUAL_CALL_S, Forecast, LaneLeft, forecast
from bulkeic.core.model import Lane, Settings
from bulkeic.core.names import check_region
from bulkeic.core.rows import Defaults
from bulkeic.core.summary import Summary
from bulkeic.engine import Limits
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
from bulkeic.output.screen import SHOWN_CHANGES, changes, intention, summary_lines
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
        reach = Reach(options.access, options.timeout_s, sandbox=options.sandbox)
        path = Path(options.source) if resumed else _load(options, reach, screen)
        run = RunFile(path)
        try:
            if resumed:
                _check_resumed(run, options, reach)
            return _apply_run(run, options, reach, results, screen)
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
    if options.results not in {None, STDOUT}:
        for read in (options.source, options.access.accounts):
            if read is not None and _same_file(options.results, read):
                raise UsageError(f"--results {shown(options.results)} is the file that is read")
    _check_access(options.access)
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


def _check_access(access: AccessOptions) -> None:
    for flag, value, check in (
        ("--region", access.region, check_region),
        ("--role-arn", access.role_arn, parse_role),
        ("--external-id", access.external_id, parse_external_id),
        ("--role-session-name", access.role_session_name, parse_session_name),
    ):
        if value is not None:
            _check_flag(flag, value, check)


def _check_flag(where: str, value: str, check: Callable[[str], object]) -> None:
    try:
        check(value)
    except InputError as problem:
        raise UsageError(f"{where}: {problem.rule}") from None


def _check_resumed(run: RunFile, options: ApplyOptions, reach: Reach) -> None:
    place = run.facts.get(_PLACE, _AWS)
    if place != _place(options):
        raise UsageError(
            f"run file {shown(str(run.path))} was begun on {place}; carry on with it "
            f"{'with' if place == _SANDBOX else 'without'} --sandbox"
        )
    for account_id, role_arn in run.roles().items():
        reach.accounts.learn(account_id, role_arn)
    for lane, problem in reach.refusals(run.lanes()).items():
        raise UsageError(f"jobs of {lane} are pending, but {problem.rule}")
    _check_number(sum(run.lanes().values()), options)


def _check_number(targets: int, options: ApplyOptions) -> None:
    most = options.max_targets
    if most is not None and targets > most:
        raise UsageError(
            f"{targets:,} targets are more than --max-targets {most:,} allows; nothing was sent"
        )


def _place(options: ApplyOptions) -> str:
    return _SANDBOX if options.sandbox else _AWS


def _load(options: ApplyOptions, reach: Reach, screen: Screen) -> Path:
    """Makes the run file: its path."""
    targets = RowsFile(options.source, options.format)
    defaults = Defaults(
        region=_default_region(options),
        settings=options.settings,
        regions=reach.accounts.only_regions(),
    )
    started = datetime.now(UTC)
    path = Path(options.run or RUNS_FOLDER / f"{started:%Y-%m-%dT%H-%M-%S.%f}Z.db")
    loading = Loading(
        targets,
        defaults,
        path,
        reach,
        skip_invalid=options.skip_invalid,
        screen=screen,
        origin={_PLACE: _place(options), "created_at": started.isoformat()},
    )
    with screen.busy(f"reading {targets.name}"):
        loading.run(functools.partial(_check_number, options=options))
    return path


def _default_region(options: ApplyOptions) -> str | None:
    isolated = options.sandbox and options.access.profile is None
    region = open_access(options.access, isolated=isolated).region
    if region is not None:
        _check_flag("the Region of the environment or the profile", region, check_region)
    return region


def _apply_run(
    run: RunFile, options: ApplyOptions, reach: Reach, results: Results, screen: Screen
) -> Summary:
    lanes = run.lanes()
    try:
        agreed = not lanes or _agreed(run, lanes, options, screen)
    except KeyboardInterrupt:
        agreed = False
    stopped: str | None = "not confirmed; nothing was sent"
    if agreed:
        stopped = _begin(run, options, reach, results, screen, idle=not lanes)
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
    where = options.access.endpoint_url or _place(options)
    ahead = _ahead(lanes, options.limits())
    for line in intention(lanes, ahead, where) + changes(*run.wanted(SHOWN_CHANGES)):
        screen.say(line)
    if run.sets_half_a_destination():
        screen.say(
            "note: some rows name one half of DestinationConfig; whether Lambda keeps the other is "
            "not documented, so name both to be sure (none clears one)"
        )
    return options.yes or options.sandbox or screen.ask("update them?")


def _ahead(lanes: dict[Lane, int], limits: Limits) -> Forecast:
    left = (
        LaneLeft(lane, jobs, limits.first_rate, limits.bucket_size) for lane, jobs in lanes.items()
    )
    ahead = forecast(left, concurrency=limits.concurrency, call_s=USUAL_CALL_S)
    assert ahead is not None  # noqa: S101 - there are lanes, and they have jobs
    return ahead


def _begin(
    run: RunFile,
    options: ApplyOptions,
    reach: Reach,
    results: Results,
    screen: Screen,
    *,
    idle: bool,
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
                    reach.accounts,
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
