"""Gives each task the next call that is due, and ends the tasks when the run ends."""

from bulkeic.core.errors import BulkeicError
from bulkeic.engine.active_job import ActiveJob
from bulkeic.engine.lane_schedule import LaneSchedule
from bulkeic.engine.lanes.lane_registry import LaneRegistry
from bulkeic.engine.lanes.lane_runtime import LaneRuntime
from bulkeic.engine.lanes.unresponsive_lanes import UnresponsiveLanes
from bulkeic.engine.ports import Clock, MayStart
from bulkeic.engine.wakeups import Wakeups


class Dispatcher:
    """Dispatches the calls of all lanes to the tasks.

    Args:
        lanes: of the run.
        clock: the time.
        growing: whether more jobs may arrive.
        may_start: whether calls may start now; ``None``: always.

    Attributes:
        growing: whether more jobs may arrive.
        stopped: why the run ended early; ``None``: it did not.
    """

    def __init__(
        self, lanes: LaneRegistry, clock: Clock, *, growing: bool, may_start: MayStart | None
    ) -> None:
        self.growing = growing
        self._may_start = may_start
        self.stopped: str | None = None
        self._lanes = lanes
        self._clock = clock
        self._schedule = LaneSchedule()
        self._wakeups = Wakeups(clock)

    def take(self, now: float) -> tuple[LaneRuntime, ActiveJob] | None:
        """Take the next call that is due; ``None``: none is due now, so ``wait``."""
        if not self._has_work() or (self._may_start is not None and not self._may_start()):
            return None
        has_idle = self._wakeups.has_idle
        try:
            started = self._schedule.take(now, update=has_idle)
        except BulkeicError as error:  # the feed's
            self.stop(str(error))
            return None
        if started is not None and not has_idle:
            return started  # every other task is busy, and looks for its next call afterwards
        due = self._schedule.next_due()
        if due <= now:
            self._wakeups.wake_one()
        else:
            self._wakeups.wake_at(due)
        return started

    async def wait(self) -> bool:
        """Wait until a call may be due. Returns ``False`` if there are no more calls."""
        # If the feed has failed, nothing would wake this task.
        if self._has_work():
            await self._wakeups.wait()
        if self._has_work():
            return True
        self._wakeups.wake_all()
        return False

    def update(self, lane: LaneRuntime, now: float) -> None:
        """Find again when a lane's next call is due. Call this after any change to the lane."""
        try:
            self._schedule.update(lane, now)
        except BulkeicError as error:  # the feed's
            self.stop(str(error))

    def unresponsive_call_ended(self, unresponsive: UnresponsiveLanes, now: float) -> None:
        """Let the next unresponsive lane make its call."""
        unresponsive.end_call()
        while (waiting := unresponsive.next_admitted()) is not None:
            lane = self._lanes[waiting]
            self.update(lane, now)
            if lane.due <= now:
                return

    def wake_one(self) -> None:
        """Let an idle task look for a call."""
        self._wakeups.wake_one()

    def end_if_finished(self) -> None:
        """Wake all tasks if no jobs remain, so that they end."""
        if not self._has_work():
            self._wakeups.wake_all()

    def stop(self, reason: str) -> None:
        """Start no more calls. The first reason is kept."""
        self.stopped = self.stopped or reason
        self._wakeups.wake_all()

    def cancel_timer(self) -> None:
        """Cancel the timer after all tasks have ended."""
        self._wakeups.cancel_timer()

    def _has_work(self) -> bool:
        return self.stopped is None and (self._lanes.unfinished > 0 or self.growing)
