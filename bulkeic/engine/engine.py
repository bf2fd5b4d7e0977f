"""The engine: tasks that always make the call that has been due longest, over all lanes.

There are as many tasks as ``concurrency`` allows, and none for each job or lane. Jobs that wait
(for a token, a retry or their function) wait in the queue of their lane.
"""

import functools
import random
from collections.abc import Iterable

import anyio

from bulkeic.core.change.confirmation import (
    CONFIRMING_CALL,
    CONFIRMING_READ,
    doubt_after,
    step_in_doubt,
)
from bulkeic.core.change.policy import Apply, Discover, Policy, Verify, calls_per_job
from bulkeic.core.change.reconcile import Decision, Step, first_step, next_step
from bulkeic.core.model import NOT_DONE, UNANSWERED, Answer, Call, Failure, Lane, Outcome, Status
from bulkeic.core.pacing.forecast import Forecast
from bulkeic.core.pacing.retry import RetryLimit, is_hold
from bulkeic.core.summary import Traffic
from bulkeic.engine.active_job import ActiveJob
from bulkeic.engine.awake_clock import AwakeClock
from bulkeic.engine.dispatcher import Dispatcher
from bulkeic.engine.lanes.lane_registry import LaneRegistry
from bulkeic.engine.lanes.lane_runtime import LaneRuntime
from bulkeic.engine.lanes.rate_limiter import RateLimiter
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.log_events import EngineLog
from bulkeic.engine.ports import Caller, Clock, Feed, MayStart, Sink, SystemClock
from bulkeic.engine.retries import Retries
from bulkeic.engine.supervisor import Release, StopLane, StopRun, Supervisor, ends_lane, is_denied

# Their failures are results, which the command reports.
_REPORTERS = (Verify, Discover)
_FAILED = Status.FAILED  # looking up a member is slow


