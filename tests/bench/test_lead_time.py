"""How long before their due time requests start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.bench.run.lead_time import LeadTime

SPARE_S, MOST_S = 1e-4, 2e-3


@given(rate=st.floats(0.01, 1e5), early=st.lists(st.floats(-100, 100), max_size=200))
def test_the_lead_never_exceeds_a_tenth_of_the_interval(rate: float, early: list[float]) -> None:
    lead = LeadTime(rate)
    for each in early:
        lead.adjust(each)
        assert 0 <= lead.seconds <= min(MOST_S, 0.1 / rate)


@given(rate=st.floats(0.01, 50), late_s=st.floats(0, MOST_S - SPARE_S))
def test_the_lead_converges_on_a_constant_delay(rate: float, late_s: float) -> None:
    lead = LeadTime(rate)
    for _ in range(300):
        lead.adjust(lead.seconds - late_s)
    assert lead.seconds - late_s == pytest.approx(SPARE_S, abs=1e-8)


@given(rate=st.floats(0.01, 1e5), late_s=st.floats(0, 1))
def test_a_longer_delay_uses_the_maximum_lead(rate: float, late_s: float) -> None:
    lead = LeadTime(rate)
    most = min(MOST_S, 0.1 / rate)
    for _ in range(1000):
        lead.adjust(lead.seconds - late_s)
    assert lead.seconds == pytest.approx(min(most, late_s + SPARE_S), abs=1e-8)


def test_an_infinite_rate_has_no_lead() -> None:
    lead = LeadTime(float("inf"))
    lead.adjust(-1.0)
    assert lead.seconds == 0
