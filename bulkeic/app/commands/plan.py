"""``bulkeic plan``: reads every target and previews the changes; writes nothing to AWS."""

import sys
import time
from functools import partial

import msgspec

from bulkeic.app.options.command_options import DiffOptions, PlanOptions, WorkOptions
from bulkeic.app.report.error_examples import read_errors
from bulkeic.app.run.engine_source import OpenEngines
from bulkeic.app.run.invocation import Invocation, with_exit_code
from bulkeic.app.run.local_engines import open_local_engines
from bulkeic.app.run.run_feed import RunFeed
from bulkeic.app.run.session import INTERRUPTED, RunSession
from bulkeic.app.run_files.expected_plan import digest_lines, seal_plan
from bulkeic.app.run_files.new_waves import (
    check_wave_source,
    planned_wave_lines,
)
from bulkeic.app.setup.configured_rollout import for_run
from bulkeic.app.setup.run_setup import plan_policy, run_file
from bulkeic.core.change.snapshot import goal_snapshot
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.summary import Summary, plan_exit_code
from bulkeic.output.diff import DiffPrinter
from bulkeic.output.files.results import NoResults, check_stdout
from bulkeic.output.summary_text import plan_lines
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile


def plan(options: PlanOptions, open_engines: OpenEngines = open_local_engines) -> int:
    """Reads every target of a targets file, or those of a run file that were not read yet.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: why nothing was read.
    """
    invocation = Invocation(options, open_engines)
    return invocation.finish(plan_targets(options, invocation))


def plan_targets(options: PlanOptions, invocation: Invocation) -> Summary:
    """Does what ``plan`` does, in any surroundings: the plan in numbers.

    Raises:
        BulkeicError: why nothing was read.
    """
    check_diff(options.show, options)
    with (
        invocation,
        run_file(options, invocation.resolver, invocation.console) as run,
    ):
        if not run.metadata.planned:
            raise UsageError(
                f"run file {quoted(str(run.path))} was not made by plan; plan the targets file"
            )
        check_wave_source(run, for_run(run, options))
        return plan_run(run, options.show, invocation)


def check_diff(show: DiffOptions, options: WorkOptions) -> None:
    """Checks that only one thing is written to stdout.

    Raises:
        UsageError: the options ask for a diff and for JSON, or stdout is closed.
    """
    if show.diff:
        check_stdout()
        if options.output == "json":
            raise UsageError("--diff and --output json both write to stdout; use one of them")


def plan_run(
    run: RunFile,
    show: DiffOptions,
    invocation: Invocation,
    *,
    force: bool = False,
) -> Summary:
    """Reads the targets of a run that were not read yet, and prints what they need.

    Args:
        run: the run file.
        show: what to print.
        invocation: of the command.
        force: also plan to overwrite targets that changed since the run that is rolled back.
    """
    with invocation.watchers.watching(run, "plan"):
        return _plan_run(run, show, invocation, force=force)


def _plan_run(run: RunFile, show: DiffOptions, invocation: Invocation, *, force: bool) -> Summary:
    policy = plan_policy(run, force=force)
    lanes = run.jobs.lanes(JobFilter.UNREAD)
    if lanes:
        invocation.print_preview(run, lanes, calls_per_job=1)

    async def read(session: RunSession) -> None:
        run.begin_session("plan", time.time(), session.origin)
        feed = RunFeed(run, JobFilter.UNREAD)
        if await session.work_through(feed, policy, run, NoResults(), "reading"):
            session.stop("not every target could be read")
        run.end_session(session.stopped or "done")

    stopped = invocation.work(run, read, command="plan", results=NoResults(), has_jobs=bool(lanes))
    if show.diff:
        stopped = _print_diff(run) or stopped
    return _print_result(run, show, invocation, stopped)


def _print_diff(run: RunFile) -> str | None:
    """Prints the change of each target: why stdout cannot be written, or ``None``."""
    policy = plan_policy(run)
    printer = DiffPrinter()
    try:
        for job in run.jobs.planned_jobs():
            assert job.before_snapshot is not None  # noqa: S101 - it was planned
            goal = goal_snapshot(job.settings, job.before_snapshot, policy)
            printer.show(job.target, str(job.source), job.before_snapshot, goal, job.managed_by)
        sys.stdout.flush()
    except OSError as error:
        return f"stdout: {error.strerror}"
    return None


def _print_result(
    run: RunFile, show: DiffOptions, invocation: Invocation, stopped: str | None
) -> Summary:
    """Prints what a plan found, and the command that resumes or applies it."""
    has_unread = bool(run.jobs.lanes(JobFilter.UNREAD))
    summary = run.summary(stopped=stopped not in {None, INTERRUPTED})
    code = plan_exit_code(
        summary, stopped=stopped is not None or has_unread, detailed=show.detailed_exitcode
    )
    summary = msgspec.structs.replace(
        with_exit_code(summary, code, stopped), needs=run.counts.needs(), digest=seal_plan(run)
    )
    errors = read_errors(run, summary, in_full=invocation.is_verbose)
    notes = planned_wave_lines(run) + digest_lines(summary.digest)
    return invocation.print_end(run, summary, partial(plan_lines, summary, errors), notes, stopped)
