"""Durations in an HDR histogram: each keeps the same number of digits, whatever its size."""

from hdrh.histogram import HdrHistogram

from bulkeic.bench.model.measurements import Spread

_HIGHEST_US = 3_600_000_000
_US_PER_S = 1e6


class Histogram:
    """The distribution of a duration.

    Args:
        digits: significant digits of each value; 3 take 0.2 MB of memory, 2 a tenth of it.
    """

    def __init__(self, digits: int = 3) -> None:
        self._zeros = 0
        self._max_s = 0.0
        self._sum_s = 0.0
        self._values = HdrHistogram(1, _HIGHEST_US, digits)

    def add(self, seconds: float, count: int = 1) -> None:
        """Adds a value ``count`` times."""
        micros = round(seconds * _US_PER_S)
        if micros <= 0:
            self._zeros += count
            return
        self._values.record_value(min(micros, _HIGHEST_US), count)
        self._sum_s += seconds * count
        self._max_s = max(self._max_s, seconds)

    def at(self, percentile: float) -> float:
        """The seconds that this percentage of the values does not exceed; 0 without values."""
        self._record_zeros()
        # The histogram returns the upper end of a bucket, which may exceed all values in it.
        return min(float(self._values.get_value_at_percentile(percentile)) / _US_PER_S, self._max_s)

    def spread(self) -> Spread:
        """Count, mean and percentiles."""
        self._record_zeros()
        count = int(self._values.get_total_count())
        return Spread(
            count=count,
            mean_s=self._sum_s / count if count else 0.0,
            p50_s=self.at(50),
            p90_s=self.at(90),
            p99_s=self.at(99),
            p999_s=self.at(99.9),
            max_s=self._max_s,
            histogram=self._values.encode().decode(),
        )

    def _record_zeros(self) -> None:
        # Most requests neither wait nor retry, so zeros are only counted until they are needed.
        if self._zeros:
            self._values.record_value(0, self._zeros)
            self._zeros = 0
