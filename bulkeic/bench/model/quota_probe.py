"""What a lane lets through, found out by calling it faster until it refuses.

- The rate climbs from ``FIRST_RATE``, doubling every ``DOUBLE_S`` seconds, until a call is refused.
- A refused call means that the bucket is empty at that moment. Between two refusals the server has
  therefore let through exactly what it gained: calls that got through / the time between is its
  rate. It is called ``OVER`` times as fast as it is known to take, so that refusals go on coming.
- The first refusal to count from is one that was sent after the first of all was known: what was
  under way until then is settled.
- From the last moment at which the bucket was full until it was empty, the server has let through
  its burst and what it gained. That moment is the one for which the most is left as burst.
- A bucket of less than ``SMALL`` is full between two calls, and loses what it gains then: it may
  gain up to ``LOST`` times what got through.
- ``ENOUGH`` calls in ``LEAST_S`` seconds are enough: a bucket tells its rate to the call. Then the
  search is over, and nothing more is to be sent. It is over after ``MOST_S`` seconds in any case,
  with a wider margin, and where more speed brings no more answers: then this machine or the
  server is the limit, not the quota.
"""

import math

from bulkeic.bench.model.measurements import LaneLimit
from bulkeic.core.pacing.aimd import CUT

FIRST_RATE = 10.0
DOUBLE_S = 1.0
FASTEST = 10_000.0
OVER = 1.25
CREEP = 1.1
LOOK_S = 0.5
LEAST_S = 4.0
MOST_S = 25.0
ENOUGH = 50
FEW = 5
JITTER_S = 0.05
SMALL = 2.0
LOST = 2.2
GROWTH = 1.3
_LOOKS = 3
_MOST_STEPS = 30.0
_TRACE_S = 0.01
_NONE = 1e-6


class QuotaProbe:
    """The search in one lane; the pace at which it is called meanwhile. Times are seconds.

    Args:
        now: when it begins.
    """

    def __init__(self, now: float) -> None:
        self.is_over = False
        self._begun_at = now
        self._first_at: float | None = None
        self._base = FIRST_RATE
        self._since = now
        self._refused_at: float | None = None
        self._anchor_at: float | None = None
        self._before_anchor = self._refused_before = 0
        self._passed = 0
        self._refused = 0
        self._counted: tuple[int, float] | None = None
        self._ended_at = now
        self._looked_at = now
        self._seen = 0
        self._looks: list[float] = []
        self._trace: list[tuple[float, int]] = []

    def rate(self, now: float) -> float:
        """Calls a second that are right at this moment; next to none when it is over."""
        if self.is_over:
            return _NONE
        steps = max(0.0, now - self._since)
        if self._refused_at is None:
            return min(FASTEST, self._base * math.exp2(min(steps / DOUBLE_S, _MOST_STEPS)))
        return min(FASTEST, self._base * math.pow(CREEP, min(steps / LOOK_S, _MOST_STEPS)))

    def passed(self, now: float) -> None:
        """Takes note of a call that was let through."""
        if self.is_over:
            return
        if self._first_at is None:
            self._first_at = self._since = self._looked_at = now
            self._trace.append((now, 0))
        if self._anchor_at is None and now - self._trace[-1][0] >= _TRACE_S:
            self._trace.append((now, self._passed))  # this call has not come to a full bucket yet
        self._passed += 1
        self._seen += 1
        if self._refused_at is None and now - self._looked_at >= LOOK_S:
            self._look(now)
        self._end_in_time(now)

    def throttled(self, sent_at: float, now: float) -> bool:
        """Takes note of a refused call.

        Args:
            sent_at: when it was sent.
            now: when its answer came.

        Returns:
            ``False``: the lane is not slowed down, but called as it has to be.
        """
        if self.is_over:
            return False
        self._refused += 1
        if self._refused_at is None:
            self._go(self.rate(now), now)
            self._refused_at = now
        elif self._anchor_at is not None:
            self._count(sent_at, self._anchor_at, now)
        elif sent_at > self._refused_at:
            self._anchor_at, self._before_anchor = now, self._passed
            self._refused_before = self._refused
        self._end_in_time(now)
        return False

    def limit(self) -> LaneLimit:
        """What was found, as far as it goes."""
        seconds = self._ended_at - self._begun_at
        calls = self._passed + self._refused
        if self._counted is None:
            first = self._begun_at if self._first_at is None else self._first_at
            best = max(self._looks, default=self._passed / max(LOOK_S, self._ended_at - first))
            return LaneLimit(
                found=False, rate=best, low=best, high=best, burst=None,
                seconds=seconds, calls=calls, refused=self._refused,
            )  # fmt: skip
        passed, span = self._counted
        rate = passed / span
        margin = min(1.0, 1 / passed + JITTER_S / span)
        burst = self._burst(rate)
        lost = LOST if burst < SMALL else 1.0
        return LaneLimit(
            found=True, rate=rate, low=rate * (1 - margin), high=rate * (1 + margin) * lost,
            burst=burst, seconds=seconds, calls=calls, refused=self._refused,
        )  # fmt: skip

    def _burst(self, rate: float) -> float:
        anchor_at = self._anchor_at or self._since
        left = (
            self._before_anchor - passed - rate * (anchor_at - at) for at, passed in self._trace
        )
        return max(1.0, *left)

    def _go(self, rate: float, now: float) -> None:
        self._base, self._since = rate, now

    def _count(self, sent_at: float, anchor_at: float, now: float) -> None:
        passed, span = self._passed - self._before_anchor, now - anchor_at
        if passed >= FEW and span > 0:
            self._counted = (passed, span)
            if passed >= ENOUGH and span >= LEAST_S:
                self._end(now)
            self._go(OVER * passed / span, now)
        elif sent_at > self._since and self._refused - self._refused_before > passed:
            self._go(self.rate(now) * CUT, now)

    def _look(self, now: float) -> None:
        """Notices that more speed brings no more answers."""
        self._looks.append(self._seen / (now - self._looked_at))
        self._looked_at, self._seen = now, 0
        before, latest = self._looks[-2 * _LOOKS : -_LOOKS], self._looks[-_LOOKS:]
        if len(before) == _LOOKS and max(latest) < GROWTH * max(before):
            self._end(now)

    def _end_in_time(self, now: float) -> None:
        if not self.is_over:
            self._ended_at = now
            if now - self._begun_at >= MOST_S:
                self._end(now)

    def _end(self, now: float) -> None:
        self.is_over, self._ended_at = True, now