class Engine:
    """Runs the jobs of a feed.

    Args:
        feed: provides the jobs.
        caller: makes the calls.
        sink: receives the outcomes.
        limits: rates, concurrency, attempts, and when to stop.
        policy: how the run treats its targets.
        growing: whether more jobs may arrive until ``close_feed`` is called.
        limiters: rate limiters of earlier engines; the engine adds those of new lanes.
        traffic: the counts of earlier engines; the engine adds to them.
        failures: jobs that failed in earlier engines.
        log: of earlier engines; the engine adds its events.
        clock: the time.
        rng: draws the jitter of retries.
        may_start: whether calls may start now; ``None``: always.

    Attributes:
        traffic: what was sent.
        has_denied_lane: whether a lane stopped because its jobs were denied.
    """

    def __init__(
        self,
        feed: Feed,
        caller: Caller,
        sink: Sink,
        limits: EngineLimits,
        policy: Policy = Apply(),  # noqa: B008 - frozen
        *,
        growing: bool = False,
        limiters: dict[Lane, RateLimiter] | None = None,
        traffic: Traffic | None = None,
        failures: int = 0,
        log: EngineLog | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        may_start: MayStart | None = None,
    ) -> None:
        self.traffic = Traffic() if traffic is None else traffic
        self.has_denied_lane = False
        self._feed = feed
        self._caller = caller
        self._sink = sink
        self._policy = policy
        self._concurrency = limits.concurrency
        self._clock = AwakeClock(clock or SystemClock())
        self._retries = Retries(limits, rng or random.Random())  # noqa: S311 - jitter
        self._supervisor = Supervisor(limits, failures)
        self._lanes = LaneRegistry(
            feed, limits, {} if limiters is None else limiters, self._supervisor.unresponsive
        )
        self._dispatcher = Dispatcher(
            self._lanes, self._clock, growing=growing, may_start=may_start
        )
        self._log = log or EngineLog()
        self._running = False

    @property
    def stopped(self) -> str | None:
        """Why the run ended early; ``None``: it did not."""
        return self._dispatcher.stopped

    @property
    def failures(self) -> int:
        """Jobs that failed so far."""
        return self._supervisor.failures

    @property
    def held_failures(self) -> int:
        """Denied jobs whose outcomes are held back."""
        return self._supervisor.held

    async def run(self) -> None:
        """Run until every job has its outcome, or until the engine stops.

        Afterwards ``stopped`` says why it ended early, and ``stopped_lanes`` which lanes did.
        """
        self._running = True
        self._clock.start()
        try:
            await self._run_tasks()
        finally:
            self._clock.stop()
        self._dispatcher.cancel_timer()
        for runtime in self._lanes:
            self._publish_all(runtime, self._supervisor.release(runtime.health))

    async def _run_tasks(self) -> None:
        for lane, jobs in self._feed.lanes().items():
            self.jobs_arrived(lane, jobs)
        number = self._concurrency
        if not self._dispatcher.growing:
            number = min(number, self._lanes.unfinished)
        async with anyio.create_task_group() as tasks:
            for _ in range(number):
                tasks.start_soon(self._work)

    def jobs_arrived(self, lane: Lane, jobs: int, *, is_moved: bool = False) -> None:
        """Report that the feed has more jobs of a lane.

        Args:
            lane: account and Region.
            jobs: how many; 0: of those that were reported before, it has some that it had not.
            is_moved: whether another process may have called the lane until now.
        """
        if not self._running:
            return  # run() counts the jobs that are there when it starts
        now = self._clock.now()
        runtime = self._lanes.open(lane, now)
        if runtime.stopped is not None:
            self._feed.take(lane)
            self._sink.drop(jobs)
            return
        if is_moved:
            runtime.start_empty(now)
        self._lanes.add_jobs(runtime, jobs)
        self._dispatcher.update(runtime, now)
        self._dispatcher.wake_one()

    def wake(self) -> None:
        """Report that calls may start again."""
        self._dispatcher.wake_one()

    def close_feed(self) -> None:
        """Report that no more jobs will arrive."""
        self._dispatcher.growing = False
        self._dispatcher.end_if_finished()

    def discard_unstarted(self) -> None:
        """Discard the jobs that the feed has provided and that have not started."""
        for lane in self._lanes:
            lane.queue.discard_unstarted()

    def stop(self, reason: str) -> None:
        """Start no more calls. Those in flight finish. The first reason is kept."""
        self._dispatcher.stop(reason)

    def stopped_lanes(self) -> dict[Lane, str]:
        """The lanes that stopped by themselves, each with the reason."""
        return self._lanes.stopped()

    def forecast(self) -> Forecast | None:
        """Forecast how long the remaining jobs will take; ``None``: no jobs remain."""
        return self._lanes.forecast(self._clock.now(), calls_per_job(self._policy))

    async def _work(self) -> None:
        send, read_clock, dispatcher = self._caller.call, self._clock.now, self._dispatcher
        now = read_clock()
        while True:
            started = dispatcher.take(now)
            while started is None:
                if not await dispatcher.wait():
                    return
                now = read_clock()
                started = dispatcher.take(now)
            lane, active = started
            has_next_call = True
            while has_next_call:
                call = self._begin_attempt(active, now)
                answer = await send(active.job, call)
                now = read_clock()
                active.call_s = now - active.sent_at
                has_next_call = self._settle(lane, active, call, answer, now)

    def _begin_attempt(self, active: ActiveJob, now: float) -> Call:
        is_reread = False
        really_now = now + self._clock.suspended_s
        if active.call is None:
            step = first_step(active.job, self._policy)
            assert isinstance(step.then, Call)  # noqa: S101 - no job ends before its first call
            active.start(step.then, self._policy, now, self._clock.wall())
        else:
            is_reread = active.reread_if_stale(really_now)
        active.count_attempt(self.traffic, is_reread=is_reread)
        active.previous_sent_at = active.sent_at if active.call_attempts > 1 else now
        active.sent_at, active.really_sent_at = now, really_now
        assert active.call is not None  # noqa: S101 - it was set when the job started
        return active.call

    def _settle(
        self, lane: LaneRuntime, active: ActiveJob, call: Call, answer: Answer, now: float
    ) -> bool:
        """Process an answer. Returns whether the job's next call starts at once."""
        slowed = lane.end_call(active, answer, now)
        if active.is_unresponsive_call:
            self._dispatcher.unresponsive_call_ended(self._supervisor.unresponsive, now)
        if not isinstance(answer, Failure):
            self._supervisor.answered(now)
            starts_at_once = self._proceed(lane, active, call, answer, now)
        elif is_hold(answer):
            self._hold(lane, active, answer, now)
            return False
        else:
            if slowed:
                self._log.slowed(lane.lane, answer.code, lane.rate(now))
            starts_at_once = self._settle_failure(lane, active, call, answer, now)
        if lane.due > now:  # otherwise the schedule looks at the lane anyway
            self._dispatcher.update(lane, now)
        return starts_at_once

    def _settle_failure(
        self, lane: LaneRuntime, active: ActiveJob, call: Call, failure: Failure, now: float
    ) -> bool:
        """Retry a call that failed, or make the next step. Returns whether that starts at once."""
        active.doubt = doubt_after(active.doubt, call, failure, self._policy)
        starts_at_once = False
        if not self._retry(lane, active, failure, now):
            starts_at_once = self._proceed(lane, active, call, failure, now)
        is_stopping = self.stopped is not None
        stop = self._supervisor.lane_failed(lane.health, failure, now, is_stopping=is_stopping)
        self._carry_out(lane, stop)
        return starts_at_once

    def _proceed(
        self, lane: LaneRuntime, active: ActiveJob, call: Call, answer: Answer, now: float
    ) -> bool:
        """Make the step after a call. Returns whether the job's next call starts at once."""
        step = self._next_step(active, call, answer)
        if step is CONFIRMING_READ and isinstance(answer, Failure):
            due = now + self._retries.wait(answer, active.call_attempts)
            active.set_call(CONFIRMING_CALL, None)
            active.begin_confirmation(call, answer)
            lane.queue.wait_until(active, due)
            return False
        if isinstance(step.then, Call):
            return self._continue(lane, active, step, step.then, now)
        if step.before_image is not None:
            self._sink.store_before_image(active.job, step.before_image, lambda: None)
        self._finish(lane, active, step.then, answer, now)
        return False

    def _next_step(self, active: ActiveJob, call: Call, answer: Answer) -> Step:
        """Decide the step after a call that is not retried."""
        job, policy, read, doubt = active.job, self._policy, active.read, active.doubt
        if doubt is None:
            return next_step(job, policy, call, answer, read)
        return step_in_doubt(job, policy, call, answer, read=read, doubt=doubt)

    def _retry(self, lane: LaneRuntime, active: ActiveJob, failure: Failure, now: float) -> bool:
        """Count a failure, and queue the call for a retry. Returns whether it will be retried."""
        event = active.count_failure(failure, self.traffic)
        if failure.fault not in UNANSWERED:
            self._supervisor.answered(now)
        limit = active.limit_of(failure)
        if lane.health.answered_at > active.previous_sent_at:
            active.counted_attempts += limit is RetryLimit.ATTEMPTS
        else:  # the whole lane is unanswered, so the failure is not this job's own
            self._carry_out(lane, self._supervisor.unanswered(active.sent_at, failure, now))
        delay_s: float | None = 0.0  # a job whose lane ends stays queued, and so pending
        if not ends_lane(failure):
            delay_s = self._retries.delay(active.failed_attempt(failure, limit, now))
        if delay_s is None:
            return False
        self._log.retry(event, lane.lane, active, failure.code, delay_s)
        lane.queue.wait_until(active, now + delay_s)
        return True

    def _hold(self, lane: LaneRuntime, active: ActiveJob, failure: Failure, now: float) -> None:
        """Let a lane wait for credentials, and its job as if its call had not started."""
        active.undo_attempt(self.traffic)
        delay_s = self._retries.hold_delay(failure, lane.health.holds + 1)
        lane.hold(active, delay_s, self._supervisor.give_up_after_s, now)
        self._log.held(lane.lane, failure, delay_s)
        is_stopping = self.stopped is not None
        stop = self._supervisor.lane_failed(lane.health, failure, now, is_stopping=is_stopping)
        self._carry_out(lane, stop)
        self._dispatcher.update(lane, now)

    def _continue(
        self, lane: LaneRuntime, active: ActiveJob, step: Step, call: Call, now: float
    ) -> bool:
        """Continue a job with its next call. Returns whether that starts at once."""
        active.set_call(call, step.read)
        if not call.operation.is_metered and self.stopped is None:
            lane.start_unmetered(active, now)
            return True
        if step.before_image is None:
            lane.queue.wait_until(active, now)
        else:
            lane.queue.storing += 1
            on_stored = functools.partial(self._before_image_stored, lane, active)
            self._sink.store_before_image(active.job, step.before_image, on_stored)
        return False

    def _before_image_stored(self, lane: LaneRuntime, active: ActiveJob) -> None:
        now = self._clock.now()
        lane.queue.storing -= 1
        lane.queue.wait_until(active, now)
        self._dispatcher.update(lane, now)
        self._dispatcher.wake_one()

    def _finish(
        self,
        lane: LaneRuntime,
        active: ActiveJob,
        decision: Decision,
        answer: Answer,
        now: float,
    ) -> None:
        lane.queue.finish(active, now)
        outcome, status = None, decision.status
        if status is not None:
            has_failed = status is _FAILED
            if has_failed and active.doubt is not None:
                # That of the change, not of the read that confirms it.
                answer = active.doubt.failure or answer
            outcome = active.outcome(decision, status, answer, now)
            if has_failed and is_denied(answer):
                if lane.stopped is None:
                    denied = self._supervisor.job_denied(lane.health, outcome, lane.left)
                    self._carry_out(lane, denied)
                return
        if lane.health.denied_in_a_row:
            self._publish_all(lane, self._supervisor.job_not_denied(lane.health))
        self._publish(lane, outcome)

    def _publish_all(self, lane: LaneRuntime, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self._publish(lane, outcome)

    def _publish(self, lane: LaneRuntime, outcome: Outcome | None) -> None:
        """Publish an outcome; ``None``: the job was planned, and gets no outcome now."""
        self._lanes.finish_job(lane)
        if outcome is None:
            return
        self._sink.put(outcome)
        if outcome.status in NOT_DONE:
            expected = isinstance(self._policy, _REPORTERS)
            self._log.failed(lane.lane, outcome, expected=expected)
            self._carry_out(lane, self._supervisor.job_failed())

    def _carry_out(self, lane: LaneRuntime, decision: StopRun | StopLane | Release | None) -> None:
        """Carry out a decision of the supervisor about a lane, or about the run."""
        match decision:
            case StopRun(reason):
                self.stop(reason)
            case StopLane(reason, is_denied):
                self._stop_lane(lane, reason)
                self.has_denied_lane |= is_denied
            case Release(outcomes):
                self._publish_all(lane, outcomes)

    def _stop_lane(self, lane: LaneRuntime, reason: str) -> None:
        if lane.stopped is not None:
            return
        self._supervisor.release(lane.health)  # denied jobs stay pending, too
        self._log.stopped(lane.lane, reason, expected=isinstance(self._policy, Discover))
        self._sink.drop(self._lanes.stop(lane, reason))
        self._dispatcher.end_if_finished()
