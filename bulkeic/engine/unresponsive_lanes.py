"""Places that lanes without answers share, so that they leave the others most of them.

A lane that has not been called before goes first: it takes a place even when none is free, and
those whose last call was not answered wait until there is one again.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bulkeic.engine.lane_runtime import LaneRuntime

_SHARE = 4


class UnresponsiveLanes:
    """Counts the calls of lanes that have not answered yet, or not the last time.

    Args:
        concurrency: calls in flight at most, over all lanes; a quarter of it is for these.
    """

    def __init__(self, concurrency: int) -> None:
        self._free = max(1, concurrency // _SHARE)
        self._waiting: dict[LaneRuntime, None] = {}

    def has_place(self, lane: "LaneRuntime") -> bool:
        """Whether there is a place; if not, the lane is one of those that wait for it."""
        if self._free > 0:
            return True
        self._waiting[lane] = None
        return False

    def take(self) -> None:
        """Takes a place, there or not."""
        self._free -= 1

    def give_back(self) -> None:
        """Frees a place."""
        self._free += 1

    def next_waiting(self) -> "LaneRuntime | None":
        """The lane that has waited for a place that is there for the longest; it waits no more."""
        if self._free <= 0 or not self._waiting:
            return None
        lane = next(iter(self._waiting))
        del self._waiting[lane]
        return lane
