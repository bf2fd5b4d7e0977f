"""The requests and calls that end, second by second."""

from collections.abc import Callable

from bulkeic.bench.model.measurements import Second

_P50, _P99 = 0.5, 0.99


class ThroughputSeries:
    """Closes each second when the next one begins.

    Args:
        begin: when the first second begins.
        on_second: receives each second when it is over, also those without requests.
    """

    def __init__(self, begin: float, on_second: Callable[[Second], None]) -> None:
        self.seconds: list[Second] = []
        self._begin = begin
        self._on_second = on_second
        self._calls = 0
        self._throttled = 0
        self._failed = 0
        self._latencies: list[float] = []

    def record_call(self, now: float, *, throttled: bool) -> None:
        """Records the end of a call."""
        if now >= self._begin:
            self.close_until(now)
            self._calls += 1
            self._throttled += throttled

    def record_request(self, latency_s: float, now: float, *, failed: bool) -> None:
        """Records the end of a request."""
        if now >= self._begin:
            self.close_until(now)
            self._latencies.append(latency_s)
            self._failed += failed

    def close_until(self, now: float) -> None:
        """Closes the seconds that are over."""
        while now >= self._begin + len(self.seconds) + 1:
            self._close()

    def end(self) -> None:
        """Closes the last second, if anything ended in it."""
        if self._latencies or self._calls:
            self._close()

    def _close(self) -> None:
        latencies = sorted(self._latencies)
        second = Second(
            second=len(self.seconds),
            done=len(latencies),
            calls=self._calls,
            refused=self._throttled,
            failed=self._failed,
            p50_s=_quantile(latencies, _P50),
            p99_s=_quantile(latencies, _P99),
            max_s=_quantile(latencies, 1.0),
        )
        self.seconds.append(second)
        self._calls = self._throttled = self._failed = 0
        self._latencies = []
        self._on_second(second)


def _quantile(ordered: list[float], part: float) -> float | None:
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
