"""A fold over outcomes: what a run came to, in numbers."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from bulkeic.core.model import Lane, Status


class Tally(msgspec.Struct, frozen=True):
    """So many outcomes of one kind: the unit that a summary is folded from."""

    lane: Lane | None
    status: Status
    error_code: str | None
    count: int


class Traffic(msgspec.Struct):
    """What was sent, attempt by attempt, finished jobs or not."""

    calls: int = 0
    throttles: int = 0
    conflicts: int = 0
    retries: int = 0
    elapsed_s: float = 0.0


class Summary(msgspec.Struct, frozen=True):
    """A run in numbers; ``--output json`` prints it.

    Attributes:
        run: the run file's path.
        statuses: count by status, every status named.
        elapsed_s: seconds, all sessions of the run together.
        errors: count by error code, most frequent first.
    """

    run: str
    targets: int
    statuses: dict[str, int]
    pending: int
    traffic: Traffic
    lanes: int
    errors: dict[str, int]
    exit_code: int

    @property
    def targets_per_s(self) -> float:
        """Outcomes a second over the elapsed time; invalid rows were never sent."""
        sent = sum(self.statuses.values()) - self.statuses[Status.INVALID]
        return sent / self.traffic.elapsed_s if self.traffic.elapsed_s > 0 else 0.0

    def to_json(self) -> dict[str, object]:
        """The summary's fields as the command line prints them, flat."""
        return {
            "run": self.run,
            "targets": self.targets,
            **self.statuses,
            "pending": self.pending,
            "calls": self.traffic.calls,
            "throttles": self.traffic.throttles,
            "conflicts": self.traffic.conflicts,
            "retries": self.traffic.retries,
            "elapsed_s": round(self.traffic.elapsed_s, 3),
            "targets_per_s": round(self.targets_per_s, 3),
            "lanes": self.lanes,
            "errors": self.errors,
            "exit_code": self.exit_code,
        }


def summarise(
    tallies: Iterable[Tally],
    *,
    run: str,
    targets: int,
    lanes: int,
    traffic: Traffic,
    stopped: bool = False,
) -> Summary:
    """Folds tallies into a summary.

    Args:
        tallies: in any order; counts of the same kind add up.
        run: the run file's path.
        targets: jobs in all, with those that have no outcome.
        lanes: accounts and Regions in all.
        traffic: what was sent.
        stopped: whether trouble ended the run, so that something may be missing.
    """
    statuses = Counter({status.value: 0 for status in Status})
    errors: Counter[str] = Counter()
    for tally in tallies:
        statuses[tally.status] += tally.count
        if tally.error_code is not None:
            errors[tally.error_code] += tally.count
    pending = targets - sum(statuses.values())
    return Summary(
        run=run,
        targets=targets,
        statuses=dict(statuses),
        pending=pending,
        traffic=traffic,
        lanes=lanes,
        errors=dict(sorted(errors.items(), key=lambda item: (-item[1], item[0]))),
        exit_code=exit_code_of(statuses, pending=pending, stopped=stopped),
    )


def exit_code_of(statuses: Counter[str], *, pending: int, stopped: bool) -> int:
    """The command's exit code.

    =================================  ===
    jobs are pending, or it was ended  3
    some failed or are invalid         1
    else                               0
    =================================  ===
    """
    if pending or stopped:
        return 3
    return 1 if statuses[Status.FAILED] or statuses[Status.INVALID] else 0
