"""Lanes are placed by account, and no worker has much more than its share."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.leases.placement import place_lanes
from bulkeic.core.model import Lane

lanes = st.dictionaries(
    st.builds(Lane, st.sampled_from("abcdef"), st.sampled_from(["r1", "r2", "r3"])),
    st.integers(1, 1000),
    max_size=18,
)


@settings(deadline=None)
@given(lanes, st.integers(1, 5))
def test_every_lane_has_a_worker_and_small_accounts_have_one(
    lanes: dict[Lane, int], workers: int
) -> None:
    placed = place_lanes(lanes, dict.fromkeys(range(workers), 0))
    assert placed.keys() == lanes.keys()
    assert set(placed.values()) <= set(range(workers))
    for account in {lane.account_id for lane in lanes}:
        own = [lane for lane in lanes if lane.account_id == account]
        if sum(lanes[lane] for lane in own) <= sum(lanes.values()) / workers:
            assert len({placed[lane] for lane in own}) == 1


@settings(deadline=None)
@given(lanes, st.integers(1, 5))
def test_the_largest_load_is_at_most_a_share_and_the_largest_group(
    lanes: dict[Lane, int], workers: int
) -> None:
    placed = place_lanes(lanes, dict.fromkeys(range(workers), 0))
    share = sum(lanes.values()) / workers
    loads = [
        sum(jobs for lane, jobs in lanes.items() if placed[lane] == each) for each in range(workers)
    ]
    assert max(loads) <= 2 * share or max(lanes.values(), default=0) > share


def test_lanes_go_to_the_worker_with_the_fewest_jobs() -> None:
    lane = Lane("a", "r1")
    assert place_lanes({lane: 5}, {0: 10, 1: 3, 2: 4}) == {lane: 1}


def test_an_account_with_more_than_its_share_is_split() -> None:
    lanes = {Lane("a", f"r{number}"): 10 for number in range(4)}
    assert sorted(place_lanes(lanes, {0: 0, 1: 0}).values()) == [0, 0, 1, 1]
