"""A rate that finds what the server lets through, and leaves some of it to others.

- It begins below Lambda's documented quota (15 calls a second for each account and Region), by the
  headroom.
- Undisturbed for a while it climbs, doubling every ``DOUBLE_S`` seconds, until a call is throttled.
- A throttle means that the server's bucket is empty. Between two throttles the server has therefore
  let through exactly what it had for us: the calls that got through ÷ the time between. That is the
  limit, and the rate goes to the limit less the headroom, and stays there for ``HOLD_S`` seconds
  before it climbs again to look.
- The first throttle after a long time tells less, for what was found before may hold no more:
  somebody else has come. The rate is cut, and climbs again soon.
- When others who share the quota take a part of it, what gets through in between shrinks, and the
  rate follows it down to what they leave, less the headroom.
"""

import math

from bulkeic.core.pace import CUT

QUOTA = 15.0
"""Lambda's control-plane calls a second for each account and Region."""

DOUBLE_S = 15.0
FIRST_HOLD_S = 5.0
SHORT_HOLD_S = 2.0
HOLD_S = 60.0
STALE_S = 10.0
_SHORTEST_S = 0.25
_SLOWEST = 0.2
_FASTEST = 10_000.0


class AutoPace:
    """The rate of one lane, found out.

    Args:
        headroom: part of the limit that is left to others, 0 to less than 1.
        now: seconds.
    """

    __slots__ = ("_base", "_cut_at", "_headroom", "_hold_until", "_passed")

    def __init__(self, headroom: float, now: float) -> None:
        self._headroom = headroom
        self._base = QUOTA * (1 - headroom)
        self._hold_until = now + FIRST_HOLD_S
        self._cut_at = -math.inf
        self._passed = 0

    def rate(self, now: float) -> float:
        """Calls a second that are right at this moment."""
        if now <= self._hold_until:
            return self._base
        # The exponent is bounded: a lane may be left alone for days.
        doublings = min((now - self._hold_until) / DOUBLE_S, 20.0)
        return min(_FASTEST, self._base * math.exp2(doublings))

    def passed(self) -> None:
        """Takes note of a call that was let through, whatever else became of it."""
        self._passed += 1

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
        rate, elapsed = self.rate(now), now - self._cut_at
        if elapsed > STALE_S or elapsed < _SHORTEST_S:
            self._base = max(_SLOWEST, rate * CUT)
            self._hold_until = now + SHORT_HOLD_S
        else:
            limit = min(rate, self._passed / elapsed)
            self._base = max(_SLOWEST, limit * (1 - self._headroom))
            self._hold_until = now + HOLD_S
        self._cut_at = now
        self._passed = 0
        return True
