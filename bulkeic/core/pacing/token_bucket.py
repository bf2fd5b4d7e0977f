"""The token bucket. Time is an argument, in seconds of any clock that does not go back.

- A bucket holds at most ``burst`` tokens and gains ``rate`` a second.
- Over any window of t seconds it gives at most ``burst + rate * t``.
"""

# Sums of binary fractions miss a whole token by this much at most.
_ROUNDING = 1e-9


class TokenBucket:
    """A token bucket, full at first.

    Args:
        rate: tokens a second, more than 0.
        burst: tokens that it can hold, at least 1.
        now: seconds.
    """

    __slots__ = ("_at", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._at = now

    def delay(self, now: float) -> float:
        """Seconds until a token is there; 0 when one is."""
        self._refill(now)
        missing = 1 - self._tokens
        return missing / self.rate if missing > _ROUNDING else 0.0

    def tokens(self, now: float) -> float:
        """What is there, without a look changing it."""
        return max(0.0, min(self.burst, self._tokens + max(0.0, now - self._at) * self.rate))

    def reserve(self, now: float) -> float:
        """Takes a token, maybe one of the future: the seconds to wait until it may be used."""
        delay = self.delay(now)
        self._tokens -= 1
        return delay

    def refund(self) -> None:
        """Puts a token back that was not used."""
        self._tokens = min(self.burst, self._tokens + 1)

    def set_rate(self, rate: float, now: float) -> None:
        """Changes the rate from now on; tokens that are there stay."""
        self._refill(now)
        self.rate = rate

    def drain(self, now: float) -> None:
        """Empties the bucket: somebody else has used what it stands for."""
        self._refill(now)
        self._tokens = min(self._tokens, 0.0)

    def restart(self, now: float) -> None:
        """Counts what it gains from now on only, and keeps the tokens that are there."""
        self._at = now

    def _refill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
            self._at = now
