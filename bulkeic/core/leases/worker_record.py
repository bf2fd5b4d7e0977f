"""What a worker process has done in a session, and whether it was lost."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec


class WorkerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A worker in one session of a run. Times are RFC 3339, UTC, of the command's clock.

    Attributes:
        session: number of the session in its run, from 1; 0: the session is not stored.
        worker: its number in the session, from 1.
        name: for people.
        lanes: that it holds, or held when it was lost.
        targets: jobs that it has finished; the verification of waves adds none.
        calls: that it has sent.
        throttles: of them, those that were throttled.
        first_heard_at: when it was ready.
        last_heard_at: when its last message arrived.
        lost: how it was lost, for people; ``None``: it was not.
    """

    session: int
    worker: int
    name: str
    lanes: int
    targets: int
    calls: int
    throttles: int
    first_heard_at: str
    last_heard_at: str
    lost: str | None = None

    @property
    def calls_per_s(self) -> float:
        """Calls a second from its first to its last message."""
        seconds = _unix_time(self.last_heard_at) - _unix_time(self.first_heard_at)
        return self.calls / seconds if seconds > 0 else 0.0


def _unix_time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class TeamTotals(msgspec.Struct, frozen=True):
    """The workers of one session together; see ``WorkerRecord``."""

    workers: int
    lanes: int
    targets: int
    calls: int
    calls_per_s: float
    throttles: int


def team_totals(records: Sequence[WorkerRecord]) -> TeamTotals:
    """Adds up the workers of a session; the lanes of lost ones are those of others now."""
    return TeamTotals(
        len(records),
        sum(each.lanes for each in records if each.lost is None),
        sum(each.targets for each in records),
        sum(each.calls for each in records),
        sum(each.calls_per_s for each in records),
        sum(each.throttles for each in records),
    )


def by_session(records: Iterable[WorkerRecord]) -> dict[int, list[WorkerRecord]]:
    """The workers of each session that had some."""
    found: dict[int, list[WorkerRecord]] = {}
    for each in records:
        found.setdefault(each.session, []).append(each)
    return found
