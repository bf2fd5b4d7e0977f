"""Chooses the next call: the one that has been due longest, over all lanes."""

import heapq
import math

from bulkeic.engine.active_job import ActiveJob
from bulkeic.engine.lanes.lane_runtime import LaneRuntime


class LaneSchedule:
    """All lanes, sorted by when their next call is due. Times are the clock's seconds."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, LaneRuntime]] = []
        self._order = 0

    def update(self, lane: LaneRuntime, now: float) -> None:
        """Find again when a lane's next call is due. Call this after any change to the lane."""
        due = lane.find_due(now)
        if due != lane.due:
            self._set_due(lane, due)

    def next_due(self) -> float:
        """When the next call of any lane is due; ``inf``: not before something happens."""
        heap = self._heap
        while heap and heap[0][0] != heap[0][2].due:
            heapq.heappop(heap)
        return heap[0][0] if heap else math.inf

    def take(self, now: float, *, update: bool) -> tuple[LaneRuntime, ActiveJob] | None:
        """Take the next job that is due, with its lane; ``None``: no job is due.

        Args:
            now: the time.
            update: find now when the lane's following call is due. Otherwise the lane counts as
                due, behind the others, until the next ``take`` looks at it.
        """
        while self.next_due() <= now:
            lane = heapq.heappop(self._heap)[2]
            due = lane.find_due(now)
            if due > now:
                self._set_due(lane, due)
                continue
            active = lane.start_next(now)
            self._set_due(lane, lane.find_due(now) if update else now)
            return lane, active
        return None

    def _set_due(self, lane: LaneRuntime, due: float) -> None:
        lane.due = due
        if due < math.inf:
            self._order += 1
            heapq.heappush(self._heap, (due, self._order, lane))
