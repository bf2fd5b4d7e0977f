"""One pass over workers: what is granted and counted when workers are lost, and messages late."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkeic.cluster.command.team_run import TeamRun
from bulkeic.cluster.messages import Tell
from bulkeic.core.model import Job
from bulkeic.store.run_file import RunFile
from tests.cluster.simulated_team import OutcomeList, SimulatedTeam, events, replay, team_run
from tests.store.run_files import EAST, WEST, load, make_job, opened, outcome_of

JOBS = 30


@pytest.fixture
def run(short_folder: Path) -> Iterator[RunFile]:
    jobs = [make_job(seq) for seq in range(JOBS)]
    with opened(load(short_folder / "run.db", [*jobs, make_job(JOBS, WEST)])) as file:
        yield file


@pytest.fixture
def sink() -> OutcomeList:
    return OutcomeList()


@pytest.fixture
def work(run: RunFile, sink: OutcomeList) -> TeamRun:
    """Worker 0 has the lane with most jobs, and worker 1 the other."""
    work = team_run(run, sink)
    work.join(0, [EAST])
    work.join(1, [WEST])
    return work


def tell(*jobs: Job, **more: Any) -> Tell:
    return Tell(number=1, outcomes=[outcome_of(job) for job in jobs], **more)


def granted(work: TeamRun, worker: int) -> list[Job]:
    return [job for grant in work.next_parts(worker).grants for job in grant.jobs]


def test_what_a_lost_worker_reports_before_its_lane_is_granted_again_counts_once(
    work: TeamRun, sink: OutcomeList
) -> None:
    first = granted(work, 0)
    work.lost(0)
    work.move(EAST, 1)
    work.take(0, tell(*first[:5]))
    (grant,) = (each for each in work.next_parts(1).grants if each.lane == EAST)
    assert [job.seq for job in grant.jobs] == [job.seq for job in first[5:]]
    assert grant.total == JOBS - 5
    work.take(1, tell(*first[:5], *first[5:]))
    assert sorted(each.seq for each in sink.outcomes) == [job.seq for job in first]
    assert work.lanes[EAST].left == JOBS - len(first)


def test_a_lane_that_moves_to_a_worker_whose_part_has_ended_stays_moved(work: TeamRun) -> None:
    granted(work, 0)
    work.lost(0)
    work.stop("interrupted")
    assert work.next_parts(1).ends
    work.take(1, tell(is_done=True))
    work.move(EAST, 1)
    assert work.lanes[EAST].is_moved


def test_a_lane_of_another_pass_that_stopped_is_ignored(work: TeamRun) -> None:
    other = make_job(0, EAST).target.lane
    elsewhere = type(other)("333333333333", other.region)
    work.take(0, tell(stopped_lanes=[(elsewhere, "the credentials are those of another account")]))
    assert work.stopped_lanes() == {}


# The run file is only read.
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events, st.sampled_from([1, 4, 500]), st.none() | st.integers(0, 39))
def test_each_job_counts_once_and_the_pass_ends(
    run: RunFile, events: list[tuple[str, int]], batch: int, stopped_at: int | None
) -> None:
    sink = OutcomeList()
    team = SimulatedTeam(team_run(run, sink), 3, batch)
    replay(team, events, stopped_at)
    assert team.pass_.ended.is_set()
    found = sorted(each.seq for each in sink.outcomes)
    assert len(found) == len(set(found))
    assert team.pass_.stopped is not None or found == list(range(JOBS + 1))
    assert sum(lane.left for lane in team.pass_.lanes.values()) == JOBS + 1 - len(found)
    untold = sum(each.is_moved for each in team.pass_.lanes.values())
    assert sum(len(each.moved) for each in team.engines) <= team.moves
    assert team.moves == 0 or untold or any(each.moved for each in team.engines)
