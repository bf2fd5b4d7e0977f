"""The call quotas of a lane: token buckets.

GetFunction has a quota of its own, which only an unlimited rate lifts; all other calls share one:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

A bucket starts full. A call takes one token; a refused call takes none. Tokens return at `rate` a
second, up to `burst`. Time is an argument, in seconds of any clock that only moves forward; an
earlier time counts as the latest one.
"""

from collections.abc import Mapping

from bulkeic.sandbox.state.fleet import Lane

RateAndBurst = tuple[float | None, float]
"""Calls a second, None for unlimited, and the calls that a full bucket allows at once."""

_GET_FUNCTION_RATE = 100.0
_PRUNE_AT = 1024


class QuotaBucket:
    """The tokens of one lane.

    Args:
        rate: tokens a second.
        burst: the most tokens it holds, at least 1.
        now: the time at which it starts, full.
    """

    __slots__ = ("_burst", "_filled_at", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._filled_at = now

    def take(self, now: float) -> bool:
        """Take a token; return False if none is left."""
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


def get_function_limits(rate: float | None) -> RateAndBurst:
    """Return the limits of GetFunction in a lane whose other calls have this rate."""
    return (None if rate is None else _GET_FUNCTION_RATE, _GET_FUNCTION_RATE)


class Quota:
    """The buckets of all lanes.

    Callers can invent any number of lanes: above a size, it drops the buckets that are full again.

    Args:
        rate: calls a second for each lane; None for unlimited.
        burst: calls that a full bucket allows at once.
    """

    __slots__ = ("_buckets", "_default", "_overrides", "_prune_at")

    def __init__(self, rate: float | None, burst: float) -> None:
        self._default: RateAndBurst = (rate, burst)
        self._overrides: Mapping[Lane, RateAndBurst] = {}
        self._buckets: dict[Lane, QuotaBucket] = {}
        self._prune_at = _PRUNE_AT

    def __len__(self) -> int:
        return len(self._buckets)

    def set_overrides(self, overrides: Mapping[Lane, RateAndBurst]) -> None:
        """Replace the limits of single lanes; a lane whose limits change starts full."""
        for lane in {*self._overrides, *overrides}:
            old = self._overrides.get(lane, self._default)
            if old != overrides.get(lane, self._default):
                self._buckets.pop(lane, None)
        self._overrides = overrides

    def take(self, lane: Lane, now: float) -> bool:
        """Take a call from the quota of (account, Region); return False if none is left."""
        bucket = self._buckets.get(lane)
        if bucket is None:
            rate, burst = self._overrides.get(lane, self._default)
            if rate is None:
                return True
            self._drop_full(now)
            bucket = self._buckets[lane] = QuotaBucket(rate, burst, now)
        return bucket.take(now)

    def _drop_full(self, now: float) -> None:
        if len(self._buckets) >= self._prune_at:
            kept = {
                lane: bucket for lane, bucket in self._buckets.items() if not bucket.is_full(now)
            }
            self._buckets, self._prune_at = kept, max(_PRUNE_AT, 2 * len(kept))
