"""How much earlier than it is due a request is begun, so that it is sent when it is due."""

_SPARE_S = 1e-4
_MOST_S = 2e-3
_MOST_SHARE = 0.1
_SMOOTHING = 0.05


class LeadTime:
    """Learns how long it takes from the beat of a timer to a request that can be sent.

    Whoever is early waits and keeps the machine busy meanwhile: that is never more than a tenth of
    the time, nor more than 2 ms.

    Args:
        rate: requests a second.
    """

    def __init__(self, rate: float) -> None:
        self._most_s = min(_MOST_S, _MOST_SHARE / rate)
        self.seconds = 0.0

    def reached(self, early_s: float) -> None:
        """Takes note of how early a request was ready; less than 0: it was late."""
        missing_s = min(_MOST_S, max(-_MOST_S, _SPARE_S - early_s))
        self.seconds = min(self._most_s, max(0.0, self.seconds + _SMOOTHING * missing_s))
