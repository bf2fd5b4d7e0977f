"""Denied jobs, kept back until it is known whether it is them or their lane that is denied.

A job that may not be changed fails; a lane in which nothing may be changed stops, and its jobs
stay pending for the day on which somebody has mended the permission.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bulkeic.core.model import Outcome

if TYPE_CHECKING:
    from bulkeic.engine.lane_runtime import LaneRuntime

IN_A_ROW = "jobs in a row were denied"
"""What the reason for which such a lane stops has in it."""


class Denials:
    """The jobs of each lane that were denied one after another.

    Args:
        most: jobs in a row after which a lane counts as denied; 0: any number.
    """

    def __init__(self, most: int) -> None:
        self.held = 0
        self._most = most
        self._in_a_row: dict[LaneRuntime, int] = {}
        self._outcomes: dict[LaneRuntime, list[Outcome]] = {}

    def add(self, lane: "LaneRuntime", outcome: Outcome) -> bool:
        """Keeps a denied job's outcome back: whether its lane is denied as a whole."""
        self.held += 1
        self._outcomes.setdefault(lane, []).append(outcome)
        in_a_row = self._in_a_row[lane] = self._in_a_row.get(lane, 0) + 1
        return in_a_row == self._most

    def passed(self, lane: "LaneRuntime") -> Sequence[Outcome]:
        """Takes note of a job that was not denied: the outcomes that need not be kept back now."""
        if not self._in_a_row:
            return ()
        self._in_a_row.pop(lane, None)
        return self.take(lane)

    def take(self, lane: "LaneRuntime") -> Sequence[Outcome]:
        """What was kept back of a lane; it is no more."""
        outcomes = self._outcomes.pop(lane, ())
        self.held -= len(outcomes)
        return outcomes

    def are_all(self, lane: "LaneRuntime") -> bool:
        """Whether no other job of a lane is left, to tell more."""
        return len(self._outcomes.get(lane, ())) == lane.left

    def lanes(self) -> "list[LaneRuntime]":
        """The lanes of which something is kept back."""
        return list(self._outcomes)
