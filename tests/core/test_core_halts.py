"""Halts: the exit code of a run that rolled itself back, and the waves of its rollback."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.model import Lane
from bulkeic.core.rollout.halts import halted_exit_code
from bulkeic.core.rollout.waves import reversed_waves

EAST, WEST = Lane("123456789012", "us-east-1"), Lane("123456789012", "us-west-2")


@pytest.mark.parametrize(("rollback", "code"), [(None, 3), (0, 3), (1, 1), (3, 3), (130, 130)])
def test_a_halted_run_never_succeeds(rollback: int | None, code: int) -> None:
    assert halted_exit_code(rollback) == code


def test_the_last_wave_is_rolled_back_first() -> None:
    changed = [{EAST: 1}, {EAST: 2, WEST: 3}, {}]

    assert reversed_waves(changed, {EAST: 3, WEST: 3}) == [
        {EAST: 2, WEST: 3},
        {EAST: 3, WEST: 3},
    ]


def test_changes_outside_of_every_wave_come_first() -> None:
    assert reversed_waves([{EAST: 1}, {EAST: 2}], {EAST: 4, WEST: 5}) == [
        {EAST: 3, WEST: 5},
        {EAST: 4, WEST: 5},
    ]
    assert reversed_waves([{}], {WEST: 5}) == [{WEST: 5}]


def test_a_run_without_waves_is_rolled_back_at_once() -> None:
    assert reversed_waves([], {EAST: 4}) == []


@given(
    st.lists(st.dictionaries(st.sampled_from([EAST, WEST]), st.integers(0, 9)), max_size=6),
    st.dictionaries(st.sampled_from([EAST, WEST]), st.integers(0, 9)),
)
def test_a_rollback_covers_every_change_once(
    changed: list[dict[Lane, int]], outside: dict[Lane, int]
) -> None:
    every = {
        lane: outside.get(lane, 0) + sum(wave.get(lane, 0) for wave in changed)
        for lane in (EAST, WEST)
    }
    every = {lane: number for lane, number in every.items() if number}

    waves = reversed_waves(changed, every)

    sizes = [sum(wave.values()) for wave in waves]
    assert sizes == sorted(set(sizes))
    if changed and every:
        assert waves[-1] == every
