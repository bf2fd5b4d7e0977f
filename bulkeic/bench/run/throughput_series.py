"""What ends, second by second."""

from collections.abc import Callable

from bulkeic.bench.model.measurements import Second

_P50, _P99 = 0.5, 0.99


class ThroughputSeries:
    """Closes each second when the next one begins.

    Args:
        begin: when the first second begins.
        closed: told each second that is over, quiet ones included.
    """

    def __init__(self, begin: float, closed: Callable[[Second], None]) -> None:
        self.seconds: list[Second] = []
        self._begin = begin
        self._closed = closed
        self._calls = 0
        self._refused = 0
        self._failed = 0
        self._latencies: list[float] = []

    def call(self, now: float, *, refused: bool) -> None:
        """Takes note of a call's end."""
        if now >= self._begin:
            self.close_until(now)
            self._calls += 1
            self._refused += refused

    def request(self, latency_s: float, now: float, *, failed: bool) -> None:
        """Takes note of a request's end."""
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
            refused=self._refused,
            failed=self._failed,
            p50_s=_at(latencies, _P50),
            p99_s=_at(latencies, _P99),
            max_s=_at(latencies, 1.0),
        )
        self.seconds.append(second)
        self._calls = self._refused = self._failed = 0
        self._latencies = []
        self._closed(second)


def _at(latencies: list[float], part: float) -> float | None:
    if not latencies:
        return None
    return latencies[min(len(latencies) - 1, int(part * len(latencies)))]
