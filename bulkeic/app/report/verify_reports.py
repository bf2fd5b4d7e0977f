"""The files that ``verify`` writes about what it found: JUnit XML and Markdown."""

import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from os.path import realpath
from types import TracebackType
from typing import Self

import msgspec

from bulkeic.app.options.command_options import VerifyOptions
from bulkeic.app.report.junit_results import JUnitResults, not_compared_case
from bulkeic.app.report.report_files import check_report_files
from bulkeic.core.change.policy import Verify
from bulkeic.core.change.reconcile import DRIFTED
from bulkeic.core.errors import BulkeicError, UsageError
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.model import Outcome, rfc3339
from bulkeic.core.report.drifted_target import DriftSample
from bulkeic.core.report.junit_case import junit_case
from bulkeic.core.report.run_report import ErrorGroup
from bulkeic.core.rollout.rollback_guard import has_no_goal
from bulkeic.core.summary import Summary
from bulkeic.output.console import Console
from bulkeic.output.files.new_file import write_new_file
from bulkeic.output.files.results import ForwardedResults, Results
from bulkeic.output.report.drift_markdown import drift_markdown
from bulkeic.output.report.junit_file import JUnitFile
from bulkeic.store.run_file import RunFile

_MOST_TARGETS = 100


class VerifyReports:
    """Collects what a verification finds, and writes it, also if it stops early.

    A context manager.

    Args:
        options: of the command.

    Raises:
        UsageError: a file cannot be written, or is used for something else.
    """

    def __init__(self, options: VerifyOptions) -> None:
        files = {"--junit": options.junit, "--markdown": options.markdown}
        check_report_files(files, options.source, options.access.accounts, *options.code.files)
        for flag, path in files.items():
            if path and options.results and realpath(options.results) == realpath(path):
                raise UsageError(f"--results and {flag} name the same file; use two files")
        self._options = options
        self._stack = ExitStack()
        self._junit: JUnitFile | None = None
        self._drifted = DriftSample(_MOST_TARGETS)

    def __enter__(self) -> Self:
        if self._options.junit is not None:
            self._junit = self._stack.enter_context(JUnitFile(rfc3339(time.time())))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def collecting(self, results: Results, policy: Verify) -> Results:
        """Results that also go to the files."""
        if self._junit is not None:
            results = JUnitResults(results, policy, self._junit)
        if self._options.markdown is not None:
            results = _SampledResults(results, policy, self._drifted)
        return results

    def write(
        self, run: RunFile, summary: Summary, errors: Sequence[ErrorGroup], console: Console
    ) -> Summary:
        """Writes the files.

        Args:
            run: that was verified.
            summary: of the verification.
            errors: of the verification.
            console: prints why a file cannot be written.

        Returns:
            The summary, with another exit code if a file cannot be written.
        """
        try:
            if self._junit is not None:
                self._add_others(self._junit, run, summary)
                write_new_file("--junit", str(self._options.junit), self._junit.pieces())
            if self._options.markdown is not None:
                text = drift_markdown(summary, self._drifted.targets(), errors)
                write_new_file("--markdown", self._options.markdown, [text])
        except (BulkeicError, OSError) as error:
            console.print(f"bulkeic: {error}; the lines above are the summary")
            return msgspec.structs.replace(summary, exit_code=ExitCode.STOPPED)
        return summary

    @staticmethod
    def _add_others(file: JUnitFile, run: RunFile, summary: Summary) -> None:
        """Adds the targets that were not compared."""
        if any(has_no_goal(tally.lane, tally.error_code) for tally in run.counts.tallies()):
            stored = run.outcomes(only_chosen=True)
            file.add(
                junit_case(each) for each in stored if has_no_goal(each.target, each.error_code)
            )
        if summary.pending:
            file.add([not_compared_case(summary.pending)])


class _SampledResults(ForwardedResults):
    """``Results`` of which drifted targets are also sampled."""

    def __init__(self, results: Results, policy: Verify, sample: DriftSample) -> None:
        super().__init__(results)
        self._policy = policy
        self._sample = sample

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Writes outcomes, and samples those that drifted.

        Raises:
            OSError: they cannot be written.
        """
        outcomes = list(outcomes)
        super().write(outcomes)
        for outcome in outcomes:
            if outcome.error_code == DRIFTED:
                self._sample.add(outcome, self._policy)
