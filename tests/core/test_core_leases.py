"""Whatever network and processes do, one worker at most calls a lane, and no job is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.leases.lane_leases import LaneLeases
from bulkeic.core.leases.worker_lease import LeaseState, LeaseTerms, WorkerLease
from bulkeic.core.model import Lane
from tests.core.lease_network import JOBS_OF_A_LANE, SimulatedClock, SimulatedCluster

TERMS = LeaseTerms(lease_s=10.0, hold_s=2.0, margin_s=1.0)
LANES = [
    Lane(f"{account:012}", region) for account in (1, 2) for region in ("eu-west-1", "us-east-1")
]
ALL_JOBS = {(lane, seq) for lane in LANES for seq in range(JOBS_OF_A_LANE)}

clocks = st.lists(
    st.builds(SimulatedClock, st.floats(0, 1e6), st.floats(0.995, 1.005)), min_size=3, max_size=4
)
# What happens next: to which message or worker, and how long it takes.
events = st.lists(
    st.tuples(
        st.sampled_from(
            ["wait", "exchange", "exchange", "deliver", "lose", "repeat", "coordinate"]
        ),
        st.integers(0, 3),
        st.sampled_from([0.1, 1.9, 1.9, 1.9, 4.0, 9.9, 30.0]),
    ),
    max_size=80,
)


def happen(cluster: SimulatedCluster, kind: str, number: int, seconds: float) -> None:
    """One event. A process that no event names is frozen meanwhile."""
    cluster.time += seconds if kind == "wait" else 0.0
    at = number % len(cluster.network) if cluster.network else 0
    match kind:
        case "deliver" if cluster.network:
            cluster.deliver(cluster.network.pop(at))
        case "lose" if cluster.network:
            del cluster.network[at]
        case "repeat" if cluster.network:
            cluster.network.append(cluster.network[at])
        case "coordinate":
            cluster.coordinate()
        case "exchange":
            cluster.exchange(number % len(cluster.workers))


@settings(deadline=None, max_examples=300)
@given(clocks, events)
def test_no_two_workers_may_call_a_lane_at_the_same_time(
    clocks: list[SimulatedClock], events: list[tuple[str, int, float]]
) -> None:
    cluster = SimulatedCluster(clocks, LANES)
    for event in events:
        happen(cluster, *event)
        for lane in LANES:
            assert len(cluster.callers_of(lane)) <= 1


@settings(deadline=None, max_examples=200)
@given(clocks, events)
def test_no_job_is_lost_while_a_worker_is_left(
    clocks: list[SimulatedClock], events: list[tuple[str, int, float]]
) -> None:
    cluster = SimulatedCluster(clocks, LANES)
    for event in events:
        happen(cluster, *event)
    heal(cluster)
    assert not cluster.alive or cluster.recorded == ALL_JOBS


def test_a_late_acknowledgment_lets_no_second_worker_call() -> None:
    same = SimulatedClock(0.0, 1.0)
    cluster = SimulatedCluster([same, same, same], LANES)
    cluster.exchange(0)
    cluster.exchange(1)
    cluster.coordinate()
    (late,) = [each for each in cluster.network if each.worker == 0][-1:]
    for at in (1.9, 3.8, 5.7, 7.6, 9.5):
        cluster.time = at
        cluster.exchange(1)
    cluster.deliver(late)  # it acknowledges what worker 0 has said 9.5 s ago
    for at in (9.6, 10.1, 11.1, 12.0, 19.0):
        cluster.time = at
        cluster.exchange(1)
        assert all(len(cluster.callers_of(lane)) <= 1 for lane in LANES)
    assert {*map(tuple, map(cluster.callers_of, LANES))} == {(1,)}


def heal(cluster: SimulatedCluster) -> None:
    """From now on every message arrives at once, and every process works."""
    for _ in range(60):
        cluster.time += 0.5
        cluster.coordinate()
        while cluster.network:
            cluster.deliver(cluster.network.pop(0))
        for worker in cluster.workers:
            worker.call(cluster.time)


@pytest.mark.parametrize(
    ("unheard_s", "state"),
    [
        (0.0, LeaseState.VALID),
        (1.99, LeaseState.VALID),
        (2.0, LeaseState.HELD),
        (9.99, LeaseState.HELD),
        (10.0, LeaseState.LOST),
    ],
)
def test_the_states_of_a_lease(unheard_s: float, state: LeaseState) -> None:
    assert WorkerLease(TERMS, 100.0).state(100.0 + unheard_s) is state


def test_a_lease_counts_from_when_the_acknowledged_message_was_made() -> None:
    lease = WorkerLease(TERMS, 0.0)
    lease.message_made(1, 1.0)
    lease.acknowledged(1, 5.0)
    assert lease.state(10.9) is LeaseState.HELD
    assert lease.next_change(10.9) == 11.0
    assert lease.state(11.0) is LeaseState.LOST


def test_an_answer_that_is_given_again_does_not_extend_the_lease() -> None:
    """The coordinator may have received it the first time, and counts from then."""
    lease = WorkerLease(TERMS, 0.0)
    lease.message_made(1, 1.0)
    lease.message_made(1, 9.0)
    lease.acknowledged(1, 9.5)
    lease.message_made(1, 9.6)
    lease.acknowledged(1, 9.7)
    assert lease.state(10.9) is LeaseState.HELD
    assert lease.state(11.0) is LeaseState.LOST


def test_a_lost_lease_stays_lost() -> None:
    lease = WorkerLease(TERMS, 0.0)
    lease.message_made(1, 9.0)
    assert lease.state(10.0) is LeaseState.LOST
    lease.acknowledged(1, 10.0)
    assert lease.state(10.0) is LeaseState.LOST


def test_the_lanes_of_a_process_that_has_ended_are_free_at_once() -> None:
    leases = LaneLeases(TERMS)
    leases.add_worker(0, 0.0)
    leases.grant(LANES[0], 0)
    leases.lose(0, has_ended=True)
    assert leases.take_free(0.0) == [LANES[0]]
    assert leases.take_free(99.0) == []


def test_the_lanes_of_a_silent_worker_are_free_after_the_lease_and_the_margin() -> None:
    leases = LaneLeases(TERMS)
    leases.add_worker(0, 0.0)
    leases.grant(LANES[0], 0)
    assert leases.next_change() == 10.0
    assert leases.lose_silent(9.9) == []
    assert leases.lose_silent(10.0) == [0]
    assert leases.next_change() == 11.0
    assert leases.take_free(10.9) == []
    assert leases.take_free(11.0) == [LANES[0]]


def test_the_leases_of_all_lost_workers_have_ended_when_the_last_one_has() -> None:
    leases = LaneLeases(TERMS)
    for worker, heard_at in enumerate((0.0, 3.0, 5.0)):
        leases.add_worker(worker, heard_at)
    assert leases.all_ended_at() == float("-inf")
    leases.lose(0)
    leases.lose(1)
    assert leases.all_ended_at() == 3.0 + TERMS.lease_s + TERMS.margin_s
    leases.lose(1, has_ended=True)
    leases.lose(2, has_ended=True)
    assert leases.all_ended_at() == TERMS.lease_s + TERMS.margin_s


def test_a_lost_worker_is_never_asked_again_and_gets_no_lane() -> None:
    leases = LaneLeases(TERMS)
    leases.add_worker(0, 0.0)
    leases.lose(0)
    assert not leases.heard(0, 1.0)
    with pytest.raises(ValueError, match="worker 0 is lost"):
        leases.grant(LANES[0], 0)


def test_a_lane_has_one_holder() -> None:
    leases = LaneLeases(TERMS)
    leases.add_worker(0, 0.0)
    leases.add_worker(1, 0.0)
    leases.grant(LANES[0], 0)
    with pytest.raises(ValueError, match="worker 0 holds"):
        leases.grant(LANES[0], 1)


@pytest.mark.parametrize(
    ("terms", "problem"),
    [({"margin_s": 0.05}, "margin_s"), ({"hold_s": 11.0}, "hold_s"), ({"hold_s": 0.0}, "hold_s")],
)
def test_terms_that_cannot_be_safe_are_refused(terms: dict[str, float], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        LeaseTerms(**terms)
