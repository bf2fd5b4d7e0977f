"""The token bucket. Time is an argument, in seconds of any clock that never goes back.

- A bucket holds at most ``burst`` tokens and gains ``rate`` tokens a second.
- Over any window of t seconds it gives at most ``burst + rate * t`` tokens.
"""

# Rounding errors of floats may leave a token incomplete by at most this much.
_ROUNDING = 1e-9


class TokenBucket:
    """A token bucket. It starts full.

    Args:
        rate: tokens a second, more than 0.
        burst: the most tokens it can hold, at least 1.
        now: seconds.
    """

    __slots__ = ("_at", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._at = now

    def delay(self, now: float) -> float:
        """Seconds until a token is available; 0 if one is."""
        self._refill(now)
        missing = 1 - self._tokens
        return missing / self.rate if missing > _ROUNDING else 0.0

    def tokens(self, now: float) -> float:
        """Tokens that are available. This changes nothing."""
        return max(0.0, min(self.burst, self._tokens + max(0.0, now - self._at) * self.rate))

    def reserve(self, now: float) -> float:
        """Take the next token and return the seconds to wait until it may be used."""
        delay = self.delay(now)
        self._tokens -= 1
        return delay

    def refund(self) -> None:
        """Return a token that was not used."""
        self._tokens = min(self.burst, self._tokens + 1)

    def set_rate(self, rate: float, now: float) -> None:
        """Change the rate from now on. The bucket keeps its tokens."""
        self._refill(now)
        self.rate = rate

    def drain(self, now: float) -> None:
        """Empty the bucket, because the server's own bucket is empty. A debt remains."""
        self._refill(now)
        self._tokens = min(self._tokens, 0.0)

    def restart(self, now: float) -> None:
        """Discard what was gained since the last refill. The bucket keeps its tokens."""
        self._at = now

    def _refill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
            self._at = now
