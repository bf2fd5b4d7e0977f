"""The loads chosen by flags, and when each request of an open load is due."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.bench.model.arrival_schedule import ArrivalSchedule
from bulkeic.bench.model.workload import Load, LoadFlags, LoadModel, choose_loads
from bulkeic.core.errors import UsageError


def opened(rate: float, **fields: Any) -> Load:
    usual = {"concurrency": 1000, "duration_s": 10.0, "warmup_s": 1.0}
    return Load(model=LoadModel.OPEN, rate=rate, **usual | fields)


def closed(concurrency: int, **fields: Any) -> Load:
    usual = {"duration_s": 10.0, "warmup_s": 1.0}
    return Load(model=LoadModel.CLOSED, concurrency=concurrency, **usual | fields)


@pytest.mark.parametrize(
    ("flags", "loads"),
    [
        ({}, [opened(10)]),
        ({"rates": (5.0,)}, [opened(5)]),
        ({"rates": (5.0, 10.0)}, [opened(5, duration_s=30.0), opened(10, duration_s=30.0)]),
        (
            {"rates": (5.0, 10.0), "step_s": 2.0},
            [opened(5, duration_s=2.0), opened(10, duration_s=2.0)],
        ),
        ({"rates": (5.0, 5.0), "length_s": 3.0}, [opened(5, duration_s=3.0)] * 2),
        ({"rates": (5.0,), "concurrency": (7,)}, [opened(5, concurrency=7)]),
        ({"requests": 20}, [opened(10, duration_s=None, requests=20)]),
        ({"rates": (5.0, 9.0), "requests": 2, "warmup_s": 0.0}, [
            opened(5, duration_s=None, requests=2, warmup_s=0.0),
            opened(9, duration_s=None, requests=2, warmup_s=0.0),
        ]),
        ({"concurrency": (8,)}, [closed(8)]),
        ({"concurrency": (1, 8), "length_s": 2.0}, [
            closed(1, duration_s=2.0), closed(8, duration_s=2.0),
        ]),
        (
            {"concurrency": (1,), "requests": 9, "warmup_s": 0.5},
            [closed(1, duration_s=None, requests=9, warmup_s=0.5)],
        ),
        ({"find_limit": True}, [Load(model=LoadModel.LIMIT, concurrency=64)]),
        ({"find_limit": True, "concurrency": (3,)}, [Load(model=LoadModel.LIMIT, concurrency=3)]),
    ],
)  # fmt: skip
def test_loads_chosen_by_flags(flags: dict[str, Any], loads: list[Load]) -> None:
    assert choose_loads(LoadFlags(**flags)) == loads


LIMIT_ALONE = "--find-limit chooses the rate and the duration itself; omit "
ONE_LENGTH = "--duration, --step and --requests exclude each other; give one of them"
STEP_OF_RATES = "--step is the duration of each rate in --rates; give --rates, or use --duration"
ONE_CONCURRENCY = "only a closed load takes several --concurrency; give one value with --rate"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"find_limit": True, "rates": (5.0,)}, LIMIT_ALONE),
        ({"find_limit": True, "length_s": 5.0}, LIMIT_ALONE),
        ({"find_limit": True, "step_s": 5.0}, LIMIT_ALONE),
        ({"find_limit": True, "requests": 5}, LIMIT_ALONE),
        ({"find_limit": True, "warmup_s": 0.0}, LIMIT_ALONE),
        ({"find_limit": True, "concurrency": (1, 8)}, ONE_CONCURRENCY),
        ({"length_s": 1.0, "requests": 1}, ONE_LENGTH),
        ({"rates": (5.0,), "step_s": 1.0, "length_s": 1.0}, ONE_LENGTH),
        ({"rates": (5.0,), "step_s": 1.0, "requests": 1}, ONE_LENGTH),
        ({"step_s": 1.0}, STEP_OF_RATES),
        ({"step_s": 1.0, "concurrency": (8,)}, STEP_OF_RATES),
        ({"rates": (5.0,), "concurrency": (1, 8)}, ONE_CONCURRENCY),
    ],
)
def test_contradicting_flags_are_rejected(flags: dict[str, Any], expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose_loads(LoadFlags(**flags))
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)


def test_a_load_has_a_short_description() -> None:
    assert str(opened(2.5)) == "open, 2.5/s in each lane"
    assert str(closed(1000)) == "closed, 1,000 at once"
    assert str(Load(model=LoadModel.LIMIT, concurrency=64)) == "find the limit"


rates = st.floats(1e-6, 1e5)
lanes = st.integers(1, 1000)


@given(rate=rates, lanes=lanes, elapsed_s=st.floats(0, 1e6))
def test_count_is_the_number_of_due_requests(rate: float, lanes: int, elapsed_s: float) -> None:
    schedule = ArrivalSchedule(rate, lanes)
    count = schedule.count(elapsed_s)
    assert schedule.due(count - 1) <= elapsed_s < schedule.due(count)


@given(rate=rates, lanes=lanes, number=st.integers(0, 10**9))
def test_a_request_counts_from_its_due_time_on(rate: float, lanes: int, number: int) -> None:
    schedule = ArrivalSchedule(rate, lanes)
    assert schedule.count(schedule.due(number)) == number + 1


@pytest.mark.parametrize(
    ("flags", "over_s", "stopped", "owed_s"),
    [
        ({"rates": (5.0,), "length_s": 10.0}, 11.3, False, 11.0),
        ({"rates": (5.0,), "length_s": 10.0}, 11.3, True, 11.0),
        ({"rates": (5.0,), "length_s": 10.0}, 4.0, True, 3.75),
        ({"rates": (5.0,), "requests": 3}, 4.0, False, 4.0),
        ({"rates": (5.0,), "requests": 3}, 4.0, True, 3.75),
    ],
)  # fmt: skip
def test_requests_owed_until_the_end(
    flags: dict[str, Any], over_s: float, owed_s: float, *, stopped: bool
) -> None:
    (load,) = choose_loads(LoadFlags(**flags))
    assert load.owed_until(over_s, stopped=stopped) == owed_s


def test_nothing_is_due_before_the_start() -> None:
    assert ArrivalSchedule(100, 3).count(-1e-9) == 0
    assert ArrivalSchedule(100, 3).count(0.0) == 1


@given(rate=st.floats(0.1, 1000), lanes=lanes, number=st.integers(0, 10**6))
def test_each_lane_has_its_rate(rate: float, lanes: int, number: int) -> None:
    schedule = ArrivalSchedule(rate, lanes)
    assert schedule.due(number + lanes) - schedule.due(number) == pytest.approx(1 / rate, rel=1e-6)
