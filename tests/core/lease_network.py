"""A coordinator and workers in virtual time, over a network that delays, loses and repeats."""

from functools import partial
from typing import NamedTuple

from bulkeic.core.leases.granted_jobs import GrantedJobs
from bulkeic.core.leases.lane_leases import LaneLeases
from bulkeic.core.leases.placement import place_lanes
from bulkeic.core.leases.worker_lease import LeaseState, LeaseTerms, WorkerLease
from bulkeic.core.model import Job, Lane, Settings, SourceLine, Target

# Without a hold: a worker that holds after 2 s is hardly ever at the end of its lease.
TERMS = LeaseTerms(lease_s=10.0, hold_s=10.0, margin_s=1.0)
JOBS_OF_A_LANE = 3


def job_of(lane: Lane, seq: int) -> Job:
    return Job(seq, SourceLine("targets.csv"), "f", Target(lane, "f"), Settings(1))


class Ask(NamedTuple):
    worker: int
    acknowledged: int
    grants: dict[Lane, frozenset[int]]


class Tell(NamedTuple):
    worker: int
    number: int
    done: frozenset[tuple[Lane, int]]


class SimulatedClock(NamedTuple):
    offset_s: float
    speed: float

    def at(self, time: float) -> float:
        return self.offset_s + self.speed * time


class SimulatedWorker:
    def __init__(self, number: int, clock: SimulatedClock, time: float) -> None:
        self.number = number
        self.clock = clock
        self.lease = WorkerLease(TERMS, clock.at(time))
        self.jobs: dict[Lane, set[int]] = {}
        self.done: set[tuple[Lane, int]] = set()
        self._last_message = 0

    def state(self, time: float) -> LeaseState:
        return self.lease.state(self.clock.at(time))

    def receive(self, ask: Ask, time: float) -> Tell:
        """Takes grants, and answers with all that it has done: a lost answer is harmless."""
        self.lease.acknowledged(ask.acknowledged, self.clock.at(time))
        for lane, seqs in ask.grants.items():
            new = {seq for seq in seqs if (lane, seq) not in self.done}
            self.jobs.setdefault(lane, set()).update(new)
        self._last_message += 1
        self.lease.message_made(self._last_message, self.clock.at(time))
        return Tell(self.number, self._last_message, frozenset(self.done))

    def call(self, time: float) -> list[Lane]:
        """Makes a call in every lane that has jobs, if the lease allows it."""
        if self.state(time) is not LeaseState.VALID:
            return []
        called = [lane for lane, seqs in self.jobs.items() if seqs]
        self.done |= {(lane, self.jobs[lane].pop()) for lane in called}
        return called


class SimulatedCluster:
    """Everything; ``network`` holds the messages in flight, in any order."""

    def __init__(self, clocks: list[SimulatedClock], lanes: list[Lane]) -> None:
        self.time = 0.0
        self.clock = clocks[0]
        self.workers = [
            SimulatedWorker(number, clock, self.time) for number, clock in enumerate(clocks[1:])
        ]
        self.network: list[Ask | Tell] = []
        self.recorded: set[tuple[Lane, int]] = set()
        self._leases = LaneLeases(TERMS)
        self._jobs = GrantedJobs()
        self._heard = dict.fromkeys(range(len(self.workers)), 0)
        for worker in self.workers:
            self._leases.add_worker(worker.number, self.now)
        loads = dict.fromkeys(self._heard, 0)
        for lane, number in place_lanes(dict.fromkeys(lanes, JOBS_OF_A_LANE), loads).items():
            self._leases.grant(lane, number)
            self._jobs.grant(lane, map(partial(job_of, lane), range(JOBS_OF_A_LANE)))

    @property
    def now(self) -> float:
        return self.clock.at(self.time)

    @property
    def alive(self) -> list[int]:
        return self._leases.alive

    def coordinate(self) -> None:
        """Moves free lanes, and asks every worker that is not lost."""
        self._leases.lose_silent(self.now)
        alive = self._leases.alive
        if alive:
            for lane in self._leases.take_free(self.now):
                self._leases.grant(lane, min(alive))
        for number in alive:
            grants = {
                lane: frozenset(self._jobs.unfinished(lane))
                for lane in self._leases.lanes_of(number)
            }
            self.network.append(Ask(number, self._heard[number], grants))

    def exchange(self, number: int) -> None:
        """Asks one worker and takes its answer, while all other messages are on their way."""
        on_their_way, self.network = self.network, []
        self.coordinate()
        others = [each for each in self.network if each.worker != number]
        self.network = [each for each in self.network if each.worker == number]
        while self.network:
            self.deliver(self.network.pop(0))
        self.network = on_their_way + others

    def deliver(self, message: Ask | Tell) -> None:
        if isinstance(message, Ask):
            worker = self.workers[message.worker]
            answer = worker.receive(message, self.time)
            if worker.state(self.time) is not LeaseState.LOST:  # then the worker has ended
                self.network.append(answer)
            return
        for lane, seq in message.done:  # facts, whoever reports them, and however late
            if self._jobs.finish(lane, seq):
                self.recorded.add((lane, seq))
        if self._leases.heard(message.worker, self.now):
            self._heard[message.worker] = max(self._heard[message.worker], message.number)

    def callers_of(self, lane: Lane) -> list[int]:
        """The workers that may call a lane now."""
        return [
            worker.number
            for worker in self.workers
            if lane in worker.jobs and worker.state(self.time) is LeaseState.VALID
        ]
