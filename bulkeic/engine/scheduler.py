"""Which lane goes next: the one whose call has been due for the longest."""

import heapq
import math

from bulkeic.engine.active_job import ActiveJob
from bulkeic.engine.lane_runtime import LaneRuntime


class Scheduler:
    """All lanes in the order in which their next calls are due. Time is an argument, in seconds."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, LaneRuntime]] = []
        self._order = 0

    def update(self, lane: LaneRuntime, now: float) -> None:
        """Looks again when a lane's next call is due, after anything has happened to the lane."""
        due = lane.find_due(now)
        if due == lane.due:
            return
        lane.due = due
        if due < math.inf:
            self._order += 1
            heapq.heappush(self._heap, (due, self._order, lane))

    def next_due(self) -> float:
        """When the next call of any lane is due; ``inf``: not before something happens."""
        heap = self._heap
        while heap and heap[0][0] != heap[0][2].due:
            heapq.heappop(heap)
        return heap[0][0] if heap else math.inf

    def take(self, now: float) -> ActiveJob | None:
        """The next work that is due, or ``None``."""
        while self.next_due() <= now:
            lane = heapq.heappop(self._heap)[2]
            lane.due = math.inf
            if lane.find_due(now) <= now:
                work = lane.take(now)
                self.update(lane, now)
                return work
            self.update(lane, now)
        return None
