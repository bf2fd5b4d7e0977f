"""``bulkeic verify``: compares every target with what is wanted; writes nothing to AWS."""

import sys
import time
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import msgspec

from bulkeic.app.report.error_examples import MORE_EXAMPLES
from bulkeic.app.report.report_files import check_report_files
from bulkeic.app.run.engine_source import OpenEngines
from bulkeic.app.run.invocation import Invocation, with_exit_code
from bulkeic.app.run.local_engines import open_local_engines
from bulkeic.app.run.outcome_tally import OutcomeTally
from bulkeic.app.run.run_feed import RunFeed
from bulkeic.app.run.session import RunSession
from bulkeic.app.setup.next_commands import (
    flags_of,
    next_command,
    selection_flags,
    targets_command,
)
from bulkeic.app.setup.options import VerifyOptions
from bulkeic.app.setup.run_setup import STDIN, has_run_file, readable_run, verify_policy
from bulkeic.core.errors import BulkeicError, UsageError
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.model import Lane, Outcome, rfc3339
from bulkeic.core.policy import Verify
from bulkeic.core.reconcile import DRIFTED
from bulkeic.core.report.run_report import error_groups
from bulkeic.core.rollout.rollback_guard import NO_BEFORE_IMAGE
from bulkeic.core.snapshot import drift_of
from bulkeic.core.summary import Summary, Tally, summarize, verify_exit_code
from bulkeic.output.diff import DiffPrinter
from bulkeic.output.new_file import write_new_file
from bulkeic.output.results import STDOUT, ForwardedResults, Results, check_stdout
from bulkeic.output.summary_text import summary_lines
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile


def verify(options: VerifyOptions, open_engines: OpenEngines = open_local_engines) -> int:
    """Compares the targets of a targets file or of a run file with the wanted settings.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: why nothing was read.
    """
    _check_junit(options)
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
    with invocation:
        if prints_drift:
            check_stdout()
        with readable_run(options, invocation.resolver, invocation.console) as run:
            policy = verify_policy(run)
            results = invocation.results
            if prints_drift:
                results = _DriftPrinter(results, policy)
            if options.junit is None:
                return _verify(run, options, policy, results, invocation)
            return _verify_with_junit(run, options, policy, results, invocation)


def _check_junit(options: VerifyOptions) -> None:
    if options.junit is None:
        return
    check_report_files({"--junit": options.junit}, options.source, options.access.accounts)
    if options.results and Path(options.results).absolute() == Path(options.junit).absolute():
        raise UsageError("--results and --junit name the same file; use two files")


def _verify_with_junit(
    run: RunFile,
    options: VerifyOptions,
    policy: Verify,
    results: Results,
    invocation: Invocation,
) -> Summary:
    """Verifies a run, and writes a JUnit file of what was found, also if it stops early."""
    from bulkeic.app.report.junit_results import (  # noqa: PLC0415 - only --junit needs it
        JUnitResults,
        not_compared_case,
    )
    from bulkeic.core.report.junit_case import junit_case  # noqa: PLC0415 - as above
    from bulkeic.output.report.junit_file import JUnitFile  # noqa: PLC0415 - as above

    with JUnitFile(rfc3339(time.time())) as file:
        results = JUnitResults(results, policy, file)
        summary = _verify(run, options, policy, results, invocation)
        try:
            if any(map(_is_skipped, run.counts.tallies())):
                stored = run.outcomes(only_chosen=True)
                file.add(junit_case(each) for each in stored if _has_no_goal(each))
            if summary.pending:
                file.add([not_compared_case(summary.pending)])
            write_new_file("--junit", str(options.junit), file.pieces())
        except (BulkeicError, OSError) as error:
            invocation.console.print(f"bulkeic: {error}; the lines above are the summary")
            return msgspec.structs.replace(summary, exit_code=ExitCode.STOPPED)
    return summary


def _verify(
    run: RunFile,
    options: VerifyOptions,
    policy: Verify,
    results: Results,
    invocation: Invocation,
) -> Summary:
    skipped = [tally for tally in run.counts.tallies() if _is_skipped(tally)]
    with invocation.watchers.watching(run, "verify", skipped):
        return _compare(run, options, policy, results, invocation, skipped=skipped)


def _compare(
    run: RunFile,
    options: VerifyOptions,
    policy: Verify,
    results: Results,
    invocation: Invocation,
    *,
    skipped: list[Tally],
) -> Summary:
    found = OutcomeTally(MORE_EXAMPLES if options.verbose else 0)

    async def compare(session: RunSession) -> None:
        await session.work_through(
            RunFeed(run, JobFilter.EVERY), policy, found, results, "verifying"
        )

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
    commands = _next_commands(options, code)
    errors = error_groups(
        summary, found.examples, creates_missing=False, more_examples=found.more_examples
    )
    invocation.print_result(partial(summary_lines, summary, errors), (), stopped, commands)
    summary = msgspec.structs.replace(summary, next=commands, stopped=stopped)
    invocation.announce_end(run, summary, stopped)
    return summary


def _next_commands(options: VerifyOptions, code: ExitCode) -> dict[str, str]:
    """The next step: again if not every target could be read, else what ends the drift."""
    if code == ExitCode.OK or options.source == STDIN:
        return {}
    if has_run_file(options):
        flags = {**flags_of(options), **selection_flags(options.selection)}
        command = next_command("verify", options.source, flags)
        return {} if code == ExitCode.DRIFT else {"verify": command}
    step = "apply" if code == ExitCode.DRIFT else "verify"
    return {step: targets_command(step, options)}


def _is_skipped(tally: Tally) -> bool:
    """Whether targets have nothing to be compared with."""
    return tally.lane is None or tally.error_code == NO_BEFORE_IMAGE


def _has_no_goal(outcome: Outcome) -> bool:
    """As ``_is_skipped``, of one target."""
    return outcome.target is None or outcome.error_code == NO_BEFORE_IMAGE


def _all_lanes(lanes: dict[Lane, int], skipped: list[Tally]) -> dict[Lane, int]:
    """The number of each lane's targets, those included that are not compared."""
    counts = Counter(lanes)
    for tally in skipped:
        if tally.lane is not None:
            counts[tally.lane] += tally.count
    return dict(counts)


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
        return self._printer.text(outcome.target, str(outcome.source), current, goal)
