"""The interface of everything that sets a lane's rate.

- ``AimdRate`` keeps to a fixed ceiling and backs off after throttles.
- ``AdaptiveRate`` finds what the server allows and leaves some of it to others.
- ``bench.model.quota_probe`` measures what the server allows.
"""

from typing import Protocol


class PacingStrategy(Protocol):
    """Sets the rate of one lane. Times are seconds of one clock that never goes back."""

    def rate(self, now: float) -> float:
        """Calls a second at this moment; ``math.inf`` for no limit."""

    def passed(self, now: float) -> None:
        """Record a call that was not throttled, whether it succeeded or not."""

    def throttled(self, sent_at: float, now: float) -> bool:
        """Record a throttle.

        Args:
            sent_at: when the throttled call was sent.
            now: when its answer arrived.

        Returns:
            Whether the rate changed. A call that was sent before the last change does not count.
        """
