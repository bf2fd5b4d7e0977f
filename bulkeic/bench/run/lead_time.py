"""How long before its due time a request starts, so that it is sent on time."""

_MARGIN_S = 1e-4
_MAX_S = 2e-3
_MAX_SHARE = 0.1
_SMOOTHING = 0.05


class LeadTime:
    """Learns the time from a tick of the ticker until a request can be sent.

    A request that is early waits and keeps the CPU busy, so the lead is at most 2 ms and at most a
    tenth of the time between requests.

    Args:
        rate: requests a second.

    Attributes:
        seconds: the current lead.
    """

    def __init__(self, rate: float) -> None:
        self._max_s = min(_MAX_S, _MAX_SHARE / rate)
        self.seconds = 0.0

    def adjust(self, early_s: float) -> None:
        """Adjusts the lead.

        Args:
            early_s: how early a request was ready, in seconds; negative: it was late.
        """
        missing_s = min(_MAX_S, max(-_MAX_S, _MARGIN_S - early_s))
        self.seconds = min(self._max_s, max(0.0, self.seconds + _SMOOTHING * missing_s))
