"""One pass over jobs, made by workers: which jobs they have, and what came back."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import NamedTuple

import anyio

from bulkeic.app.run.engine_source import TeamFeed
from bulkeic.cluster.command.team_health import WorkDone
from bulkeic.cluster.messages import Grant, PassStart, Tell
from bulkeic.core.change.policy import Policy, calls_per_job
from bulkeic.core.errors import BulkeicError
from bulkeic.core.leases.granted_jobs import GrantedJobs
from bulkeic.core.model import NOT_DONE, Job, Lane
from bulkeic.core.pacing.forecast import USUAL_CALL_S, Forecast, LaneBacklog, forecast
from bulkeic.core.summary import Traffic
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.ports import Sink

_MOST_JOBS_IN_A_MESSAGE = 2000


class TeamLane:
    """A lane in one pass.

    Attributes:
        left: its jobs without an outcome.
        untold: those of them that its worker does not know of, if it knows the lane.
        granted_to: the worker that knows of it; ``None``: none yet.
        is_moved: whether another worker may have called it before.
        has_more: whether the feed may have more jobs of it.
        again: jobs that a lost worker had.
    """

    __slots__ = ("again", "granted_to", "has_more", "is_moved", "left", "untold")

    def __init__(self, left: int) -> None:
        self.left = left
        self.untold = 0
        self.granted_to: int | None = None
        self.is_moved = False
        self.has_more = True
        self.again: list[Job] = []


class TeamMember:
    """A worker in one pass.

    Attributes:
        needy: lanes that need more jobs, the first one first.
        stored: jobs whose before-images are stored, and which the worker does not know yet.
        unstored: how many before-images are not stored yet.
        traffic: what it has sent in this pass.
        held_failures: its denied jobs whose outcomes are held back.
        is_started: whether it was told that the pass has started.
        is_ending: whether it was told that the pass ends.
    """

    def __init__(self, lanes: Iterable[Lane]) -> None:
        self.needy: dict[Lane, None] = dict.fromkeys(lanes)
        self.stored: list[int] = []
        self.unstored = 0
        self.traffic = Traffic()
        self.held_failures = 0
        self.is_started = self.is_ending = False

    def image_stored(self, seq: int) -> None:
        """Records that a before-image is stored."""
        self.unstored -= 1
        self.stored.append(seq)


class AskParts(NamedTuple):
    """What a question tells a worker about a pass; see ``Ask``."""

    start: PassStart | None = None
    grants: list[Grant] = []  # noqa: RUF012 - it is never changed
    stored: list[int] = []  # noqa: RUF012
    stop: str | None = None
    ends: bool = False


class TeamRun:
    """Works through the jobs of a pass with workers; see ``JobRunner``.

    Args:
        start: what each worker gets first.
        feed: the jobs.
        sink: receives what they have done.
        work_through: lets the workers work on it until it has ended.
        policy: how targets are treated.
        limits: of calls.
        traffic: the counts of earlier passes; this one adds to them.
        failures: jobs that failed in earlier passes.
        is_check: whether it only verifies what the session has done.

    Attributes:
        traffic: what was sent.
        failures: jobs that failed so far.
        has_denied_lane: whether a lane stopped because its jobs were denied.
        stopped: why the pass ended early; ``None``: it did not.
        ended: is set when it has ended on every worker.
        lanes: those of the pass.
    """

    def __init__(
        self,
        start: PassStart,
        feed: TeamFeed,
        sink: Sink,
        *,
        work_through: Callable[["TeamRun"], Awaitable[None]],
        policy: Policy,
        limits: EngineLimits,
        traffic: Traffic,
        failures: int,
        is_check: bool = False,
    ) -> None:
        self.ended = anyio.Event()
        self.traffic = traffic
        self.failures = failures
        self.has_denied_lane = False
        self.stopped: str | None = None
        self.lanes = {lane: TeamLane(left) for lane, left in feed.lanes().items()}
        self._is_check = is_check
        self._work_through = work_through
        self._start = start
        self._feed = feed
        self._sink = sink
        self._limits = limits
        self._calls_per_job = calls_per_job(policy)
        self._jobs = GrantedJobs()
        self._finished = 0
        self._left = sum(lane.left for lane in self.lanes.values())
        self._stopped_lanes: dict[Lane, str] = {}
        self._members: dict[int, TeamMember] = {}

    async def run(self) -> None:
        """Works until every job has its outcome, or until it is stopped."""
        await self._work_through(self)

    # What the team does with it.

    def join(self, worker: int, lanes: Iterable[Lane]) -> None:
        """Lets a worker take part, with its lanes."""
        self._members[worker] = TeamMember(lane for lane in lanes if lane in self.lanes)

    def move(self, lane: Lane, worker: int) -> None:
        """Gives a lane of a lost worker to another one, with the jobs that the lost one had.

        A worker whose part of the pass has ended gets it in the next pass.
        """
        state, member = self.lanes[lane], self._members.get(worker)
        state.granted_to, state.is_moved = None, True
        if member is None:
            return
        unfinished = self._jobs.unfinished(lane)
        try:
            state.again = self._feed.take_again(lane, unfinished) if unfinished else []
        except BulkeicError as error:
            self.stop(str(error))
        member.needy[lane] = None

    def lost(self, worker: int) -> None:
        """Goes on without a worker."""
        self._members.pop(worker, None)
        self._end_if_done()

    def is_waited_for(self, worker: int) -> bool:
        """Whether a worker waits for before-images to be stored, or for more jobs."""
        member = self._members.get(worker)
        return member is not None and bool(member.unstored or member.needy)

    def next_parts(self, worker: int) -> AskParts:
        """What the next question tells a worker. For one that is lost, it has nothing."""
        member = self._members.get(worker)
        if member is None:
            return AskParts()
        start = None if member.is_started else self._start
        member.is_started = True
        grants = self._grants(member, worker)
        stored, member.stored = member.stored, []
        must_end = self._left <= 0 or self.stopped is not None
        ends = must_end and not member.is_ending
        member.is_ending |= ends
        return AskParts(start, grants, stored, self.stopped if ends else None, ends)

    def _grants(self, member: "TeamMember", worker: int) -> list[Grant]:
        found: list[Grant] = []
        needy, jobs = member.needy, 0
        while needy and jobs < _MOST_JOBS_IN_A_MESSAGE and self.stopped is None:
            lane = next(iter(needy))
            del needy[lane]
            try:
                grant = self._grant(lane, worker)
            except BulkeicError as error:  # of the run file
                self.stop(str(error))
                break
            if grant is not None:
                found.append(grant)
                jobs += len(grant.jobs)
        return found

    def _grant(self, lane: Lane, worker: int) -> Grant | None:
        state = self.lanes[lane]
        if lane in self._stopped_lanes or not state.left:
            return None
        # What the lost worker has reported meanwhile is finished.
        jobs = [job for job in state.again if self._jobs.job(lane, job.seq) is not None]
        state.again = []
        if not jobs and state.has_more and self._has_few(lane):
            jobs = list(self._feed.take(lane))
            state.has_more = bool(jobs)
        is_new = state.granted_to is None
        total, state.untold = (state.left if is_new else state.untold), 0
        if not jobs and not is_new and not total:
            return None
        self._jobs.grant(lane, jobs)
        state.granted_to = worker
        is_moved, state.is_moved = state.is_moved, False
        return Grant(lane, total, is_moved, jobs)

    def _has_few(self, lane: Lane) -> bool:
        """Whether the worker of a lane has so few of its jobs that it needs more."""
        return self._jobs.count(lane) <= self._feed.batch // 2

    def take(self, worker: int, tell: Tell) -> WorkDone:
        """Takes what a worker has done; also of one that is lost, because it has happened."""
        sent, finished = self.traffic, self._finished
        calls, throttles = sent.calls, sent.throttles
        self._take(worker, tell)
        targets = 0 if self._is_check else self._finished - finished
        return WorkDone(targets, sent.calls - calls, sent.throttles - throttles)

    def _take(self, worker: int, tell: Tell) -> None:
        member = self._members.get(worker)
        if member is not None:
            self._take_images(member, tell)
        for outcome in tell.outcomes:
            assert outcome.target is not None  # noqa: S101 - it was granted
            if self._finish(outcome.target.lane, outcome.seq):
                self._sink.put(outcome)
                self.failures += outcome.status in NOT_DONE
        if member is None:
            return
        self._take_counts(member, tell)
        self.has_denied_lane |= tell.has_denied_lane
        for lane, reason in tell.stopped_lanes:
            self._stop_lane(lane, reason)
        if tell.stopped is not None and self.stopped is None:
            self._engine_stopped(worker, tell.stopped)
        if tell.is_done and member.is_ending:
            self.lost(worker)

    def _take_images(self, member: TeamMember, tell: Tell) -> None:
        for seen in tell.images:
            image, lane, seq = seen.image, seen.lane, seen.seq
            job = self._jobs.job(lane, seq)
            if job is not None:
                member.unstored += 1
                self._sink.store_before_image(job, image, partial(member.image_stored, seq))
                if image.is_pending:
                    self._finish(lane, seq)

    def _finish(self, lane: Lane, seq: int) -> bool:
        """Records that a job is finished: whether that is news."""
        if not self._jobs.finish(lane, seq):
            return False
        state = self.lanes[lane]
        state.left -= 1
        self._finished += 1
        if lane not in self._stopped_lanes:
            self._left -= 1
        if state.granted_to is not None and self._has_few(lane):
            member = self._members.get(state.granted_to)
            if member is not None:
                member.needy[lane] = None
        return True

    def _take_counts(self, member: "TeamMember", tell: Tell) -> None:
        for name in ("calls", "throttles", "conflicts", "retries"):
            more = getattr(tell.traffic, name) - getattr(member.traffic, name)
            setattr(self.traffic, name, getattr(self.traffic, name) + more)
        member.traffic, member.held_failures = tell.traffic, tell.held_failures
        held = sum(each.held_failures for each in self._members.values())
        failures, most = self.failures + held, self._limits.max_failures
        if most is not None and failures >= most:
            self.stop(f"{failures:,} failed, the maximum allowed")

    def _stop_lane(self, lane: Lane, reason: str) -> None:
        if lane in self.lanes and lane not in self._stopped_lanes:
            self._stopped_lanes[lane] = reason
            self._left -= self.lanes[lane].left
            self._sink.drop(self.lanes[lane].left)

    def _engine_stopped(self, worker: int, reason: str) -> None:
        """Records that the engine of a worker has stopped by itself."""
        del worker
        self.stop(reason)

    def _end_if_done(self) -> None:
        if not self._members:
            self.ended.set()

    # What a session sees.

    def stop(self, reason: str) -> None:
        """Starts no more calls. Those in flight finish. The first reason is kept."""
        self.stopped = self.stopped or reason

    def stopped_lanes(self) -> dict[Lane, str]:
        """The lanes that stopped by themselves, each with the reason."""
        return dict(self._stopped_lanes)

    def forecast(self) -> Forecast | None:
        """How long the remaining jobs will take; ``None``: no jobs remain."""
        rate = self._limits.first_rate
        lanes = [
            LaneBacklog(lane, state.left, rate, 0.0, self._calls_per_job)
            for lane, state in self.lanes.items()
            if state.left and lane not in self._stopped_lanes
        ]
        concurrency = self._limits.concurrency * max(1, len(self._members))
        return forecast(lanes, concurrency=concurrency, call_s=USUAL_CALL_S)
