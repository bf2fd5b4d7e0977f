"""How early requests are begun: as early as need be, and never by much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.bench.run.lead_time import LeadTime

SPARE_S, MOST_S = 1e-4, 2e-3


@given(rate=st.floats(0.01, 1e5), early=st.lists(st.floats(-100, 100), max_size=200))
def test_it_is_never_early_by_more_than_a_tenth_of_the_time_between(
    rate: float, early: list[float]
) -> None:
    lead = LeadTime(rate)
    for each in early:
        lead.adjust(each)
        assert 0 <= lead.seconds <= min(MOST_S, 0.1 / rate)


@given(rate=st.floats(0.01, 50), late_s=st.floats(0, MOST_S - SPARE_S))
def test_whatever_is_always_as_late_is_soon_early_by_a_little(rate: float, late_s: float) -> None:
    lead = LeadTime(rate)
    for _ in range(300):
        lead.adjust(lead.seconds - late_s)
    assert lead.seconds - late_s == pytest.approx(SPARE_S, abs=1e-8)


@given(rate=st.floats(0.01, 1e5), late_s=st.floats(0, 1))
def test_what_is_later_than_that_is_begun_as_early_as_may_be(rate: float, late_s: float) -> None:
    lead = LeadTime(rate)
    most = min(MOST_S, 0.1 / rate)
    for _ in range(1000):
        lead.adjust(lead.seconds - late_s)
    assert lead.seconds == pytest.approx(min(most, late_s + SPARE_S), abs=1e-8)


def test_without_a_rhythm_nothing_is_begun_early() -> None:
    lead = LeadTime(float("inf"))
    lead.adjust(-1.0)
    assert lead.seconds == 0
