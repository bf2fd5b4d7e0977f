"""Progress by lane and by group: sums that hold for any outcomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.lane_progress import (
    GroupProgress,
    LaneProgress,
    groups_are_regions,
    shown_groups,
)
from bulkeic.core.model import NOT_DONE, Lane, Outcome, SourceLine, Status, Target

lanes = st.dictionaries(
    st.builds(Lane, st.sampled_from(["1" * 12, "2" * 12, "3" * 12]), st.sampled_from("abcd")),
    st.integers(1, 9),
    min_size=1,
)
groups = st.lists(
    st.builds(
        GroupProgress,
        st.text("abc", min_size=1),
        st.integers(50, 99),
        st.integers(0, 50),
        st.integers(0, 9),
    ),
    unique_by=lambda group: group.name,
)


@given(lanes, st.data())
def test_lanes_and_groups_add_up_to_the_total(jobs: dict[Lane, int], data: st.DataObject) -> None:
    places = data.draw(st.lists(st.sampled_from(list(jobs)), max_size=20))
    outcomes = [
        Outcome(
            seq,
            SourceLine("t.csv", seq),
            "f",
            Target(lane, "f"),
            data.draw(st.sampled_from(Status)),
            throttles=seq,
        )
        for seq, lane in enumerate(places)
    ]
    progress = LaneProgress(jobs)

    progress.add(outcomes, [])

    sums = [list(progress.lanes.values()), *([progress.groups] if progress.groups else [])]
    for found in sums:
        assert sum(each.jobs for each in found) == progress.total.jobs == sum(jobs.values())
        assert sum(each.done for each in found) == progress.total.done == len(outcomes)
        failed = sum(outcome.status in NOT_DONE for outcome in outcomes)
        assert sum(each.failed for each in found) == progress.total.failed == failed
        assert sum(each.throttles for each in found) == sum(range(len(outcomes)))
    assert len(progress.groups) != 1
    assert bool(progress.groups) == (len(jobs) > 1)


@pytest.mark.parametrize(
    ("accounts", "regions", "expected"),
    [(1, 1, False), (50, 1, False), (1, 16, True), (50, 16, True), (4, 4, True), (3, 16, False)],
)
def test_lanes_are_grouped_by_the_fewer_places(
    accounts: int, regions: int, *, expected: bool
) -> None:
    assert groups_are_regions(accounts, regions) is expected


@given(groups, st.integers(0, 12))
def test_groups_that_do_not_fit_are_shown_as_one(found: list[GroupProgress], most: int) -> None:
    shown = shown_groups(found, most)

    assert len(shown) == min(len(found), most)
    if most:
        assert sum(each.jobs for each in shown) == sum(each.jobs for each in found)
        assert sum(each.failed for each in shown) == sum(each.failed for each in found)
    if 0 < most < len(found):
        *chosen, rest = shown
        assert rest.name == f"{len(found) - most + 1:,} others"
        assert [each for each in found if each in chosen] == chosen
        worst = sorted((each.failed for each in found), reverse=True)[: most - 1]
        assert sorted((each.failed for each in chosen), reverse=True) == worst
