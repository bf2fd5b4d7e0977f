"""The call quotas of a lane: token buckets.

GetFunction has a quota of its own, which no setting changes but that for none; all other calls
share one: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

A bucket starts full. A call takes one token; a refused call takes none. Tokens come back at `rate`
a second, up to `burst`. Time is an argument, in seconds of any clock that only moves forward; a
time that lies before the last one counts as the last one.
"""

from collections.abc import Mapping

Lane = tuple[str, str]
"""(account, Region)."""

Limits = tuple[float | None, float]
"""Rate and burst."""

_GET_FUNCTION_RATE = 100.0
_MANY = 1024


class QuotaBucket:
    """The tokens of one lane.

    Args:
        rate: tokens a second.
        burst: the most tokens it holds, at least 1.
        now: the time it starts at, full.
    """

    __slots__ = ("_burst", "_filled_at", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._filled_at = now

    def take(self, now: float) -> bool:
        """Take a token, or say that there is none."""
        self._refill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def is_full(self, now: float) -> bool:
        """Whether it holds as many tokens as a new one."""
        self._refill(now)
        return self._tokens >= self._burst

    def _refill(self, now: float) -> None:
        if now > self._filled_at:
            refill = (now - self._filled_at) * self._rate
            self._tokens = min(self._burst, self._tokens + refill)
            self._filled_at = now


def get_function_limits(rate: float | None) -> Limits:
    """The limits of GetFunction where the other calls have this rate."""
    return (None if rate is None else _GET_FUNCTION_RATE, _GET_FUNCTION_RATE)


class Quota:
    """The buckets of all lanes.

    Any caller can invent lanes: where there are many, the buckets that are full again are dropped.

    Args:
        rate: calls a second for each lane; None: no limit.
        burst: calls that a rested lane takes at once.
    """

    __slots__ = ("_buckets", "_many", "_own", "_usual")

    def __init__(self, rate: float | None, burst: float) -> None:
        self._usual: Limits = (rate, burst)
        self._own: Mapping[Lane, Limits] = {}
        self._buckets: dict[Lane, QuotaBucket] = {}
        self._many = _MANY

    def __len__(self) -> int:
        return len(self._buckets)

    def set_own(self, own: Mapping[Lane, Limits]) -> None:
        """Give some lanes limits of their own; a lane whose limits change is rested."""
        for lane in {*self._own, *own}:
            if self._own.get(lane, self._usual) != own.get(lane, self._usual):
                self._buckets.pop(lane, None)
        self._own = own

    def take(self, lane: Lane, now: float) -> bool:
        """Take a call from the quota of (account, Region), or say that there is none."""
        bucket = self._buckets.get(lane)
        if bucket is None:
            rate, burst = self._own.get(lane, self._usual)
            if rate is None:
                return True
            self._drop_full(now)
            bucket = self._buckets[lane] = QuotaBucket(rate, burst, now)
        return bucket.take(now)

    def _drop_full(self, now: float) -> None:
        if len(self._buckets) >= self._many:
            kept = {lane: each for lane, each in self._buckets.items() if not each.is_full(now)}
            self._buckets, self._many = kept, max(_MANY, 2 * len(kept))
