"""Waves and thresholds: exact, never going back, whatever the lanes."""

import time
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.model import Lane
from bulkeic.core.rollout.failure_budget import parse_failure_budget
from bulkeic.core.rollout.waves import (
    Size,
    cumulative_counts,
    parse_size,
    parse_waves,
    spread_over_lanes,
    spread_over_regions,
)

A = Lane("111111111111", "us-east-1")
B = Lane("222222222222", "us-east-1")
C = Lane("111111111111", "eu-west-1")

numbers = st.integers(1, 10**12 - 1).map(Size)
hundreds = st.integers(0, 4).map(lambda digits: 100 * 10**digits)
parts = hundreds.flatmap(lambda per: st.integers(1, per).map(lambda amount: Size(amount, per)))
sizes = st.lists(st.one_of(st.integers(1, 60).map(Size), parts), max_size=8)
accounts = st.integers(1, 6).map(lambda number: f"{number:012}")
lanes = st.builds(Lane, accounts, st.sampled_from(["us-east-1", "eu-west-1", "eu-north-1"]))
fleets = st.dictionaries(lanes, st.one_of(st.integers(0, 20), st.integers(0, 10**7)), max_size=12)


def text_of(size: Size) -> str:
    if size.per is None:
        return str(size.amount)
    digits = len(str(size.per)) - 3
    whole, part = divmod(size.amount, 10**digits)
    return f"{whole}.{part:0{digits}}%" if digits else f"{whole}%"


def check_shape(jobs: dict[Lane, int], waves: list[dict[Lane, int]]) -> None:
    assert all(list(wave) == list(jobs) for wave in waves)
    for earlier, later in pairwise([dict.fromkeys(jobs, 0), *waves, jobs]):
        assert all(earlier[lane] <= later[lane] for lane in jobs)


@given(st.one_of(numbers, parts))
def test_a_size_is_read_as_it_is_written(size: Size) -> None:
    assert parse_size(text_of(size)) == size


@given(st.one_of(numbers, parts), st.integers(0, 10**7))
def test_a_size_is_exact_and_rounded_up(size: Size, total: int) -> None:
    part = Fraction(size.amount) if size.per is None else Fraction(size.amount, size.per) * total
    assert 0 <= size.of(total) - part < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100%", [Size(100, 100)]),
        ("1,10%,50%,100%", [Size(1), Size(10, 100), Size(50, 100), Size(100, 100)]),
        (" 0.5% , 100.0%", [Size(5, 1000), Size(1000, 1000)]),
        ("20%,5,20.0%,5,100%", [Size(20, 100), Size(5), Size(200, 1000), Size(5), Size(100, 100)]),
    ],
)
def test_waves_that_are_read(text: str, expected: list[Size]) -> None:
    assert parse_waves(text) == tuple(expected)


@pytest.mark.parametrize(
    ("text", "item", "way_out"),
    [
        *((f"{item},100%", item, "numbers from 1 or percentages up to 100%") for item in (
            "", "0", "-1", "+1", "1.5", "0%", "0.00%", "100.1%", "1e1%", "%", "1%%", "nan", "٣",
            "1_0", ".5%", "5.%", "9" * 5000, "\x1b[31m", "1\n2",
        )),
        ("10%", "10%", "expected 100%"),
        ("100%,7", "7", "expected 100%"),
        ("1,2", "2", "expected 100%"),
        ("10%,9.9%,100%", "9.9%", "expected the same or more"),
        ("10,50%,9,100%", "9", "expected the same or more"),
        ("50%,1,49%,100%", "49%", "expected the same or more"),
        ("1,100%,", "", "numbers from 1 or percentages up to 100%"),
    ],
)  # fmt: skip
def test_waves_that_are_refused(text: str, item: str, way_out: str) -> None:
    with pytest.raises(InputError) as problem:
        parse_waves(text)
    line = str(problem.value)
    assert way_out in line
    assert repr(item[:70])[:-1] in line
    assert line.isprintable()
    assert len(line) < 250


@given(sizes, st.integers(0, 100))
def test_counts_rise_to_the_total_with_every_wave(sizes: list[Size], total: int) -> None:
    ends = cumulative_counts([*sizes, Size(100, 100)], total)
    assert all(earlier < later for earlier, later in pairwise([0, *ends]))
    assert ends[-1:] == [total] * (total > 0)
    assert set(ends) <= {min(size.of(total), total) for size in sizes} | {total}


