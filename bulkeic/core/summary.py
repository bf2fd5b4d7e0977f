"""A run in numbers: folds counts of outcomes into a summary."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from bulkeic.core.change.reconcile import DRIFTED, Action
from bulkeic.core.code.ownership import ManagedTargets
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.model import NOT_DONE, Lane, Status
from bulkeic.core.rollout.halts import Halt


class Tally(msgspec.Struct, frozen=True):
    """The number of outcomes with one lane, status and error code.

    Attributes:
        lane: ``None``: invalid rows.
        throttles: total of these outcomes.
        first_at: when the first of their jobs started, RFC 3339; ``None``: none was sent.
        last_at: when the last of their jobs started, RFC 3339.
    """

    lane: Lane | None
    status: Status
    error_code: str | None
    count: int
    throttles: int = 0
    first_at: str | None = None
    last_at: str | None = None


class EarlierFailures(msgspec.Struct, frozen=True):
    """The number of failures with one error code that one retry made pending again.

    Attributes:
        retry: number of the retry, from 1.
        retried_at: when it began, RFC 3339.
        first_at: when the first of the failed jobs had started, RFC 3339; ``None``: none was sent.
        last_at: when the last of them had started, RFC 3339.
    """

    retry: int
    retried_at: str
    error_code: str | None
    count: int
    first_at: str | None
    last_at: str | None


class ActionCount(msgspec.Struct, frozen=True):
    """The number of a lane's targets that need one action, as far as reading them shows."""

    lane: Lane
    action: Action
    count: int


class LaneSummary(msgspec.Struct):
    """A lane of a run in numbers.

    Attributes:
        failed: its jobs that failed, or whose outcome is unknown.
        seconds: from the start of its first job to the start of its last one.
    """

    lane: Lane
    jobs: int
    done: int = 0
    failed: int = 0
    throttles: int = 0
    seconds: float = 0.0

    @property
    def pending(self) -> int:
        """Jobs without an outcome."""
        return self.jobs - self.done


class Traffic(msgspec.Struct):
    """Counts of all attempts, of finished and unfinished jobs."""

    calls: int = 0
    throttles: int = 0
    conflicts: int = 0
    retries: int = 0
    elapsed_s: float = 0.0


class SessionNumbers(msgspec.Struct, frozen=True):
    """What one session did.

    Attributes:
        targets: that got an outcome in it, or were planned.
        traffic: of it alone.
    """

    targets: int = 0
    traffic: Traffic = msgspec.field(default_factory=Traffic)

    @property
    def targets_per_s(self) -> float:
        """Targets a second over the elapsed time."""
        return self.targets / self.traffic.elapsed_s if self.traffic.elapsed_s > 0 else 0.0

    def to_json(self) -> dict[str, object]:
        """The fields of ``--output json``."""
        return {
            "calls": self.traffic.calls,
            "throttles": self.traffic.throttles,
            "conflicts": self.traffic.conflicts,
            "retries": self.traffic.retries,
            "elapsed_s": round(self.traffic.elapsed_s, 3),
            "targets_per_s": round(self.targets_per_s, 3),
        }


class Summary(msgspec.Struct, frozen=True):
    """A run in numbers; ``--output json`` prints it.

    Attributes:
        run: the run file's path.
        statuses: count by status, for every status.
        traffic: of all sessions.
        session: the session that has just ended; ``None``: the run as a whole.
        lanes: the lanes in numbers.
        errors: count by error code, most frequent first.
        needs: what the targets need that a plan has read.
        error_accounts: number of accounts by error code.
        next: the next steps, each with its command.
        can_be_rolled_back: whether every target that the run has changed or will change has a
            before-image; ``None``: it is not a run.
        left_out: number of targets that a selection left out, which no other number counts.
        halted: what the run did that stopped it; ``None``: it was not halted.
        rollback: of the run, which it did itself because it was halted.
        digest: of a complete plan.
        stopped: why the session stopped early; ``None``: it did not.
        managed: the targets by what manages them; ``None``: that was not looked for.
    """

    run: str
    targets: int
    statuses: dict[str, int]
    pending: int
    traffic: Traffic
    lanes: list[LaneSummary]
    errors: dict[str, int]
    exit_code: int
    needs: Sequence[ActionCount] = ()
    session: SessionNumbers | None = None
    error_accounts: Mapping[str, int] = msgspec.field(default_factory=dict)
    next: Mapping[str, str] = msgspec.field(default_factory=dict)
    can_be_rolled_back: bool | None = None
    left_out: int = 0
    halted: Halt | None = None
    rollback: "Summary | None" = None
    digest: str | None = None
    stopped: str | None = None
    managed: ManagedTargets | None = None

    @property
    def total(self) -> SessionNumbers:
        """All sessions together: outcomes without invalid rows, or the targets that were read."""
        done = sum(self.statuses.values()) - self.statuses[Status.INVALID]
        read = sum(need.count for need in self.needs)
        return SessionNumbers(max(done, read), self.traffic)

    def to_json(self) -> dict[str, object]:
        """The fields of ``--output json``."""
        return {
            "run": self.run,
            "targets": self.targets,
            **self.statuses,
            "pending": self.pending,
            "left_out": self.left_out,
            **(self.session or self.total).to_json(),
            "total": self.total.to_json(),
            "lanes": len(self.lanes),
            "errors": self.errors,
            "next": dict(self.next),
            **self._reversibility(),
            **self._halt(),
            "exit_code": self.exit_code,
            **({"plan": self.plan_counts()} if self.needs else {}),
            **({} if self.digest is None else {"digest": self.digest}),
            **({} if self.managed is None else {"managed": self.managed.counts()}),
        }

    def _reversibility(self) -> dict[str, bool]:
        known = self.can_be_rolled_back
        return {} if known is None else {"can_be_rolled_back": known}

    def _halt(self) -> dict[str, object]:
        found: dict[str, object] = {} if self.halted is None else {"halted": self.halted.value}
        return found if self.rollback is None else found | {"rollback": self.rollback.to_json()}

    def plan_counts(self) -> dict[str, int]:
        """The number of targets by what they need."""
        counts = {action.value: 0 for action in Action}
        for need in self.needs:
            counts[need.action] += need.count
        return counts


