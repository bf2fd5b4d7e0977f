"""``bulkeic apply``: a targets file or a run file → every target updated, and told."""

from pathlib import Path

from bulkeic.app.run.invocation import (
    begin,
    exit_with,
    look_ahead,
    results_of,
    screen_of,
    with_exit_code,
)
from bulkeic.app.run.rollout import Rollout, Spread, deal
from bulkeic.app.run.session import INTERRUPTED, RunSession
from bulkeic.app.setup.account_resolver import AccountResolver
from bulkeic.app.setup.options import ApplyOptions
from bulkeic.app.setup.run_metadata import PLANNED
from bulkeic.app.setup.run_setup import (
    apply_policy,
    check_opened,
    check_yes,
    endpoint,
    is_guarded,
    is_run,
    make,
    new_path,
)
from bulkeic.core.accounts import Accounts
from bulkeic.core.errors import RunFileError, StoppedError, UsageError, quoted
from bulkeic.core.model import Lane
from bulkeic.core.policy import calls_per_job
from bulkeic.core.summary import Summary
from bulkeic.core.waves import waves_of
from bulkeic.output.console import SHOWN_CHANGES, Console, changes, intention, summary_lines
from bulkeic.output.results import Results
from bulkeic.output.rollout_text import waves_ahead
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

_NO_WAVES = "--wave-pause goes with --waves, or with --wave-by region"
_NOTHING_KNOWN = "--force goes with a plan, a rollback or a run that was interrupted"


def apply(options: ApplyOptions) -> int:
    """Updates every target of a targets file, or those of a run file that are pending.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: nothing was sent, for the reason that it tells.
    """
    screen = screen_of(options)
    check_yes(options, yes=options.yes)
    _check_steps(options)
    results = results_of(options)
    try:
        reach = AccountResolver(options.access, options.timeout_s, sandbox=options.sandbox)
        resumed = is_run(options)
        path = Path(options.source) if resumed else new_path(options)
        if not resumed:
            make(options, path, reach, screen)
        run = RunFile(path, is_new=not resumed)
        try:
            if resumed:
                check_opened(run, options, reach)
            _check_run(run, options)
            summary = apply_run(run, options, reach.accounts, results, screen)
        finally:
            run.close()
    finally:
        results.close()
    return exit_with(summary, options, screen)


def _check_steps(options: ApplyOptions) -> None:
    if options.wave_by == "lane" and options.waves is None:
        raise UsageError("--wave-by lane goes with --waves; say how many targets each has")
    if is_run(options):
        return
    if options.wave_pause_s is not None and not options.in_waves:
        raise UsageError(_NO_WAVES)
    if options.force:
        raise UsageError(_NOTHING_KNOWN)


def _check_run(run: RunFile, options: ApplyOptions) -> None:
    """Refuses what does not go with a run."""
    name = quoted(str(run.path))
    waves = run.waves.all()
    if options.in_waves and waves:
        raise UsageError(f"the waves of run file {name} were settled when it was begun")
    if options.wave_pause_s is not None and not options.in_waves and not waves:
        raise UsageError(_NO_WAVES)
    if options.force and not is_guarded(run) and not run.can_be_rolled_back():
        raise UsageError(_NOTHING_KNOWN)
    if PLANNED in run.facts:
        unread = sum(run.jobs.lanes(JobFilter.UNREAD).values())
        if unread:
            raise UsageError(
                f"{unread:,} targets of run file {name} are not planned yet; carry on with: "
                f"{options.command('plan', str(run.path))}"
            )


def apply_run(
    run: RunFile,
    options: ApplyOptions,
    accounts: Accounts,
    results: Results,
    screen: Console,
) -> Summary:
    """Does what is pending in a run, after it has been agreed to, and tells what came of it."""
    lanes = run.jobs.lanes()
    spread_out = deal(run, options)
    try:
        agreed = not lanes or _agreed(run, lanes, options, screen, spread_out)
    except KeyboardInterrupt:
        agreed = False
    stopped: str | None = "not confirmed; nothing was sent"
    if agreed:

        async def roll_out(session: RunSession) -> None:
            rollout = Rollout(
                session, run, options, results=results, screen=screen, spread_out=spread_out
            )
            await rollout.work()

        threshold = options.max_failures
        most = None if threshold is None else threshold.of(run.targets())
        stopped = begin(
            run,
            options,
            accounts,
            roll_out,
            results=results,
            screen=screen,
            idle=not lanes and not run.waves.have_unverified(),
            max_failures=most,
        )
    try:
        return _told(run, options, screen, stopped)
    except RunFileError as error:
        if not agreed:
            raise
        raise StoppedError(f"{error}; some of it may have been done") from None


def _told(run: RunFile, options: ApplyOptions, screen: Console, stopped: str | None) -> Summary:
    """Tells what has become of a run, and how to go on or back."""
    unread = run.waves.have_unverified()
    summary = run.summary(stopped=stopped not in {None, INTERRUPTED} or unread)
    summary = with_exit_code(summary, summary.exit_code, stopped)
    for line in [*summary_lines(summary, run.examples()), f"run file: {summary.run}"]:
        screen.say(line)
    if stopped is not None:
        screen.say(f"stopped: {stopped}")
    if summary.exit_code and run.can_be_rolled_back():
        screen.say(f"take it back with: {options.command('rollback', summary.run)}")
    if summary.pending or unread:
        settled = bool(run.waves.all())
        screen.say(f"carry on with: {options.carry_on(summary.run, settled=settled)}")
    return summary


def _agreed(
    run: RunFile,
    lanes: dict[Lane, int],
    options: ApplyOptions,
    screen: Console,
    spread_out: Spread,
) -> bool:
    """Tells what is going to happen, and asks where it has to be asked."""
    rules = apply_policy(run, force=options.force)
    waves = run.waves.all() or waves_of(spread_out)
    ahead = look_ahead(lanes, options, calls_per_job(rules, in_waves=bool(waves)))
    where = endpoint(options)
    lines = intention(lanes, ahead, where) + changes(*run.common_settings(SHOWN_CHANGES))
    for line in lines + waves_ahead(waves):
        screen.say(line)
    return options.yes or options.sandbox or screen.ask("update them?")
