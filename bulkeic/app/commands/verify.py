"""``bulkeic verify``: every target read and compared with what is wanted; nothing is written."""

import sys
from collections.abc import Iterable

from bulkeic.app.run.invocation import begin, exit_with, results_of, screen_of, with_exit_code
from bulkeic.app.run.outcome_tally import OutcomeTally
from bulkeic.app.run.run_feed import RunFeed
from bulkeic.app.run.session import RunSession
from bulkeic.app.setup.account_resolver import AccountResolver
from bulkeic.app.setup.options import VerifyOptions
from bulkeic.app.setup.run_setup import opened, verify_policy
from bulkeic.core.model import Outcome, Settings
from bulkeic.core.policy import Verify
from bulkeic.core.reconcile import DRIFTED
from bulkeic.core.snapshot import goal_snapshot, snapshot_of
from bulkeic.core.summary import Summary, summarize, verify_exit_code
from bulkeic.output.console import Console, summary_lines
from bulkeic.output.diff import DiffPrinter
from bulkeic.output.results import STDOUT, Results, check_stdout
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile


def verify(options: VerifyOptions) -> int:
    """Compares the targets of a targets file, or of a run file, with what is wanted of them.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: nothing was read, for the reason that it tells.
    """
    screen = screen_of(options)
    results = results_of(options)
    try:
        if options.output == "text" and options.results != STDOUT:
            check_stdout()
            results = _Drift(results)
        reach = AccountResolver(options.access, options.timeout_s, sandbox=options.sandbox)
        with opened(options, reach, screen) as run:
            summary = _verify(run, options, reach, results, screen)
    finally:
        results.close()
    return exit_with(summary, options, screen)


def _verify(
    run: RunFile, options: VerifyOptions, reach: AccountResolver, results: Results, screen: Console
) -> Summary:
    found = OutcomeTally()
    rules = verify_policy(run)
    if isinstance(results, _Drift):
        results.rules = rules

    async def compare(session: RunSession) -> None:
        await session.drain(RunFeed(run, JobFilter.EVERY), rules, found, results, "verifying")

    lanes = run.jobs.lanes(JobFilter.EVERY)
    stopped = begin(
        run,
        options,
        reach.accounts,
        compare,
        results=results,
        screen=screen,
        idle=not lanes,
        known=(),
    )
    invalid = [tally for tally in run.tallies() if tally.lane is None]
    summary = summarize(
        [*found.tallies(), *invalid],
        run=options.source,
        targets=sum(lanes.values()) + sum(tally.count for tally in invalid),
        lanes=lanes,
        traffic=found.traffic,
    )
    code = verify_exit_code(summary, stopped=stopped is not None)
    summary = with_exit_code(summary, code, stopped)
    for line in summary_lines(summary, found.examples):
        screen.say(line)
    if stopped is not None:
        screen.say(f"stopped: {stopped}")
    return summary


class _Drift:
    """Results that go where they were to go, and targets that have drifted to stdout, too."""

    def __init__(self, results: Results) -> None:
        self.rules = Verify()
        self._results = results
        self._printer = DiffPrinter()

    @property
    def place(self) -> str:
        """See ``Results``."""
        return self._results.place

    def begin(self, known: Iterable[Outcome], *, anew: bool) -> None:
        """See ``Results``."""
        self._results.begin(known, anew=anew)

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Adds outcomes.

        Raises:
            OSError: they cannot be written.
        """
        outcomes = list(outcomes)
        self._results.write(outcomes)
        for outcome in outcomes:
            if outcome.error_code == DRIFTED:
                self._show(outcome)
        sys.stdout.flush()

    def close(self) -> None:
        """Gives the file free."""
        self._results.close()

    def _show(self, outcome: Outcome) -> None:
        image = snapshot_of(outcome.config)
        settings = Settings.from_api(outcome.settings or {})
        assert outcome.target is not None  # noqa: S101 - it was read
        goal = goal_snapshot(settings, image, self.rules)
        self._printer.show(outcome.target, str(outcome.source), image, goal)
