"""The engine: workers that take the call that has been due for the longest, over all lanes.

There is no task for each job, and none for each lane: a worker is a place in ``concurrency``, and
what waits (for a token, for a retry, for its function) waits in its lane.
"""

import functools
import math
import random

import anyio

from bulkeic.core.errors import BulkeicError
from bulkeic.core.model import UNANSWERED, Answer, Call, Failure, Fault, Lane, Outcome, Status
from bulkeic.core.pacing.forecast import Forecast, forecast
from bulkeic.core.policy import Apply, Policy, Verify, calls_per_job
from bulkeic.core.reconcile import Decision, Step, first_step, next_step
from bulkeic.core.summary import Traffic
from bulkeic.engine.active_job import ActiveJob
from bulkeic.engine.denials import IN_A_ROW, Denials
from bulkeic.engine.lane import LaneWork, Meter
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.log_events import tell_failed, tell_retry, tell_slowed, tell_stopped
from bulkeic.engine.ports import Caller, Clock, Feed, Sink, SystemClock
from bulkeic.engine.retries import Retries
from bulkeic.engine.scheduler import Scheduler
from bulkeic.engine.unresponsive_lanes import UnresponsiveLanes
from bulkeic.engine.wakeups import Wakeups


class Engine:
    """Runs the jobs of a feed.

    Args:
        feed: where the jobs come from.
        caller: makes the calls.
        sink: takes the outcomes.
        limits: how hard to work.
        rules: how the jobs are done.
        growing: whether jobs go on arriving until ``no_more`` is called.
        meters: of lanes that have been worked on before; the engine adds its own.
        traffic: what has been sent before; the engine adds to it.
        clock: the time.
        chance: where the jitter of retries comes from.
    """

    def __init__(
        self,
        feed: Feed,
        caller: Caller,
        sink: Sink,
        limits: EngineLimits,
        rules: Policy = Apply(),  # noqa: B008 - frozen
        *,
        growing: bool = False,
        meters: dict[Lane, Meter] | None = None,
        traffic: Traffic | None = None,
        clock: Clock | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.traffic = Traffic() if traffic is None else traffic
        self.stopped: str | None = None
        self.failures = 0
        self._caller = caller
        self._sink = sink
        self._limits = limits
        self._rules = rules
        self._clock = clock or SystemClock()
        self._retries = Retries(limits.max_attempts, chance or random.Random())  # noqa: S311 - jitter
        self._scheduler = Scheduler()
        self._silence = UnresponsiveLanes(limits.concurrency)
        self._denials = Denials(limits.max_denied)
        self._feed = feed
        self._growing = growing
        self._running = False
        self._lanes: dict[Lane, LaneWork] = {}
        self._meters = {} if meters is None else meters
        self._unfinished = 0
        self._idle = Wakeups(self._clock)
        self._answered_at = -math.inf
        self._dark_since = math.inf

    async def run(self) -> None:
        """Works until every job has its outcome, or until it is stopped.

        Afterwards ``stopped`` tells why it ended early, or is ``None``; and ``stopped_lanes`` which
        lanes did.
        """
        self._running = True
        for lane, jobs in self._feed.lanes().items():
            self.arrived(lane, jobs)
        workers = self._limits.concurrency
        if not self._growing:
            workers = min(workers, self._unfinished)
        async with anyio.create_task_group() as tasks:
            for _ in range(workers):
                tasks.start_soon(self._work)
        self._idle.end()
        for work in self._denials.lanes():
            self._end(work, *self._denials.take(work))

    def arrived(self, lane: Lane, jobs: int) -> None:
        """Takes note that the feed has so many more jobs of a lane."""
        if not self._running:
            return  # run counts what is there when it begins
        now = self._clock.now()
        work = self._lanes.get(lane)
        if work is None:
            limits = self._limits
            meter = self._meters.get(lane)
            if meter is None:
                meter = self._meters[lane] = Meter(limits, now)
            work = self._lanes[lane] = LaneWork(
                lane, self._feed, meter, self._silence, concurrency=limits.concurrency, now=now
            )
        if work.stopped is not None:
            self._feed.take(lane)  # nobody will
            self._sink.drop(jobs)
            return
        self._unfinished += jobs
        work.left += jobs
        work.refilled()
        self._update(work, now)
        self._idle.rouse_one()

    def no_more(self) -> None:
        """Tells that no more jobs will arrive, in a run whose feed was growing."""
        self._growing = False
        self._idle.rouse_all()

    def begin_no_more(self) -> None:
        """Begins no job any more that the feed has handed out; those that have begun go on."""
        for lane in self._lanes.values():
            lane.forget()

    def stop(self, reason: str) -> None:
        """Starts no new call; those in flight finish. The first reason is kept."""
        self.stopped = self.stopped or reason
        self._idle.rouse_all()

    def stopped_lanes(self) -> dict[Lane, str]:
        """The lanes that stopped while others went on, each with the reason."""
        return {
            lane: work.stopped for lane, work in self._lanes.items() if work.stopped is not None
        }

    def forecast(self) -> Forecast | None:
        """How long the rest will take; ``None`` when nothing is left."""
        now = self._clock.now()
        lanes = [lane for lane in self._lanes.values() if lane.left and lane.stopped is None]
        call_s = sum(lane.latency_s for lane in lanes) / max(1, len(lanes))
        each = calls_per_job(self._rules)
        left = (lane.what_is_left(now, each) for lane in lanes)
        return forecast(left, concurrency=self._limits.concurrency, call_s=call_s)

    async def _work(self) -> None:
        send, clock = self._caller.call, self._clock
        while (work := await self._next()) is not None:
            goes_on = True
            while goes_on and work.call is not None:
                now = clock.now()
                work.tried_at = work.sent_at if work.tries > 1 else now
                work.sent_at = now
                answer = await send(work.job, work.call)
                now = clock.now()
                work.call_s = now - work.sent_at
                goes_on = self._settle(work, answer, now)

    async def _next(self) -> ActiveJob | None:
        """The next work that is due, waited for; ``None`` when there will be no more."""
        while self._goes_on():
            now = self._clock.now()
            work = self._take(now)
            if work is None and not self._goes_on():
                break  # the feed has failed; who parked now would not be roused
            due = self._scheduler.next_due()
            if due <= now:
                self._idle.rouse_one()
            else:
                self._idle.rouse_at(due)
            if work is not None:
                self._begin(work, now)
                return work
            await self._idle.wait()
        self._idle.rouse_all()
        return None

    def _goes_on(self) -> bool:
        return self.stopped is None and (self._unfinished > 0 or self._growing)

    def _begin(self, work: ActiveJob, now: float) -> None:
        again = False
        if work.call is None:
            step = first_step(work.job, self._rules)
            assert isinstance(step.then, Call)  # noqa: S101 - no job ends before its first call
            work.go_on(step.then, step.read)
            work.started_at = min(work.since, now)
            work.started_wall = self._clock.wall() - (now - work.started_at)
        else:
            again = work.refresh(self._rules, now)
        work.attempts += 1
        work.tries += 1
        self.traffic.calls += 1
        self.traffic.retries += again or work.tries > 1

    def _settle(self, work: ActiveJob, answer: Answer, now: float) -> bool:
        """Does what follows from an answer: whether the job's next call is to be made at once."""
        lane = work.lane
        slowed = lane.answered(work, answer, now)
        if work.in_silence:
            self._hand_on_silence(now)
        if isinstance(answer, Failure):
            delay = self._failed(work, answer, now)
            if slowed:
                tell_slowed(lane, answer.code, now)
            if delay is not None:
                lane.park(work, now + delay)
                if not answer.sent:
                    lane.pause(now + delay)
                self._give_up(lane, answer, now)
                self._update(lane, now)
                return False
        else:
            self._answered(now)
        assert work.call is not None  # noqa: S101 - it was answered
        step = next_step(work.job, self._rules, work.call, answer, work.read)
        if isinstance(step.then, Call):
            return self._go_on(work, step, step.then, now)
        self._finish(work, step, step.then, answer, now)
        if isinstance(answer, Failure):
            self._give_up(lane, answer, now)
        self._update(lane, now)
        return False

    def _go_on(self, work: ActiveJob, step: Step, call: Call, now: float) -> bool:
        """Goes on with a job's next call: whether that is to be made at once."""
        lane = work.lane
        work.go_on(call, step.read)
        if not call.operation.is_metered and self.stopped is None:
            lane.take_again(work, now)
            self._begin(work, now)
            return True
        if step.before_image is None:
            lane.park(work, now)
        else:
            lane.held += 1
            self._sink.keep(work.job, step.before_image, functools.partial(self._kept, work))
        self._update(lane, now)
        return False

    def _kept(self, work: ActiveJob) -> None:
        now = self._clock.now()
        work.lane.held -= 1
        work.lane.park(work, now)
        self._update(work.lane, now)
        self._idle.rouse_one()

    def _finish(
        self, work: ActiveJob, step: Step, verdict: Decision, answer: Answer, now: float
    ) -> None:
        lane = work.lane
        lane.finish(work, now)
        if step.before_image is not None:
            self._sink.keep(work.job, step.before_image, lambda: None)
        outcome = None
        if verdict.status is not None:
            outcome = work.outcome(verdict, verdict.status, answer, now)
            if isinstance(answer, Failure) and answer.fault is Fault.DENIED:
                self._deny(lane, outcome)
                return
        self._end(lane, *self._denials.passed(lane), outcome)

    def _deny(self, lane: LaneWork, outcome: Outcome) -> None:
        """Keeps a denied job back; if it is one of too many in a row, all of them stay pending."""
        if lane.stopped is not None:
            return
        is_too_many = self._denials.add(lane, outcome)
        if self._failed_enough():
            return  # denied jobs are some of those that have ended the run, and fail as it ends
        if is_too_many:
            what = f"{outcome.error_code}: {outcome.error_message}"
            self._stop_lane(lane, f"{self._limits.max_denied} {IN_A_ROW}: {what}")
        elif self._denials.are_all(lane):
            self._end(lane, *self._denials.take(lane))

    def _end(self, lane: LaneWork, *outcomes: Outcome | None) -> None:
        """Hands outcomes on; ``None`` is that of a job which is planned, and has none."""
        for outcome in outcomes:
            if lane.stopped is None:
                lane.left -= 1
                self._unfinished -= 1
            if outcome is not None:
                self._sink.put(outcome)
                if outcome.status is Status.FAILED:
                    tell_failed(lane, outcome, expected=isinstance(self._rules, Verify))
                    self.failures += 1
                    self._failed_enough()
        if not lane.left:
            lane.dark_since = math.inf  # a lane without jobs is quiet, not silent

    def _failed_enough(self) -> bool:
        """Whether so many have failed that the run ends, as it does then."""
        failures, most = self.failures + self._denials.held, self._limits.max_failures
        if most is None or failures < most:
            return False
        self.stop(f"{failures:,} failed, as many as are allowed")
        return True

    def _hand_on_silence(self, now: float) -> None:
        self._silence.give_back()
        while (lane := self._silence.next_waiting()) is not None:
            self._update(lane, now)
            if lane.due <= now:
                return

    def _give_up(self, lane: LaneWork, failure: Failure, now: float) -> None:
        """Stops a lane that cannot go on, or has not for too long; its jobs stay pending.

        ==================================  ==========================
        credentials that are past renewing  at once
        a server that is not trusted        at once
        no answer, or no credentials        after ``give_up_after_s``
        else                                goes on
        ==================================  ==========================
        """
        limit = self._limits.give_up_after_s
        if _ends_lane(failure):
            self._stop_lane(lane, failure.message)
        elif self.stopped is None and now - lane.dark_since >= limit:
            what = "nothing has been answered" if failure.sent else "there are no credentials"
            self._stop_lane(lane, f"{what} for {limit:g} s: {failure.message or failure.code}")

    def _stop_lane(self, lane: LaneWork, reason: str) -> None:
        if lane.stopped is not None:
            return
        lane.stopped = reason
        self._denials.take(lane)
        tell_stopped(lane, reason)
        self._unfinished -= lane.left
        self._sink.drop(lane.left)
        if not self._unfinished:
            self._idle.rouse_all()

    def _take(self, now: float) -> ActiveJob | None:
        try:
            return self._scheduler.take(now)
        except BulkeicError as error:  # the feed's
            self.stop(str(error))
            return None

    def _update(self, lane: LaneWork, now: float) -> None:
        try:
            self._scheduler.update(lane, now)
        except BulkeicError as error:  # the feed's
            self.stop(str(error))

    def _failed(self, work: ActiveJob, failure: Failure, now: float) -> float | None:
        """Counts a failure: seconds until the next try, or ``None`` for the end."""
        event = "retry"
        if not failure.sent:
            event = "not sent"
            self.traffic.calls -= 1
            self.traffic.retries -= work.tries > 1
        elif failure.fault is Fault.THROTTLED:
            event = "throttled"
            work.throttles += 1
            self.traffic.throttles += 1
        elif failure.fault is Fault.CONFLICT:
            work.conflicts += 1
            self.traffic.conflicts += 1
        if failure.fault not in UNANSWERED:
            self._answered(now)
        if work.lane.answered_at > work.tried_at:
            work.counted += 1
        else:
            # While a whole lane gets no answer the trouble is its endpoint's, and no job's own.
            self._unanswered(work.sent_at, failure, now)
        delay: float | None = 0.0
        if not _ends_lane(failure):
            delay = self._retries.delay(failure, work.tries, work.counted)
        if delay is not None:
            tell_retry(event, work, failure.code, delay)
        return delay

    def _answered(self, now: float) -> None:
        self._answered_at = now
        self._dark_since = math.inf

    def _unanswered(self, sent_at: float, failure: Failure, now: float) -> None:
        """Stops the run when nothing at all has been answered for too long."""
        self._dark_since = min(self._dark_since, max(sent_at, self._answered_at))
        limit = self._limits.give_up_after_s
        if now - self._dark_since >= limit:
            why = failure.message or failure.code
            self.stop(f"nothing has been answered for {limit:g} s: {why}")


def _ends_lane(failure: Failure) -> bool:
    is_past_renewing = failure.fault is Fault.EXPIRED and not failure.sent
    return is_past_renewing or failure.fault is Fault.UNTRUSTED
