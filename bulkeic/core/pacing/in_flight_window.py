"""How many calls of a lane may be in flight at once.

- A lane with a rate needs ``rate * latency`` calls in flight (Little's law). It gets ``HEADROOM``
  times that, and at least ``SMALLEST``. When its server stalls, few calls wait for it.
- A lane without a rate starts at the run's concurrency. A throttle halves its window, once for all
  calls that were in flight at that moment. Every window of answers that are not throttled adds one.
"""

import math

SMALLEST = 4
HEADROOM = 2.0


def calls_needed(rate: float, latency_s: float) -> int:
    """Calls in flight that a rate needs.

    Args:
        rate: calls a second, finite.
        latency_s: seconds a call takes.
    """
    return max(SMALLEST, math.ceil(rate * latency_s * HEADROOM))


class InFlightWindow:
    """The window of a lane without a rate.

    Args:
        largest: calls in flight that are never exceeded, at least 1.

    Attributes:
        size: calls that may be in flight now, 1 to ``largest``.
    """

    __slots__ = ("_largest", "_narrowed_at", "size")

    def __init__(self, largest: int) -> None:
        self.size = self._largest = float(largest)
        self._narrowed_at = -math.inf

    def widen(self) -> None:
        """Record a call that was not throttled."""
        if self.size < self._largest:
            self.size = min(self._largest, self.size + 1 / self.size)

    def narrow(self, sent_at: float, now: float) -> bool:
        """Record a throttle.

        Args:
            sent_at: when the throttled call was sent, seconds.
            now: when its answer arrived.

        Returns:
            Whether the window narrowed. A call sent before the last narrowing does not count.
        """
        if sent_at <= self._narrowed_at:
            return False
        self._narrowed_at = now
        self.size = max(1.0, self.size / 2)
        return True
