"""A rate that finds what the server lets through, and leaves some of it to others.

- It begins below Lambda's documented quota (15 calls a second for each account and Region), by the
  headroom.
- Undisturbed for a while it climbs, doubling every ``DOUBLE_S`` seconds, until a call is throttled;
  but only while it is made use of: what nobody tries says nothing.
- A throttle means that the server's bucket is empty. Between two throttles the server has therefore
  let through exactly what it had for us: the calls that got through / the time between. That is the
  limit, and the rate goes to the limit less the headroom, and stays there for ``HOLD_S`` seconds
  before it climbs again to look.
- A throttle that comes too soon after the last one to count anything, or so long after it that
  somebody else may have come since, tells less. The rate is cut, and climbs again soon.
- When others who share the quota take a part of it, what gets through in between shrinks, and the
  rate follows it down to what they leave, less the headroom.
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
STALE_S = 30.0
ENOUGH = 5
LOOK_S = 1.0
USED = 0.7
SLOWEST = 0.2
FASTEST = 10_000.0


class AdaptiveRate:
    """The rate of one lane, found out.

    Args:
        headroom: part of the limit that is left to others, 0 to less than 1.
        now: seconds.
    """

    __slots__ = (
        "_cut_at", "_empty_at", "_headroom", "_hold_until", "_looked_at", "_passed", "_rate",
        "_seen",
    )  # fmt: skip

    def __init__(self, headroom: float, now: float) -> None:
        self._headroom = headroom
        self._rate = QUOTA * (1 - headroom)
        self._hold_until = now + FIRST_HOLD_S
        self._cut_at = -math.inf
        self._empty_at = -math.inf
        self._passed = 0
        self._looked_at = now
        self._seen = 0

    def rate(self, _now: float) -> float:
        """Calls a second that are right at this moment."""
        return self._rate

    def passed(self, now: float) -> None:
        """Takes note of a call that was let through, whatever else became of it."""
        self._passed += 1
        self._seen += 1
        span = now - self._looked_at
        if span < LOOK_S:
            return
        if now > self._hold_until and self._seen >= USED * self._rate * span:
            doublings = min(1.0, span / DOUBLE_S)
            self._rate = min(FASTEST, self._rate * math.exp2(doublings))
        self._looked_at, self._seen = now, 0

    def throttled(self, sent_at: float, now: float) -> bool:
        """Takes note of a throttle.

        Args:
            sent_at: when the throttled call was sent, seconds.
            now: when its answer came.

        Returns:
            Whether the rate was changed; not so when the call was sent before the last change.
        """
        if sent_at <= self._cut_at:
            return False
        self._cut_at = now
        elapsed = now - self._empty_at
        counts = elapsed >= SHORTEST_S and self._passed >= ENOUGH
        if counts and elapsed <= STALE_S:
            limit = min(self._rate, self._passed / elapsed)
            self._slow_to(limit * (1 - self._headroom), now + HOLD_S)
        else:
            self._slow_to(self._rate * CUT, now + SHORT_HOLD_S)
        if counts or elapsed > STALE_S:
            self._empty_at, self._passed = now, 0
        return True

    def _slow_to(self, rate: float, hold_until: float) -> None:
        self._rate = max(SLOWEST, rate)
        self._hold_until = hold_until
