"""A run in counts by place: by lane, by account and by Region."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

import msgspec

from bulkeic.core.model import NOT_DONE, Lane, Status
from bulkeic.core.summary import ActionCount, Tally

_Key = TypeVar("_Key", bound=Hashable)


_NO_OUTCOMES = {status.value: 0 for status in Status}


class PlaceCounts(msgspec.Struct):
    """The jobs of one place in numbers. Invalid rows have no place.

    Attributes:
        lanes: number of its lanes.
        targets: number of its jobs.
        statuses: number of outcomes by status, for every status.
        errors: number of outcomes by error code, most frequent first.
        needs: number of targets by what they need (``Action``), as a plan has read them.
        throttles: total of its outcomes.
        first_at: when its first job started, RFC 3339; ``None``: none was sent.
        last_at: when its last job started, RFC 3339.
    """

    lanes: int = 0
    targets: int = 0
    statuses: dict[str, int] = msgspec.field(default_factory=_NO_OUTCOMES.copy)
    errors: dict[str, int] = {}
    needs: dict[str, int] = {}
    throttles: int = 0
    first_at: str | None = None
    last_at: str | None = None

    @property
    def done(self) -> int:
        """Jobs with an outcome."""
        return sum(self.statuses.values())

    @property
    def pending(self) -> int:
        """Jobs without an outcome."""
        return self.targets - self.done

    @property
    def not_done(self) -> int:
        """Jobs that failed, or whose outcome is unknown."""
        return sum(self.statuses[status] for status in NOT_DONE)

    def add(self, tally: Tally) -> None:
        """Adds outcomes."""
        self.statuses[tally.status] += tally.count
        self.throttles += tally.throttles
        if tally.error_code is not None:
            self.errors[tally.error_code] = self.errors.get(tally.error_code, 0) + tally.count
        if tally.first_at is not None:
            self.first_at = min(self.first_at or tally.first_at, tally.first_at)
        if tally.last_at is not None:
            self.last_at = max(self.last_at or tally.last_at, tally.last_at)


def counts_by(
    key: Callable[[Lane], _Key],
    lanes: Mapping[Lane, int],
    tallies: Iterable[Tally],
    needs: Iterable[ActionCount] = (),
) -> dict[_Key, PlaceCounts]:
    """Folds counts by lane into counts by place, in the order of the places.

    Args:
        key: the place of a lane.
        lanes: every lane with its number of jobs.
        tallies: outcomes, in any order; equal kinds add up.
        needs: what the targets need that a plan has read.
    """
    found: dict[_Key, PlaceCounts] = {}
    for lane in sorted(lanes):
        counts = found.setdefault(key(lane), PlaceCounts())
        counts.lanes += 1
        counts.targets += lanes[lane]
    for tally in tallies:
        if tally.lane is not None:
            found[key(tally.lane)].add(tally)
    for need in needs:
        of_place = found[key(need.lane)].needs
        of_place[need.action.value] = of_place.get(need.action.value, 0) + need.count
    for counts in found.values():
        counts.errors = by_frequency(counts.errors)
    return found


def by_frequency(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts with the greatest first, equal ones by name."""
    return dict(sorted(Counter(counts).items(), key=lambda item: (-item[1], item[0])))
