"""Histograms: percentiles match those of a sorted list, to the digits that are kept."""

import math

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.bench.run.histogram import Histogram

PERCENTILES = (50, 90, 99, 99.9, 100)


def filled(times: list[float], digits: int = 3) -> Histogram:
    histogram = Histogram(digits)
    for each in times:
        histogram.add(each)
    return histogram


def ranked(times: list[float], percentile: float) -> float:
    """The percentile by the nearest rank."""
    return sorted(times)[max(1, int(percentile * len(times) / 100 + 0.5)) - 1]


some_times = st.lists(st.just(0.0) | st.floats(0, 3600), min_size=1, max_size=200)


@settings(max_examples=60, deadline=None)
@given(times=some_times, digits=st.integers(2, 3))
def test_percentiles_match_the_sorted_times(times: list[float], digits: int) -> None:
    histogram = filled(times, digits)
    for percentile in PERCENTILES:
        exact = ranked(times, percentile)
        assert histogram.at(percentile) == pytest.approx(exact, rel=10**-digits, abs=2e-6)
        assert histogram.at(percentile) <= max(times)


@settings(max_examples=30, deadline=None)
@given(times=some_times)
def test_a_spread_matches_its_encoded_histogram(times: list[float]) -> None:
    spread = filled(times).spread()
    kept = HdrHistogram.decode(spread.histogram)

    assert spread.count == kept.get_total_count() == len(times)
    assert spread.max_s <= max(times)
    assert spread.mean_s == pytest.approx(sum(times) / len(times), abs=1e-6)
    percentiles = (spread.p50_s, spread.p90_s, spread.p99_s, spread.p999_s)
    for percentile, each in zip(PERCENTILES, percentiles, strict=False):
        micros = kept.get_value_at_percentile(percentile)
        assert each == pytest.approx(min(micros / 1e6, spread.max_s), abs=1e-9)
    assert list(percentiles) == sorted(percentiles)


@pytest.mark.parametrize("times", [[], [0.0], [0.0] * 1000, [-1e-9, 1e-9]])
def test_times_of_zero_have_a_spread_of_zero(times: list[float]) -> None:
    spread = filled(times).spread()
    assert spread.count == len(times)
    assert {spread.mean_s, spread.p50_s, spread.p99_s, spread.p999_s, spread.max_s} == {0.0}
    assert filled(times).at(99) == 0.0


def test_zeros_count_among_other_times() -> None:
    histogram = filled([0.0] * 90 + [1.0] * 10)
    assert histogram.at(50) == 0
    assert histogram.at(99) == 1.0
    histogram.add(0.0)
    assert histogram.spread().count == 101


def test_a_time_above_one_hour_is_recorded() -> None:
    spread = filled([7200.0]).spread()
    assert (spread.count, spread.max_s) == (1, 7200.0)
    assert spread.p50_s == pytest.approx(3600, rel=1e-3)
    assert math.isclose(spread.mean_s, 7200.0)
