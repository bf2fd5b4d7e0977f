"""Summaries of lanes: what each one did, in any order of the records."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import NOT_DONE, Lane, Status
from bulkeic.core.summary import LaneSummary, Tally, Traffic, summarize

JOBS = {Lane("123456789012", f"xx-test-{number}"): 100 + number for number in range(3)}
BEGIN = datetime(2026, 1, 1, 23, 59, tzinfo=UTC)


def moment(second: int) -> str:
    return (BEGIN + timedelta(seconds=second)).isoformat(timespec="milliseconds")[:-6] + "Z"


@st.composite
def tallies(draw: st.DrawFn) -> list[Tally]:
    def one() -> Tally:
        first = draw(st.none() | st.integers(0, 200))
        last = None if first is None else moment(first + draw(st.integers(0, 100)))
        return Tally(
            draw(st.none() | st.sampled_from(list(JOBS))),
            draw(st.sampled_from(Status)),
            None,
            draw(st.integers(1, 5)),
            draw(st.integers(0, 9)),
            None if first is None else moment(first),
            last,
        )

    return [one() for _ in range(draw(st.integers(0, 12)))]


def lanes_of(some: list[Tally]) -> list[LaneSummary]:
    return summarize(some, run="r.db", targets=400, lanes=JOBS, traffic=Traffic()).lanes


@settings(deadline=None, max_examples=100)
@given(tallies(), st.data())
def test_each_lane_is_the_sum_of_its_own(some: list[Tally], data: st.DataObject) -> None:
    lanes = lanes_of(some)
    assert lanes_of(data.draw(st.permutations(some))) == lanes
    assert [lane.lane for lane in lanes] == list(JOBS)
    for lane in lanes:
        own = [tally for tally in some if tally.lane == lane.lane]
        done = sum(tally.count for tally in own)
        assert lane.jobs == JOBS[lane.lane]
        assert (lane.done, lane.pending) == (done, lane.jobs - done)
        assert lane.failed == sum(t.count for t in own if t.status in NOT_DONE)
        assert lane.throttles == sum(tally.throttles for tally in own)


@settings(deadline=None, max_examples=100)
@given(tallies())
def test_a_lane_takes_from_its_first_begin_to_its_last(some: list[Tally]) -> None:
    for lane in lanes_of(some):
        own = [tally for tally in some if tally.lane == lane.lane]
        firsts = [datetime.fromisoformat(t.first_at) for t in own if t.first_at is not None]
        lasts = [datetime.fromisoformat(t.last_at) for t in own if t.last_at is not None]
        expected = (max(lasts) - min(firsts)).total_seconds() if firsts else 0.0
        assert lane.seconds == pytest.approx(expected)
        assert lane.seconds >= 0
