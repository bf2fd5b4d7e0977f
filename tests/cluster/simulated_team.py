"""A pass over workers that are lost, whose messages are late, and whose engines are counted."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from bulkeic.app.run.run_feed import RunFeed
from bulkeic.cluster.command.team_run import AskParts, TeamRun
from bulkeic.cluster.messages import PassStart, Tell
from bulkeic.cluster.policy_form import policy_form
from bulkeic.core.change.policy import Apply
from bulkeic.core.leases.placement import place_lanes
from bulkeic.core.model import Job, Lane, Outcome
from bulkeic.core.summary import Traffic
from bulkeic.engine.limits import EngineLimits
from bulkeic.store.run_file import RunFile
from tests.store.run_files import outcome_of

LIMITS = EngineLimits()


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


def team_run(run: RunFile, sink: OutcomeList) -> TeamRun:
    """A pass over the pending jobs of a run."""

    async def never(_: TeamRun) -> None:
        raise AssertionError

    return TeamRun(
        PassStart(policy_form(Apply(), None), LIMITS),
        RunFeed(run),
        sink,
        work_through=never,
        policy=Apply(),
        limits=LIMITS,
        traffic=Traffic(),
        failures=0,
    )


class CountingEngine:
    """An engine that ends as the real one does: after as many jobs as it was promised."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.moved: list[Lane] = []
        self._unfinished = 0
        self._is_growing = True
        self._stopped = False
        self._done: list[Job] = []

    def receive(self, parts: AskParts) -> None:
        for grant in parts.grants:
            self._unfinished += grant.total
            self.jobs += grant.listings or grant.jobs
            self.moved += [grant.lane] * grant.is_moved
        self._is_growing &= not parts.ends
        self._stopped |= parts.stop is not None

    def work(self, number: int) -> None:
        """Finishes some of its jobs."""
        if not self._stopped:
            assert self._unfinished >= len(self.jobs)
            done, self.jobs = self.jobs[:number], self.jobs[number:]
            self._done += done
            self._unfinished -= len(done)

    def tell(self) -> Tell:
        done, self._done = self._done, []
        is_done = self._stopped or not (self._is_growing or self._unfinished > 0)
        return self.answer(done, is_done=is_done)

    def answer(self, done: list[Job], *, is_done: bool) -> Tell:
        """What it says of jobs that it has finished."""
        return Tell(number=1, outcomes=[outcome_of(job) for job in done], is_done=is_done)


class SimulatedTeam:
    """Workers on a real ``TeamRun``; each has one question or answer in flight at most."""

    def __init__(
        self,
        pass_: TeamRun,
        workers: int,
        batch: int,
        engine: Callable[[], CountingEngine] = CountingEngine,
    ) -> None:
        self.pass_ = pass_
        self.pass_._feed.batch = batch  # noqa: SLF001 - small, so that there are several
        self.engines = [engine() for _ in range(workers)]
        self.alive = list(range(workers))
        self.moves = 0
        self._answers: dict[int, Tell] = {}
        lanes = {lane: each.left for lane, each in self.pass_.lanes.items()}
        self._holders = place_lanes(lanes, dict.fromkeys(self.alive, 0))
        for worker in self.alive:
            self.pass_.join(worker, [lane for lane in lanes if self._holders[lane] == worker])

    def ask(self, worker: int) -> None:
        """Asks a worker that is not lost; its answer is in flight."""
        if worker in self.alive and worker not in self._answers:
            self.engines[worker].receive(self.pass_.next_parts(worker))
            self._answers[worker] = self.engines[worker].tell()

    def deliver(self, worker: int) -> None:
        """Delivers an answer, also of a worker that is lost."""
        if (answer := self._answers.pop(worker, None)) is not None:
            self.pass_.take(worker, answer)

    def lose(self, worker: int) -> None:
        """Loses a worker, but not the last one. It makes no calls any more."""
        if worker in self.alive and len(self.alive) > 1:
            self.alive.remove(worker)
            self.pass_.lost(worker)

    def move(self) -> None:
        """Moves the lanes of lost workers, each to the next one that is left."""
        for lane, holder in self._holders.items():
            if holder not in self.alive:
                self.moves += 1
                self._holders[lane] = self.alive[self.moves % len(self.alive)]
                self.pass_.move(lane, self._holders[lane])

    def finish(self) -> None:
        """From now on each message arrives, and each worker works."""
        for _ in range(200):
            self.move()
            for worker in self.alive:
                self.ask(worker)
                self.deliver(worker)
                self.engines[worker].work(5)
            if self.pass_.ended.is_set():
                return


events = st.lists(
    st.tuples(
        st.sampled_from(["round", "ask", "deliver", "work", "lose", "lose late", "move"]),
        st.integers(0, 2),
    ),
    min_size=4,
    max_size=40,
)
"""What happens to a team of three workers."""


def replay(team: SimulatedTeam, events: list[tuple[str, int]], stopped_at: int | None) -> None:
    """Lets events happen, then lets the pass end."""
    for number, (kind, worker) in enumerate(events):
        if number == stopped_at:
            team.pass_.stop("interrupted")
        match kind:
            case "round" if worker in team.alive:
                team.ask(worker)
                team.deliver(worker)
                team.engines[worker].work(4)
            case "ask":
                team.ask(worker)
            case "deliver":
                team.deliver(worker)
            case "work" if worker in team.alive:
                team.engines[worker].work(4)
            case "lose":
                team.lose(worker)
            case "lose late":
                team.ask(worker)
                team.lose(worker)
                team.move()
                team.deliver(worker)
            case "move":
                team.move()
    team.finish()
