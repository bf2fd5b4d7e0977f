"""One pass over workers: what is granted and counted when workers are lost, and messages late."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bulkeic.app.run.run_feed import RunFeed
from bulkeic.cluster.command.team_run import TeamRun
from bulkeic.cluster.messages import PassStart, Tell
from bulkeic.cluster.policy_form import policy_form
from bulkeic.core.model import Job, Outcome
from bulkeic.core.policy import Apply
from bulkeic.core.summary import Traffic
from bulkeic.engine.limits import EngineLimits
from bulkeic.store.run_file import RunFile
from tests.store.run_files import EAST, WEST, load, make_job, opened, outcome_of

LIMITS = EngineLimits()
JOBS = 30


class OutcomeList:
    """A sink that keeps outcomes."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def put(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def store_before_image(self, *_: Any) -> None:
        raise AssertionError

    def drop(self, jobs: int) -> None:
        pass


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

    async def never(_: TeamRun) -> None:
        raise AssertionError

    work = TeamRun(
        PassStart(policy_form(Apply(), None), LIMITS),
        RunFeed(run),
        sink,
        work_through=never,
        policy=Apply(),
        limits=LIMITS,
        traffic=Traffic(),
        failures=0,
    )
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
