"""A rate that finds what the server allows, and leaves some of it to others.

- It starts below Lambda's documented quota (15 calls a second for each account and Region), by the
  headroom.
- It holds for a while. Then it climbs, doubling every ``DOUBLE_S`` seconds, until a call is
  throttled. It climbs only while the lane uses it: unused rate proves nothing.
- A throttle means that the server's token bucket is empty. The limit is therefore the number of
  calls that passed between two throttles, divided by the time between them. The rate drops to that
  limit less the headroom and holds for ``HOLD_S`` seconds before it climbs again.
- A throttle measures no limit if it follows the last one too soon, or so late that other users of
  the quota may have changed. Then the rate is cut, and soon climbs again.
- When others use a part of the quota, fewer calls pass between two throttles. The rate follows
  down to what they leave, less the headroom.
"""

import math

from bulkeic.core.pacing.aimd import CUT

QUOTA = 15.0
"""Lambda's control-plane calls a second for each account and Region."""

DOUBLE_S = 15.0
FIRST_HOLD_S = 5.0
SHORT_HOLD_S = 2.0
HOLD_S = 60.0
SHORTEST_S = 1.0
"""A shorter time between two throttles measures no limit."""

STALE_S = 30.0
"""A longer time between two throttles measures no limit."""

ENOUGH = 5
"""Calls that must pass between two throttles to measure a limit."""

CLIMB_EVERY_S = 1.0
USED = 0.7
"""Part of the rate that the lane must use before the rate climbs."""

SLOWEST = 0.2
FASTEST = 10_000.0


class AdaptiveRate:
    """The rate of one lane, measured. It implements ``PacingStrategy``.

    Args:
        headroom: part of the limit that is left to others, 0 to less than 1.
        now: seconds.
    """

    __slots__ = (
        "_climbed_at", "_cut_at", "_empty_at", "_headroom", "_hold_until", "_passed", "_rate",
        "_used",
    )  # fmt: skip

    def __init__(self, headroom: float, now: float) -> None:
        self._headroom = headroom
        self._rate = QUOTA * (1 - headroom)
        self._hold_until = now + FIRST_HOLD_S
        self._cut_at = -math.inf
        self._empty_at = -math.inf
        self._passed = 0
        self._climbed_at = now
        self._used = 0

    def rate(self, _now: float) -> float:
        """Calls a second at this moment."""
        return self._rate

    def passed(self, now: float) -> None:
        """Record a call that was not throttled, whether it succeeded or not."""
        self._passed += 1
        self._used += 1
        span = now - self._climbed_at
        if span < CLIMB_EVERY_S:
            return
        if now > self._hold_until and self._used >= USED * self._rate * span:
            doublings = min(1.0, span / DOUBLE_S)
            self._rate = min(FASTEST, self._rate * math.exp2(doublings))
        self._climbed_at, self._used = now, 0

    def throttled(self, sent_at: float, now: float) -> bool:
        """Record a throttle.

        Args:
            sent_at: when the throttled call was sent, seconds.
            now: when its answer arrived.

        Returns:
            Whether the rate changed. A call that was sent before the last change does not count.
        """
        if sent_at <= self._cut_at:
            return False
        self._cut_at = now
        elapsed = now - self._empty_at
        enough = elapsed >= SHORTEST_S and self._passed >= ENOUGH
        if enough and elapsed <= STALE_S:
            limit = min(self._rate, self._passed / elapsed)
            self._slow_to(limit * (1 - self._headroom), now + HOLD_S)
        else:
            self._slow_to(self._rate * CUT, now + SHORT_HOLD_S)
        if enough or elapsed > STALE_S:
            self._empty_at, self._passed = now, 0
        return True

    def _slow_to(self, rate: float, hold_until: float) -> None:
        self._rate = max(SLOWEST, rate)
        self._hold_until = hold_until