def test_counts_of_a_rollout() -> None:
    waves = parse_waves("1,10%,50%,100%")
    assert cumulative_counts(waves, 1000) == [1, 100, 500, 1000]
    assert cumulative_counts(waves, 15) == [1, 2, 8, 15]
    assert cumulative_counts(waves, 2) == [1, 2]
    assert cumulative_counts(waves, 1) == [1]
    assert cumulative_counts(waves, 0) == []


@given(fleets, sizes)
def test_a_spread_is_exact_and_in_proportion(jobs: dict[Lane, int], sizes: list[Size]) -> None:
    total = sum(jobs.values())
    ends = cumulative_counts([*sizes, Size(100, 100)], total)
    waves = spread_over_lanes(jobs, ends)
    check_shape(jobs, waves)
    assert [sum(wave.values()) for wave in waves] == ends
    assert waves[-1:] == [jobs] * (total > 0)
    for wave, end in zip(waves[:1], ends[:1], strict=True):
        assert all(abs(wave[lane] - Fraction(end * jobs[lane], total)) < 1 for lane in jobs)


def test_indivisible_targets_go_to_the_largest_remainder_then_to_the_first_lane() -> None:
    assert spread_over_lanes({A: 10, B: 30, C: 10}, [1, 4, 6, 50]) == [
        {A: 0, B: 1, C: 0},
        {A: 1, B: 3, C: 0},
        {A: 1, B: 4, C: 1},
        {A: 10, B: 30, C: 10},
    ]
    assert spread_over_lanes({C: 2, A: 2}, [1, 3]) == [{C: 1, A: 0}, {C: 2, A: 1}]
    assert spread_over_lanes({A: 0, B: 3}, [1]) == [{A: 0, B: 1}]
    assert spread_over_lanes({}, []) == []


@given(fleets, st.one_of(st.none(), sizes))
def test_a_wave_of_regions_takes_each_as_a_whole(
    jobs: dict[Lane, int], sizes: list[Size] | None
) -> None:
    order = list(dict.fromkeys(lane.region for lane in jobs if jobs[lane]))
    whole = None if sizes is None else [*sizes, Size(100, 100)]
    waves = spread_over_regions(jobs, whole)
    check_shape(jobs, waves)
    done = [{lane.region for lane in wave if wave[lane]} for wave in waves]
    ends = list(range(1, len(order) + 1)) if whole is None else cumulative_counts(whole, len(order))
    assert done == [set(order[:end]) for end in ends]
    for wave in waves:
        assert all(wave[lane] in {0, jobs[lane]} for lane in jobs)
    assert waves[-1:] == [jobs] * bool(order)


def test_regions_go_in_the_order_in_which_they_come_first() -> None:
    jobs = {A: 1, C: 2, B: 3}
    assert spread_over_regions(jobs, None) == [{A: 1, C: 0, B: 3}, jobs]
    assert spread_over_regions(jobs, parse_waves("50%,100%")) == spread_over_regions(jobs, None)
    assert spread_over_regions(jobs, parse_waves("100%")) == [jobs]


def test_ten_million_jobs_in_thousands_of_lanes_take_no_time() -> None:
    jobs = {Lane(f"{number:012}", f"xx-test-{number % 30}"): 2000 for number in range(5000)}
    begun = time.process_time()
    waves = spread_over_lanes(
        jobs, cumulative_counts(parse_waves("1,1%,5%,10%,25%,50%,75%,100%"), 10_000_000)
    )
    assert len(spread_over_regions(jobs, None)) == 30
    assert time.process_time() - begun < 1
    assert waves[-1] == jobs


@pytest.mark.parametrize(
    ("text", "total", "failures"),
    [
        ("1", 1000, 1), ("25", 1000, 25), ("25", 3, 25), ("1%", 1000, 10), ("1%", 1001, 11),
        ("0.01%", 5, 1), ("0.01%", 10_001, 2), ("100%", 7, None), ("100%", 0, None), ("5%", 0, 1),
    ],
)  # fmt: skip
def test_failures_that_end_a_run(text: str, total: int, failures: int | None) -> None:
    assert parse_failure_budget(text).of(total) == failures


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "-1", "1.5", "ten", "1 %", "1,2"])
def test_thresholds_that_are_refused(text: str) -> None:
    with pytest.raises(
        InputError, match="a number from 1, or a percentage above 0% and up to 100%"
    ):
        parse_failure_budget(text)
