"""Requests of an open load that were due, but did not start."""

import pytest

from bulkeic.bench.model.arrival_schedule import ArrivalSchedule

from .test_collector import BEGIN, LANES, THROTTLED, Measured


def test_missed_requests_count_with_their_age() -> None:
    measured = Measured(lanes=2, duration_s=10.0)
    measured.request(0.0, 1.0)
    measured.collector.record_missed(LANES[1], BEGIN + 5, BEGIN + 20, 999)
    measured.collector.record_missed(LANES[1], BEGIN - 0.5, BEGIN + 20, 50)
    measured.collector.record_missed(LANES[1], BEGIN + 10, BEGIN + 20, 50)

    measures = measured.all(now=20)

    assert (measures.done, measures.unfinished, measures.unbegun) == (1, 999, 999)
    assert measures.latency.count == measures.waiting.count == measures.call.count == 1000
    assert measures.latency.p50_s == measures.waiting.p50_s == pytest.approx(15, rel=1e-3)
    assert measures.latency.mean_s == pytest.approx(15, rel=1e-2)


@pytest.mark.parametrize("lanes", [1, 2, 3, 7])
@pytest.mark.parametrize(("first", "end"), [(0, 0), (5, 5), (5, 4), (4, 5), (3, 100), (11, 50_000)])
def test_blocks_contain_each_number_once_in_its_lane(lanes: int, first: int, end: int) -> None:
    found: list[int] = []
    for lane, numbers in ArrivalSchedule(10, lanes).blocks(first, end):
        assert {number % lanes for number in numbers} == {lane}
        found += numbers
    assert sorted(found) == list(range(first, end))


def test_errors_of_the_warm_up_are_counted_while_measuring() -> None:
    measured = Measured(duration_s=10.0, warmup_s=1.0)
    measured.request(-0.9, -0.5, THROTTLED)
    measured.request(-0.5, 5.0, THROTTLED)
    measured.request(-0.5, 10.5, THROTTLED)

    measures = measured.all(now=12)

    assert measures.errors == {THROTTLED.code: 1}
    assert (measures.calls, measures.refused) == (0, 0)
