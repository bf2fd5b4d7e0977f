"""Any bytes at all, and good inputs with damage: refused in one line, or taken."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .damage import damaged
from .targets import FUZZ

EXAMPLES = int(os.environ.get("BULKEIC_EXAMPLES", "40"))


@pytest.mark.parametrize("name", sorted(FUZZ))
@settings(
    deadline=None,
    max_examples=EXAMPLES,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_any_bytes_are_taken_or_refused_in_one_line(name: str, data: st.DataObject) -> None:
    fuzz = FUZZ[name]
    fuzz.run(data.draw(damaged(fuzz.seeds)))


@pytest.mark.parametrize("name", sorted(FUZZ))
def test_the_seeds_are_good_and_so_is_each_part_of_them(name: str) -> None:
    for seed in FUZZ[name].seeds:
        for end in range(len(seed) + 1):
            FUZZ[name].run(seed[:end])
