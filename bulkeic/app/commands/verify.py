"""``bulkeic verify``: compares every target with what is wanted; writes nothing to AWS."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from bulkeic.app.intake.target_source import open_code
from bulkeic.app.options.command_options import VerifyOptions
from bulkeic.app.report.error_examples import MORE_EXAMPLES
from bulkeic.app.run.engine_source import OpenEngines
from bulkeic.app.run.invocation import Invocation, with_exit_code
from bulkeic.app.run.local_engines import open_local_engines
from bulkeic.app.run.outcome_tally import OutcomeTally
from bulkeic.app.run.run_feed import RunFeed
from bulkeic.app.run.session import RunSession
from bulkeic.app.run_files.next_commands import (
    flags_of,
    next_command,
    selection_flags,
    targets_command,
)
from bulkeic.app.setup.run_setup import STDIN, has_run_file, readable_run, verify_policy
from bulkeic.core.change.policy import Verify
from bulkeic.core.change.reconcile import DRIFTED
from bulkeic.core.change.snapshot import drift_of
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.model import Lane, Outcome
from bulkeic.core.report.run_report import ErrorGroup, error_groups
from bulkeic.core.rollout.rollback_guard import has_no_goal
from bulkeic.core.summary import Summary, Tally, summarize, verify_exit_code
from bulkeic.output.diff import DiffPrinter
from bulkeic.output.files.results import STDOUT, ForwardedResults, Results, check_stdout
from bulkeic.output.summary_text import summary_lines
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

if TYPE_CHECKING:
    from bulkeic.app.report.verify_reports import VerifyReports


def verify(options: VerifyOptions, open_engines: OpenEngines = open_local_engines) -> int:
    """Compares the targets of a targets file or of a run file with the wanted settings.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: why nothing was read.
    """
    invocation = Invocation(options, open_engines)
    prints_drift = options.output == "text" and options.results != STDOUT
    return invocation.finish(verify_targets(options, invocation, prints_drift=prints_drift))


def verify_targets(
    options: VerifyOptions, invocation: Invocation, *, prints_drift: bool
) -> Summary:
    """Does what ``verify`` does, in any surroundings: the verification in numbers.

    Args:
        options: of the command.
        invocation: of the command.
        prints_drift: whether drifted targets are printed on stdout.

    Raises:
        BulkeicError: why nothing was read.
    """
    _check_code(options)
    reports = _reports(options)
    with invocation:
        if prints_drift:
            check_stdout()
        code = open_code(options, invocation.resolver, invocation.console)
        with readable_run(options, invocation.resolver, invocation.console, code) as run:
            policy = verify_policy(run)
            results = invocation.results
            if prints_drift:
                results = _DriftPrinter(results, policy)
            source_of = None if code is None else code.source
            feed = RunFeed(run, JobFilter.EVERY, source_of=source_of)
            compare = partial(_verify, run, feed, policy, options=options, invocation=invocation)
            if reports is None:
                summary, _ = compare(results=results)
                return summary
            with reports:
                found = compare(results=reports.collecting(results, policy))
                return reports.write(run, *found, invocation.console)


def _check_code(options: VerifyOptions) -> None:
    if options.code.files and has_run_file(options):
        raise UsageError(
            f"run file {quoted(options.source)} has targets and settings of its own; omit it to "
            "compare with code, or omit --terraform and --template"
        )


def _reports(options: VerifyOptions) -> "VerifyReports | None":
    if options.junit is None and options.markdown is None:
        return None
    from bulkeic.app.report.verify_reports import VerifyReports  # noqa: PLC0415 - only flags need it

    return VerifyReports(options)


def _verify(
    run: RunFile,
    feed: RunFeed,
    policy: Verify,
    *,
    options: VerifyOptions,
    results: Results,
    invocation: Invocation,
) -> tuple[Summary, Sequence[ErrorGroup]]:
    tallies = run.counts.tallies()
    skipped = [tally for tally in tallies if has_no_goal(tally.lane, tally.error_code)]
    with invocation.watchers.watching(run, "verify", skipped):
        return _compare(
            run,
            feed,
            policy,
            options=options,
            results=results,
            invocation=invocation,
            skipped=skipped,
        )


def _compare(
    run: RunFile,
    feed: RunFeed,
    policy: Verify,
    *,
    options: VerifyOptions,
    results: Results,
    invocation: Invocation,
    skipped: list[Tally],
) -> tuple[Summary, Sequence[ErrorGroup]]:
    results = unwanted = _UnwantedResults(results)
    found = OutcomeTally(MORE_EXAMPLES if options.verbose else 0)

    async def compare(session: RunSession) -> None:
        await session.work_through(feed, policy, found, results, "verifying")

    lanes = run.jobs.lanes(JobFilter.EVERY)
    stopped = invocation.work(
        run,
        compare,
        command="verify",
        results=results,
        has_jobs=bool(lanes),
        known=(),
        tallies=skipped,
    )
    summary = summarize(
        [*found.tallies(), *skipped],
        run=options.source,
        targets=sum(lanes.values()) + sum(tally.count for tally in skipped),
        lanes=_all_lanes(lanes, skipped),
        traffic=found.traffic,
    )
    code = verify_exit_code(summary, stopped=stopped is not None)
    summary = with_exit_code(summary, code, stopped)
    summary = msgspec.structs.replace(summary, left_out=run.left_out())
    can_apply = summary.errors.get(DRIFTED, 0) > unwanted.count
    commands = _next_commands(options, code, can_apply=can_apply)
    errors = error_groups(
        summary, found.examples, creates_missing=False, more_examples=found.more_examples
    )
    invocation.print_result(partial(summary_lines, summary, errors), (), stopped, commands)
    summary = msgspec.structs.replace(summary, next=commands, stopped=stopped)
    invocation.announce_end(run, summary, stopped)
    return summary, errors


def _next_commands(options: VerifyOptions, code: ExitCode, *, can_apply: bool) -> dict[str, str]:
    """The next step: again if not every target could be read, else what ends the drift.

    Args:
        options: of the command.
        code: its exit code.
        can_apply: whether ``apply`` ends some of the drift; it never removes a configuration that
            code does not declare.
    """
    if code == ExitCode.OK or options.source == STDIN:
        return {}
    if has_run_file(options):
        flags = {**flags_of(options), **selection_flags(options.selection)}
        command = next_command("verify", options.source, flags)
        return {} if code == ExitCode.DRIFT else {"verify": command}
    if code == ExitCode.DRIFT and not can_apply:
        return {}
    step = "apply" if code == ExitCode.DRIFT else "verify"
    return {step: targets_command(step, options)}


def _all_lanes(lanes: dict[Lane, int], skipped: list[Tally]) -> dict[Lane, int]:
    """The number of each lane's targets, those included that are not compared."""
    counts = Counter(lanes)
    for tally in skipped:
        if tally.lane is not None:
            counts[tally.lane] += tally.count
    return dict(counts)


