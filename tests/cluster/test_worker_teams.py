"""A team over several passes: lanes of lost workers that no worker can take in the same pass."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from bulkeic.app.run.run_feed import RunFeed
from bulkeic.cluster.command.team_health import TeamHealth
from bulkeic.cluster.command.team_run import TeamRun
from bulkeic.cluster.command.worker_link import LinkLostError
from bulkeic.cluster.command.worker_team import WorkerTeam
from bulkeic.cluster.messages import (
    Ask,
    Begin,
    Grant,
    PassStart,
    Tell,
    Welcome,
    decode_ask,
    decode_tell,
    encode,
)
from bulkeic.cluster.policy_form import policy_form
from bulkeic.cluster.worker.lane_host import read_lease_clock
from bulkeic.core.accounts import Accounts, RoleSession
from bulkeic.core.change.policy import Apply
from bulkeic.core.leases.worker_lease import LeaseTerms
from bulkeic.core.summary import Traffic
from bulkeic.engine.limits import EngineLimits
from bulkeic.output.console import Console
from bulkeic.store.run_file import RunFile
from bulkeic.version import __version__
from tests.cluster.simulated_team import OutcomeList
from tests.store.run_files import CHINA, EAST, WEST, load, make_job, opened, outcome_of

TERMS = LeaseTerms(lease_s=1.0, hold_s=0.5, margin_s=0.2)
LIMITS = EngineLimits()
BEGIN = Begin(
    version=__version__,
    profile=None,
    region=None,
    endpoint_url=None,
    sandbox=False,
    role_session=RoleSession(),
    timeout_s=5,
    limits=LIMITS,
    terms=TERMS,
    log_format=None,
    log_level="error",
)


class DecidingLink:
    """A worker of whose answers a function decides whether its part of the pass has ended."""

    def __init__(self, name: str, is_done: Callable[[Ask], bool]) -> None:
        self.name = name
        self.grants: list[Grant] = []
        self.questions = 0
        self._is_done = is_done
        self._has_begun = False

    async def exchange(self, message: bytes) -> bytes:
        await anyio.sleep(0.01)
        if not self._has_begun:
            self._has_begun = True
            return encode(Welcome(version=__version__))
        ask = decode_ask(message)
        self.questions += 1
        self.grants += ask.grants
        return encode(Tell(number=ask.number, is_done=self._is_done(ask)))

    async def kill(self) -> bool:
        return False

    async def close(self) -> bool:
        return True


def team_pass(run: RunFile, team: WorkerTeam) -> TeamRun:
    return TeamRun(
        PassStart(policy_form(Apply(), None), LIMITS),
        RunFeed(run),
        OutcomeList(),
        work_through=team.work_through,
        policy=Apply(),
        limits=LIMITS,
        traffic=Traffic(),
        failures=0,
    )


def test_a_lane_that_is_free_while_a_stopped_pass_ends_is_moved_in_the_next_one(
    short_folder: Path,
) -> None:
    lanes = [EAST] * 3 + [WEST] * 2 + [CHINA]
    path = load(short_folder / "run.db", [make_job(*each) for each in enumerate(lanes)])
    passes: list[TeamRun] = []
    lost_at: list[float] = []

    def leave(ask: Ask) -> bool:
        if ask.grants:
            lost_at.append(read_lease_clock())
            passes[-1].stop("interrupted")
            raise LinkLostError("gone", has_ended=False)
        return False

    def be_slow(_: Ask) -> bool:
        """Has a call in flight until after the lane of the lost worker is free."""
        return (
            bool(lost_at) and read_lease_clock() > lost_at[0] + TERMS.lease_s + 2 * TERMS.margin_s
        )

    def be_quick(ask: Ask) -> bool:
        if ask.grants and len(passes) > 1:
            passes[1].stop("interrupted")
        return True

    async def work(run: RunFile) -> list[Grant]:
        quick = DecidingLink("quick", be_quick)
        links = [DecidingLink("leaving", leave), DecidingLink("slow", be_slow), quick]
        console = Console()
        health = TeamHealth(run.workers, console, lambda *_, **__: None, in_full=False)
        team = WorkerTeam(links, BEGIN, Accounts(), health=health, console=console)
        with anyio.fail_after(60):
            async with team:
                passes.append(team_pass(run, team))
                await passes[0].run()
                before = len(quick.grants)
                passes.append(team_pass(run, team))
                await passes[1].run()
                return quick.grants[before:]

    with opened(path) as run:
        grants = anyio.run(work, run)
    assert {grant.lane: grant.is_moved for grant in grants} == {CHINA: False, EAST: True}


class WorkingLink(DecidingLink):
    """A worker that has made the calls of a grant when it answers."""

    def __init__(self, name: str) -> None:
        super().__init__(name, lambda ask: ask.ends)

    async def exchange(self, message: bytes) -> bytes:
        known = len(self.grants)
        answer = await super().exchange(message)
        jobs = [job for grant in self.grants[known:] for job in grant.jobs]
        if not jobs:
            return answer
        tell = decode_tell(answer)
        return encode(Tell(number=tell.number, outcomes=[outcome_of(job) for job in jobs]))


class SilentLink(DecidingLink):
    """A worker that cannot be used."""

    async def exchange(self, message: bytes) -> bytes:  # noqa: ARG002
        raise LinkLostError("it has ended", has_ended=True)


def pass_with_lost_lease(
    folder: Path, restart: Callable[[int], DecidingLink], *, workers: int = 1
) -> TeamRun:
    """A pass whose first workers end because they have not heard the command in time."""
    lanes = [EAST] * 3 + [WEST]
    path = load(folder / "run.db", [make_job(*each) for each in enumerate(lanes)])

    def lose_lease(ask: Ask) -> bool:
        if ask.grants:
            raise LinkLostError("it has not heard the command", has_ended=True, lost_lease=True)
        return False

    async def work(run: RunFile) -> TeamRun:
        console = Console()
        health = TeamHealth(run.workers, console, lambda *_, **__: None, in_full=False)
        links = [DecidingLink("first", lose_lease) for _ in range(workers)]
        team = WorkerTeam(links, BEGIN, Accounts(), health=health, console=console, restart=restart)
        with anyio.fail_after(60):
            async with team:
                work = team_pass(run, team)
                await work.run()
                return work

    with opened(path) as run:
        return anyio.run(work, run)


def test_a_worker_that_has_lost_its_lease_is_replaced(
    short_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    later: list[WorkingLink] = []

    def restart(number: int) -> WorkingLink:
        later.append(WorkingLink(f"worker {number}"))
        return later[-1]

    work = pass_with_lost_lease(short_folder, restart)
    assert work.stopped is None
    assert {lane: each.left for lane, each in work.lanes.items()} == {EAST: 0, WEST: 0}
    (link,) = later
    assert {grant.lane: grant.is_moved for grant in link.grants} == {EAST: True, WEST: True}
    assert capfd.readouterr().err.splitlines() == [
        "1 worker: 2 lanes",
        "first is lost: it has not heard the command; its 2 lanes move to 1 other worker",
        "worker 2 has started",
    ]


class LateLink(WorkingLink):
    """A worker that begins when it may, and lets others begin after some questions."""

    def __init__(self, name: str, others: "list[LateLink]") -> None:
        super().__init__(name)
        self.may_begin = anyio.Event()
        self._others = others

    async def exchange(self, message: bytes) -> bytes:
        await self.may_begin.wait()
        if self.questions > 5:
            for each in self._others:
                each.may_begin.set()
        return await super().exchange(message)


def test_lanes_wait_until_all_replacements_have_started(short_folder: Path) -> None:
    """Otherwise the first one would get all of them, and keep them."""
    later: list[LateLink] = []

    def restart(number: int) -> LateLink:
        for each in later:
            each.may_begin.set()
        later.append(LateLink(f"worker {number}", later))
        return later[-1]

    work = pass_with_lost_lease(short_folder, restart, workers=2)
    assert work.stopped is None
    assert sorted(len(link.grants) for link in later) == [1, 1]


def test_a_pass_stops_if_no_worker_can_be_started_in_place_of_the_last_one(
    short_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    work = pass_with_lost_lease(
        short_folder, lambda number: SilentLink(f"worker {number}", lambda _: False)
    )
    assert work.stopped == "no worker is left"
    assert "worker 2 cannot be used: it has ended" in capfd.readouterr().err.splitlines()
