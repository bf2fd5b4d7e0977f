"""Distinguishes a stray throttle from the throttles of a quota that others also use.

Servers throttle a call now and then although the quota is free. Such a throttle says nothing about
the rate. If others use the quota, the next throttle follows soon.

====================================================  =========
throttle                                              tolerated
====================================================  =========
of a call sent before a tolerated one was known       yes
the first one in ``QUIET_S`` seconds, or in the time  yes
of ``QUIET_CALLS`` calls if that is longer
else                                                  no
====================================================  =========
"""

import math

QUIET_S = 10.0
QUIET_CALLS = 20
"""At a low rate, 10 s are only a few calls and show little."""
PAUSE_S = 0.15
"""Seconds for which a lane pauses after a tolerated throttle, in case the quota is used up."""


class StrayThrottles:
    """The throttles of one lane. Times are seconds of one clock that never goes back.

    Args:
        rate: the lane's calls a second.
    """

    __slots__ = ("_is_tolerated", "_known_at", "_quiet_s")

    def __init__(self, rate: float) -> None:
        self._quiet_s = max(QUIET_S, QUIET_CALLS / rate)
        self._known_at = -math.inf
        self._is_tolerated = False

    def tolerates(self, sent_at: float, now: float) -> bool:
        """Record a throttle.

        Args:
            sent_at: when the throttled call was sent.
            now: when its answer arrived.

        Returns:
            Whether the lane keeps its rate.
        """
        if self._is_tolerated and sent_at <= self._known_at:
            return True
        self._is_tolerated = now - self._known_at > self._quiet_s
        self._known_at = now
        return self._is_tolerated
