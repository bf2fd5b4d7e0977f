"""What a lane may still send: a token bucket whose rate a pacing strategy sets."""

import math

from bulkeic.core.pacing.adaptive_rate import AdaptiveRate
from bulkeic.core.pacing.aimd import AimdRate
from bulkeic.core.pacing.pacing_strategy import PacingStrategy
from bulkeic.core.pacing.stray_throttles import StrayThrottles
from bulkeic.core.pacing.token_bucket import TokenBucket
from bulkeic.engine.limits import AUTO, EngineLimits


class RateLimiter:
    """The rate limiter of one lane. Engines that run one after another may share it.

    Args:
        limits: of the run.
        now: the clock's seconds.
        strategy: sets the rate; ``None``: the strategy that ``limits`` asks for.

    Attributes:
        strategy: sets the rate.
    """

    __slots__ = ("_bucket", "_strays", "strategy")

    def __init__(
        self, limits: EngineLimits, now: float, strategy: PacingStrategy | None = None
    ) -> None:
        self.strategy = strategy or _strategy_of(limits, now)
        rate = self.strategy.rate(now)
        unlimited = math.isinf(rate)
        self._bucket = None if unlimited else TokenBucket(rate, limits.bucket_size, now)
        is_fixed = isinstance(self.strategy, AimdRate) and not unlimited
        self._strays = StrayThrottles(rate) if is_fixed else None

    @property
    def is_limited(self) -> bool:
        """Whether the lane has a rate at all."""
        return self._bucket is not None

    def tokens(self, now: float) -> float:
        """Tokens that are available; 0 without a rate."""
        return 0.0 if self._bucket is None else self._bucket.tokens(now)

    def delay(self, now: float) -> float:
        """Seconds until a token is available."""
        bucket = self._bucket
        if bucket is None:
            return 0.0
        rate = self.strategy.rate(now)
        if rate != bucket.rate:
            bucket.set_rate(rate, now)
        return bucket.delay(now)

    def take_token(self, now: float) -> None:
        """Take a token for a call."""
        if self._bucket is not None:
            self._bucket.reserve(now)

    def return_token(self) -> None:
        """Return the token of a call that was not sent."""
        if self._bucket is not None:
            self._bucket.refund()

    def restart(self, now: float) -> None:
        """Gain tokens only from now on."""
        if self._bucket is not None:
            self._bucket.restart(now)

    def drain(self, now: float) -> None:
        """Discard all tokens."""
        if self._bucket is not None:
            self._bucket.drain(now)

    def tolerates_throttle(self, sent_at: float, now: float) -> bool:
        """Whether a throttle may be a stray one: the lane keeps its rate and its tokens."""
        return self._strays is not None and self._strays.tolerates(sent_at, now)

    def throttled(self, sent_at: float, now: float) -> bool:
        """Record a throttle that is not tolerated. Returns whether the rate changed."""
        self.drain(now)
        return self.strategy.throttled(sent_at, now)


def _strategy_of(limits: EngineLimits, now: float) -> PacingStrategy:
    if limits.rate == AUTO:
        return AdaptiveRate(limits.headroom, now)
    return AimdRate(limits.rate)
