"""``bulkeic plan``: what would be changed, read and kept; nothing is written to AWS."""

import sys
import time
from pathlib import Path

import msgspec

from bulkeic.app.run.invocation import begin, exit_with, look_ahead, screen_of, with_exit_code
from bulkeic.app.run.run_feed import RunFeed
from bulkeic.app.run.session import INTERRUPTED, RunSession
from bulkeic.app.setup.account_resolver import AccountResolver
from bulkeic.app.setup.options import DiffOptions, PlanOptions, WorkOptions
from bulkeic.app.setup.run_metadata import PLANNED
from bulkeic.app.setup.run_setup import check_opened, endpoint, is_run, make, new_path, plan_policy
from bulkeic.core.accounts import Accounts
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.model import Lane
from bulkeic.core.snapshot import goal_snapshot
from bulkeic.core.summary import Summary, plan_exit_code
from bulkeic.output.console import SHOWN_CHANGES, Console, changes, intention
from bulkeic.output.diff import DiffPrinter
from bulkeic.output.results import NoResults, check_stdout
from bulkeic.output.rollout_text import plan_lines
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile


def plan(options: PlanOptions) -> int:
    """Reads every target of a targets file, or those of a run file that were not read yet.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: nothing was read, for the reason that it tells.
    """
    screen = screen_of(options)
    check_show(options.show, options)
    reach = AccountResolver(options.access, options.timeout_s, sandbox=options.sandbox)
    planned = is_run(options)
    path = Path(options.source) if planned else new_path(options)
    if not planned:
        make(options, path, reach, screen)
    run = RunFile(path, is_new=not planned)
    try:
        if planned:
            check_opened(run, options, reach)
        if PLANNED not in run.facts:
            raise UsageError(
                f"run file {quoted(str(path))} was begun without a plan; plan the targets file"
            )
        summary = plan_run(run, options, options.show, reach.accounts, screen)
    finally:
        run.close()
    return exit_with(summary, options, screen)


def check_show(show: DiffOptions, options: WorkOptions) -> None:
    """Refuses to write two things to stdout.

    Raises:
        UsageError: a diff and JSON are both asked for.
    """
    if show.diff:
        check_stdout()
        if options.output == "json":
            raise UsageError("--diff and --output json both want stdout; give one of them")


def plan_run(
    run: RunFile,
    options: WorkOptions,
    show: DiffOptions,
    accounts: Accounts,
    screen: Console,
    *,
    force: bool = False,
) -> Summary:
    """Reads the targets of a run that were not read yet, and tells what they need.

    Args:
        run: the run file.
        options: how to work.
        show: how it is told.
        accounts: how each account is reached.
        screen: where people are told.
        force: whether targets may have something else than they have to.
    """
    rules = plan_policy(run, force=force)
    lanes = run.jobs.lanes(JobFilter.UNREAD)
    if lanes:
        _announce(run, lanes, options, screen)

    async def read(session: RunSession) -> None:
        run.begin_session("plan", time.time())
        stopped = await session.drain(
            RunFeed(run, JobFilter.UNREAD), rules, run, NoResults(), "reading"
        )
        if stopped:
            session.stop("not every target could be read")
        run.end_session(session.stopped or "done")

    stopped = begin(
        run, options, accounts, read, results=NoResults(), screen=screen, idle=not lanes
    )
    stopped = _show(run, show) or stopped
    unread = sum(run.jobs.lanes(JobFilter.UNREAD).values())
    return _told(run, options, show, screen, stopped=stopped, unread=unread)


def _announce(run: RunFile, lanes: dict[Lane, int], options: WorkOptions, screen: Console) -> None:
    ahead = look_ahead(lanes, options, calls_each=1)
    where = endpoint(options)
    for line in intention(lanes, ahead, where) + changes(*run.common_settings(SHOWN_CHANGES)):
        screen.say(line)


def _show(run: RunFile, show: DiffOptions) -> str | None:
    """Prints each change: why it could not, or ``None``."""
    if not show.diff:
        return None
    rules = plan_policy(run)
    printer = DiffPrinter()
    try:
        for job in run.jobs.planned_jobs():
            assert job.before_snapshot is not None  # noqa: S101 - it was planned
            goal = goal_snapshot(job.settings, job.before_snapshot, rules)
            printer.show(job.target, str(job.source), job.before_snapshot, goal)
        sys.stdout.flush()
    except OSError as error:
        return f"stdout: {error.strerror}"
    return None


def _told(
    run: RunFile,
    options: WorkOptions,
    show: DiffOptions,
    screen: Console,
    *,
    stopped: str | None,
    unread: int,
) -> Summary:
    summary = run.summary(stopped=stopped not in {None, INTERRUPTED})
    needs = run.needs()
    code = plan_exit_code(
        summary, stopped=stopped is not None or unread > 0, detailed=show.detailed_exitcode
    )
    summary = msgspec.structs.replace(with_exit_code(summary, code, stopped), needs=needs)
    for line in [*plan_lines(summary, run.examples()), f"run file: {summary.run}"]:
        screen.say(line)
    if stopped is not None:
        screen.say(f"stopped: {stopped}")
    if unread:
        screen.say(f"carry on with: {options.command('plan', summary.run)}")
    elif summary.pending:
        screen.say(f"apply it with: {options.command('apply', summary.run)}")
    return summary
