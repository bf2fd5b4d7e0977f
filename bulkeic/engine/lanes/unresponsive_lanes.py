"""Caps the calls of unresponsive lanes at a quarter of the concurrency.

A lane is unresponsive while its last call was not answered. A lane that was never called may always
make its first call, and that call counts too.
"""

from bulkeic.core.model import Lane

_SHARE = 4


class UnresponsiveLanes:
    """Counts the calls in flight of lanes that have not answered yet, or not the last time.

    Args:
        concurrency: the maximum of calls in flight, over all lanes.
    """

    def __init__(self, concurrency: int) -> None:
        self._free = max(1, concurrency // _SHARE)
        self._waiting: dict[Lane, None] = {}

    def admits(self, lane: Lane) -> bool:
        """Whether an unresponsive lane may make a call now; if not, it joins those that wait."""
        if self._free > 0:
            return True
        self._waiting[lane] = None
        return False

    def start_call(self) -> None:
        """Count a call, even one above the cap."""
        self._free -= 1

    def end_call(self) -> None:
        """Count the end of a call."""
        self._free += 1

    def next_admitted(self) -> Lane | None:
        """Remove and return the lane that waits longest, if it may make a call now."""
        if self._free <= 0 or not self._waiting:
            return None
        lane = next(iter(self._waiting))
        del self._waiting[lane]
        return lane
