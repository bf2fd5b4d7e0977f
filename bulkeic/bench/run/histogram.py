"""Times in an HDR histogram: each is kept to so many digits, whatever its size."""

from hdrh.histogram import HdrHistogram

from bulkeic.bench.model.measurements import Spread

_HIGHEST_US = 3_600_000_000
_PER_S = 1e6


class Histogram:
    """How long something took, again and again.

    Args:
        digits: that are kept of each time; 3 take 0.2 MB of memory, 2 a tenth of it.
    """

    def __init__(self, digits: int = 3) -> None:
        self._zeros = 0
        self._max_s = 0.0
        self._sum_s = 0.0
        self._times = HdrHistogram(1, _HIGHEST_US, digits)

    def add(self, seconds: float, times: int = 1) -> None:
        """Takes a time in, as often as it came."""
        micros = round(seconds * _PER_S)
        if micros <= 0:
            self._zeros += times
            return
        self._times.record_value(min(micros, _HIGHEST_US), times)
        self._sum_s += seconds * times
        self._max_s = max(self._max_s, seconds)

    def at(self, percentile: float) -> float:
        """The seconds that so many percent of the times do not exceed; 0 if there are none."""
        self._settle()
        # It is the upper end of a bucket, which may lie beyond all that is in it.
        return min(float(self._times.get_value_at_percentile(percentile)) / _PER_S, self._max_s)

    def spread(self) -> Spread:
        """What the times come to."""
        self._settle()
        count = int(self._times.get_total_count())
        return Spread(
            count=count,
            mean_s=self._sum_s / count if count else 0.0,
            p50_s=self.at(50),
            p90_s=self.at(90),
            p99_s=self.at(99),
            p999_s=self.at(99.9),
            max_s=self._max_s,
            histogram=self._times.encode().decode(),
        )

    def _settle(self) -> None:
        # Most requests wait for nothing and try nothing again: those zeros are counted cheaply.
        if self._zeros:
            self._times.record_value(0, self._zeros)
            self._zeros = 0
