"""Workers in numbers: a pure fold."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bulkeic.core.leases.worker_record import TeamTotals, by_session, team_totals

from .example_run_reports import worker


def test_calls_are_counted_over_the_time_between_the_first_and_the_last_message() -> None:
    record = worker("w", 1)
    assert record.calls_per_s == 5
    at_once = replace(record, last_heard_at=record.first_heard_at)
    earlier = replace(record, last_heard_at="2026-11-26T07:00:00.000Z")  # the clock was set
    assert (at_once.calls_per_s, earlier.calls_per_s) == (0, 0)


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans())))
def test_the_lanes_of_a_lost_worker_are_not_counted_twice(
    kinds: list[tuple[int, bool]],
) -> None:
    records = [
        worker("w", number, session=session, lost="x" if is_lost else None)
        for number, (session, is_lost) in enumerate(kinds, 1)
    ]
    found = by_session(records)
    assert sorted(chain(*found.values()), key=lambda each: each.worker) == records
    assert all(each.session == session for session, team in found.items() for each in team)
    for team in found.values():
        lanes = sum(each.lanes for each in team if not each.lost)
        number = len(team)
        expected = TeamTotals(number, lanes, 20 * number, 50 * number, 5 * number, 3 * number)
        assert team_totals(team) == expected
