"""Outcomes as a JUnit file: of a verification as they come, of a run as they are stored."""

from collections.abc import Iterable, Iterator

from bulkeic.core.change.policy import Verify
from bulkeic.core.change.reconcile import DRIFTED
from bulkeic.core.change.snapshot import drift_of
from bulkeic.core.model import Outcome
from bulkeic.core.report.junit_case import CaseResult, JUnitCase, junit_case, pending_case
from bulkeic.output.diff import diff_lines
from bulkeic.output.files.results import ForwardedResults, Results
from bulkeic.output.formatting import counted
from bulkeic.output.report.junit_file import JUnitFile
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile


class JUnitResults(ForwardedResults):
    """``Results`` that are also test cases, each drifted target with its differences.

    Args:
        results: get all outcomes.
        policy: of the verification.
        file: gets the test cases.
    """

    def __init__(self, results: Results, policy: Verify, file: JUnitFile) -> None:
        super().__init__(results)
        self._policy = policy
        self._file = file

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Writes outcomes, and adds their test cases.

        Raises:
            OSError: they cannot be written.
        """
        outcomes = list(outcomes)
        super().write(outcomes)
        self._file.add(map(self._case, outcomes))

    def _case(self, outcome: Outcome) -> JUnitCase:
        if outcome.error_code != DRIFTED:
            return junit_case(outcome)
        return junit_case(outcome, diff_lines(*drift_of(outcome, self._policy)))


def run_cases(run: RunFile) -> Iterator[JUnitCase]:
    """The test cases of a run: its selected outcomes and pending jobs. A stream."""
    yield from map(junit_case, run.outcomes(only_chosen=True))
    yield from map(pending_case, run.jobs.in_file_order(JobFilter.PENDING))


def not_compared_case(targets: int) -> JUnitCase:
    """The test case of targets that a verification did not read, because it stopped."""
    return JUnitCase(
        None,
        "targets that were not compared",
        CaseResult.ERROR,
        kind="Stopped",
        message=f"the verification stopped early; {counted(targets, 'target')} not compared",
    )