def summarize(
    tallies: Iterable[Tally],
    *,
    run: str,
    targets: int,
    lanes: Mapping[Lane, int],
    traffic: Traffic,
    session: SessionNumbers | None = None,
    stopped: bool = False,
    can_be_rolled_back: bool | None = None,
) -> Summary:
    """Folds tallies into a summary.

    Args:
        tallies: in any order; equal kinds add up.
        run: the run file's path.
        targets: number of jobs, pending ones included.
        lanes: number of jobs by lane.
        traffic: of all sessions.
        session: the session that has just ended.
        stopped: whether the run stopped early, so that outcomes may be missing.
        can_be_rolled_back: see ``Summary``.
    """
    tallies = list(tallies)
    statuses = Counter({status.value: 0 for status in Status})
    for tally in tallies:
        statuses[tally.status] += tally.count
    pending = targets - sum(statuses.values())
    return Summary(
        run=run,
        targets=targets,
        statuses=dict(statuses),
        pending=pending,
        traffic=traffic,
        lanes=_lane_summaries(tallies, lanes),
        errors=_errors_by_frequency(tallies),
        exit_code=exit_code_of(statuses, pending=pending, stopped=stopped),
        session=session,
        error_accounts=_error_accounts(tallies),
        can_be_rolled_back=can_be_rolled_back,
    )


def _errors_by_frequency(tallies: Iterable[Tally]) -> dict[str, int]:
    errors: Counter[str] = Counter()
    for tally in tallies:
        if tally.error_code:
            errors[tally.error_code] += tally.count
    return dict(sorted(errors.items(), key=lambda item: (-item[1], item[0])))


def _error_accounts(tallies: Iterable[Tally]) -> dict[str, int]:
    accounts: defaultdict[str, set[str]] = defaultdict(set)
    for tally in tallies:
        if tally.error_code is not None and tally.lane is not None:
            accounts[tally.error_code].add(tally.lane.account_id)
    return {code: len(accounts[code]) for code in sorted(accounts)}


def _lane_summaries(tallies: list[Tally], lanes: Mapping[Lane, int]) -> list[LaneSummary]:
    by_lane: dict[Lane, list[Tally]] = {lane: [] for lane in lanes}
    for tally in tallies:
        if tally.lane is not None:
            by_lane[tally.lane].append(tally)
    return [_lane_summary(lane, lanes[lane], found) for lane, found in by_lane.items()]


def _lane_summary(lane: Lane, jobs: int, tallies: list[Tally]) -> LaneSummary:
    started = [tally.first_at for tally in tallies if tally.first_at is not None]
    ended = [tally.last_at for tally in tallies if tally.last_at is not None]
    seconds = 0.0
    if started and ended:
        first, last = datetime.fromisoformat(min(started)), datetime.fromisoformat(max(ended))
        seconds = (last - first).total_seconds()
    return LaneSummary(
        lane,
        jobs,
        done=sum(tally.count for tally in tallies),
        failed=sum(tally.count for tally in tallies if tally.status in NOT_DONE),
        throttles=sum(tally.throttles for tally in tallies),
        seconds=seconds,
    )


def exit_code_of(statuses: Counter[str], *, pending: int, stopped: bool) -> ExitCode:
    """The command's exit code.

    =================================  ===
    jobs are pending, or it was ended  3
    some failed, are unknown or are    1
    invalid
    else                               0
    =================================  ===
    """
    if pending or stopped:
        return ExitCode.STOPPED
    is_failed = any(statuses[each] for each in (*NOT_DONE, Status.INVALID))
    return ExitCode.FAILED if is_failed else ExitCode.OK


def plan_exit_code(summary: Summary, *, stopped: bool, detailed: bool) -> ExitCode:
    """The exit code of a plan.

    ==========================================  ===
    it was ended, or not every target was read  3
    some targets failed or are invalid          1
    some are to be changed, and it is asked     4
    else                                        0
    ==========================================  ===
    """
    if stopped:
        return ExitCode.STOPPED
    if summary.statuses[Status.FAILED] or summary.statuses[Status.INVALID]:
        return ExitCode.FAILED
    return ExitCode.DRIFT if detailed and summary.pending else ExitCode.OK


def verify_exit_code(summary: Summary, *, stopped: bool) -> ExitCode:
    """The exit code of a verification.

    ============================================  ===
    it was ended, or not every target was read    3
    some could not be read, or are invalid        1
    some are not what they should be              4
    else                                          0
    ============================================  ===
    """
    if stopped or summary.pending:
        return ExitCode.STOPPED
    drifted = summary.errors.get(DRIFTED, 0)
    if summary.statuses[Status.INVALID] or summary.statuses[Status.FAILED] > drifted:
        return ExitCode.FAILED
    return ExitCode.DRIFT if drifted else ExitCode.OK
