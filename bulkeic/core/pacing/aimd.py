"""Additive increase, multiplicative decrease: a throttle cuts the rate, and time restores it.

- The rate never exceeds its ceiling. It never falls below a floor at which a lane still notices
  that the quota is free again.
- A throttle cuts the rate once for all calls that were in flight at the cut: their answers say
  nothing about the new rate.
- After a cut the rate climbs linearly, and reaches the ceiling after at most ``CLIMB_S`` seconds.
"""

import math

CUT = 0.7
CLIMB_S = 20.0
FLOOR = 1 / 20


class AimdRate:
    """The rate of one lane. It implements ``PacingStrategy``.

    Args:
        ceiling: calls a second that are never exceeded; ``math.inf`` for no limit.
    """

    __slots__ = ("_base", "_cut_at", "ceiling")

    def __init__(self, ceiling: float) -> None:
        self.ceiling = ceiling
        self._base = ceiling
        self._cut_at = -math.inf

    def rate(self, now: float) -> float:
        """Calls a second at this moment."""
        if self._base >= self.ceiling:
            return self.ceiling
        climbed = self._base + self.ceiling * (now - self._cut_at) / CLIMB_S
        return min(self.ceiling, climbed)

    def passed(self, now: float) -> None:
        """Do nothing: only time raises the rate."""

    def throttled(self, sent_at: float, now: float) -> bool:
        """Record a throttle.

        Args:
            sent_at: when the throttled call was sent, seconds.
            now: when its answer arrived.

        Returns:
            Whether the rate was cut. A call that was sent before the last cut does not count.
        """
        if sent_at <= self._cut_at or math.isinf(self.ceiling):
            return False
        self._base = max(self.ceiling * FLOOR, self.rate(now) * CUT)
        self._cut_at = now
        return True
