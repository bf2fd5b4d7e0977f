"""The numbers of a run while it works: outcomes add up, and the run file is not read again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import asdict, replace

from bulkeic.core.change.reconcile import Action, BeforeImage
from bulkeic.core.model import NOT_DONE, Job, Lane, Outcome, Status, rfc3339
from bulkeic.core.report.live_state import LiveState
from bulkeic.core.report.place_counts import counts_by
from bulkeic.core.report.run_end import SessionRecord
from bulkeic.core.report.run_report import RunReport, error_groups
from bulkeic.core.report.timeline import Timeline, unix_time
from bulkeic.core.report.timeline_tally import TimelineTally, empty_timeline
from bulkeic.core.summary import ActionCount, Tally, Traffic, summarize

_MOST_EXAMPLES = 50

_Kind = tuple[Lane | None, Status, str | None]


class _KindCount:
    """Outcomes of one kind; see ``Tally``."""

    __slots__ = ("first_at", "last_at", "number", "throttles")

    def __init__(self, start: Tally | None = None) -> None:
        self.number = 0 if start is None else start.count
        self.throttles = 0 if start is None else start.throttles
        self.first_at = None if start is None else start.first_at
        self.last_at = None if start is None else start.last_at


class RunNumbers(NamedTuple):
    """The numbers of a run at one moment.

    Attributes:
        start: the parts of the report without these numbers.
        tallies: the outcomes, counted by lane, status and error code.
        needs: what a plan has read.
        examples: an outcome of each error code.
        timeline: the run in time.
        traffic: of all sessions.
    """

    start: RunReport
    tallies: Sequence[Tally]
    needs: Sequence[ActionCount]
    examples: Mapping[str, Outcome]
    timeline: Timeline
    traffic: Traffic

    def report(self, now: float) -> RunReport:
        """The report of this moment.

        Args:
            now: Unix time in seconds.
        """
        start, tallies, needs = self.start, self.tallies, self.needs
        lanes = {lane: counts.targets for lane, counts in start.lanes.items()}
        summary = replace(
            summarize(
                tallies,
                run=start.summary.run,
                targets=start.summary.targets,
                lanes=lanes,
                traffic=self.traffic,
            ),
            needs=needs,
            next=start.summary.next,
            left_out=start.summary.left_out,
        )
        creates = start.create_missing
        return replace(
            start,
            reported_at=rfc3339(now),
            summary=summary,
            lanes=counts_by(lambda lane: lane, lanes, tallies, needs),
            accounts=counts_by(lambda lane: lane.account_id, lanes, tallies, needs),
            regions=counts_by(lambda lane: lane.region, lanes, tallies, needs),
            errors=error_groups(summary, self.examples, creates_missing=creates),
            timeline=self.timeline,
        )


class RunTally:
    """Counts outcomes in memory that grows with lanes and error codes only.

    Args:
        start: the report of the run before this command works on it, with its timeline.
        tallies: the outcomes that ``start`` counts.

    Attributes:
        start: as given; the parts without numbers may be replaced.
    """

    def __init__(self, start: RunReport, tallies: Sequence[Tally]) -> None:
        self.start = start
        self._counts: dict[_Kind, _KindCount] = {
            (each.lane, each.status, each.error_code): _KindCount(each) for each in tallies
        }
        self._needs = Counter(
            {(need.lane, need.action): need.count for need in start.summary.needs}
        )
        self._examples = dict(start.examples)
        self._timeline = TimelineTally(start.timeline or empty_timeline())
        self._before = start.summary.traffic
        self._traffic = Traffic()

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Counts outcomes."""
        for outcome in outcomes:
            target, code = outcome.target, outcome.error_code
            kind = (None if target is None else target.lane, outcome.status, code)
            count = self._counts.get(kind)
            if count is None:
                count = self._counts[kind] = _KindCount()
            count.number += 1
            count.throttles += outcome.throttles
            started_at = outcome.started_at
            if started_at is not None:
                if count.first_at is None or started_at < count.first_at:
                    count.first_at = started_at
                if count.last_at is None or started_at > count.last_at:
                    count.last_at = started_at
                self._add_to_timeline(outcome, started_at)
            if code is not None and len(self._examples) < _MOST_EXAMPLES:
                self._examples.setdefault(code, outcome)

    def _add_to_timeline(self, outcome: Outcome, started_at: str) -> None:
        started = unix_time(started_at)
        if started is not None:
            failed = outcome.status in NOT_DONE
            self._timeline.add(started, outcome.attempts, outcome.throttles, failed=failed)

    def add_reads(self, images: Sequence[tuple[Job, BeforeImage]], now: float) -> None:
        """Counts what a plan has read of targets.

        Args:
            images: by job.
            now: Unix time in seconds.
        """
        for job, image in images:
            self._needs[job.target.lane, Action(image.action)] += 1
            if image.is_pending:
                self._timeline.add(now, 1, 0, failed=False)

    def set_traffic(self, traffic: Traffic) -> None:
        """Replaces the traffic of the session that works."""
        self._traffic = traffic

    def end_session(self) -> None:
        """Adds the traffic of the session to that of all earlier ones."""
        self._before, self._traffic = self.traffic, Traffic()

    @property
    def traffic(self) -> Traffic:
        """The traffic of all sessions."""
        names = Traffic.__struct_fields__
        return Traffic(
            *(getattr(self._before, name) + getattr(self._traffic, name) for name in names)
        )

    def numbers(self) -> RunNumbers:
        """The numbers as they are now, which do not change any more."""
        tallies = [
            Tally(*kind, count.number, count.throttles, count.first_at, count.last_at)
            for kind, count in self._counts.items()
        ]
        needs = [ActionCount(*kind, count) for kind, count in self._needs.items()]
        examples, timeline = dict(self._examples), self._timeline.timeline()
        start = replace(self.start, sessions=self._sessions())
        return RunNumbers(start, tallies, needs, examples, timeline, self.traffic)

    def _sessions(self) -> Sequence[SessionRecord]:
        """The sessions; the one that works has the traffic of this moment."""
        sessions, now = self.start.sessions, self._traffic
        if not sessions or sessions[-1].ended is not None or not now.calls:
            return sessions
        last = replace(sessions[-1], ended=LiveState.WORKING.value, **asdict(now))
        return (*sessions[:-1], last)