class _UnwantedResults(ForwardedResults):
    """``Results`` that count the configurations that must not be there.

    Args:
        results: get all outcomes.

    Attributes:
        count: of these configurations.
    """

    def __init__(self, results: Results) -> None:
        super().__init__(results)
        self.count = 0

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Writes and counts outcomes.

        Raises:
            OSError: they cannot be written.
        """
        outcomes = list(outcomes)
        super().write(outcomes)
        self.count += sum(each.error_code == DRIFTED and not each.settings for each in outcomes)


class _DriftPrinter(ForwardedResults):
    """``Results`` that also prints the drifted targets on stdout.

    Args:
        results: get all outcomes.
        policy: of the run.
    """

    def __init__(self, results: Results, policy: Verify) -> None:
        super().__init__(results)
        self._policy = policy
        self._printer = DiffPrinter()

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Writes outcomes, and prints those that drifted.

        Raises:
            OSError: they cannot be written.
        """
        outcomes = list(outcomes)
        super().write(outcomes)
        text = "".join(self._text(each) for each in outcomes if each.error_code == DRIFTED)
        if text:
            self._printer.write(text)
            sys.stdout.flush()

    def _text(self, outcome: Outcome) -> str:
        assert outcome.target is not None  # noqa: S101 - it was read
        current, goal = drift_of(outcome, self._policy)
        return self._printer.text(
            outcome.target, str(outcome.source), current, goal, outcome.managed_by
        )
