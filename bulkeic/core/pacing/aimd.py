"""How a lane's rate answers to throttles: cut at once, climb back with time.

- The rate never exceeds its ceiling, and never falls below a floor at which a lane still notices
  that the quota is free again.
- A throttle cuts the rate, but only once for all the calls that were under way at the cut: their
  answers say nothing about the new rate.
- After a cut the rate climbs in a straight line and is back at the ceiling after ``CLIMB_S``
  seconds at most.
"""

import math

CUT = 0.7
CLIMB_S = 20.0
FLOOR = 1 / 20


class AimdRate:
    """The rate of one lane.

    Args:
        ceiling: calls a second that are never exceeded; ``math.inf`` for no limit.
    """

    __slots__ = ("_base", "_cut_at", "ceiling")

    def __init__(self, ceiling: float) -> None:
        self.ceiling = ceiling
        self._base = ceiling
        self._cut_at = -math.inf

    def rate(self, now: float) -> float:
        """Calls a second that are right at this moment."""
        if self._base >= self.ceiling:
            return self.ceiling
        climbed = self._base + self.ceiling * (now - self._cut_at) / CLIMB_S
        return min(self.ceiling, climbed)

    def passed(self, now: float) -> None:
        """Takes note of a call that was let through: it tells nothing that is not known."""

    def throttled(self, sent_at: float, now: float) -> bool:
        """Takes note of a throttle.

        Args:
            sent_at: when the throttled call was sent, seconds.
            now: when its answer came.

        Returns:
            Whether the rate was cut; not so when the call was sent before the last cut.
        """
        if sent_at <= self._cut_at or math.isinf(self.ceiling):
            return False
        self._base = max(self.ceiling * FLOOR, self.rate(now) * CUT)
        self._cut_at = now
        return True
