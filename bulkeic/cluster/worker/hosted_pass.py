"""One pass over jobs on a worker: its engine, and what goes in and out."""

from collections.abc import Callable

from bulkeic.app.run.engine_factory import EngineFactory
from bulkeic.app.where.where_expression import parse_where
from bulkeic.cluster.messages import Grant, PassStart, Tell
from bulkeic.cluster.policy_form import policy_of
from bulkeic.cluster.worker.granted_feed import GrantedFeed
from bulkeic.cluster.worker.listing_caller import ListingCaller
from bulkeic.cluster.worker.report_sink import ReportSink
from bulkeic.core.change.policy import Discover
from bulkeic.core.model import Lane


class HostedPass:
    """A pass that this worker works on.

    Args:
        start: of the pass.
        engines: makes its engine.
        may_start: whether calls may start now.

    Attributes:
        sink: what it has done.
        is_done: whether its engine has ended.
    """

    def __init__(
        self, start: PassStart, engines: EngineFactory, may_start: Callable[[], bool]
    ) -> None:
        self.sink = ReportSink()
        self.is_done = False
        self._feed = GrantedFeed()
        self._told_lanes: set[Lane] = set()
        policy, lister = policy_of(start.policy, parse_where), None
        if isinstance(policy, Discover):
            lister = ListingCaller(engines.caller, self._feed, self.sink)
        self._engine = engines.engine(
            self._feed,
            self.sink,
            policy,
            caller=lister,
            limits=start.limits,
            growing=True,
            may_start=may_start,
        )
        if lister is not None:
            lister.jobs_arrived = self._engine.jobs_arrived

    async def run(self) -> None:
        """Works until the pass ends or is stopped."""
        try:
            await self._engine.run()
        finally:
            self.is_done = True
            self.sink.news.set()

    def grant(self, grant: Grant) -> None:
        """Takes jobs of a lane."""
        self._feed.add(grant.lane, grant.listings or grant.jobs)
        self._engine.jobs_arrived(grant.lane, grant.total, is_moved=grant.is_moved)

    def stop(self, reason: str) -> None:
        """Starts no more calls."""
        self._engine.stop(reason)

    def end(self) -> None:
        """No more jobs come."""
        self._engine.close_feed()

    def wake(self) -> None:
        """Calls may start again."""
        self._engine.wake()

    def tell(self, number: int) -> Tell:
        """What was done since the last answer."""
        engine, is_done = self._engine, self.is_done
        outcomes, images, pages = self.sink.take()
        stopped = engine.stopped_lanes()
        new = [(lane, stopped[lane]) for lane in stopped if lane not in self._told_lanes]
        self._told_lanes.update(lane for lane, _ in new)
        return Tell(
            number=number,
            outcomes=outcomes,
            pages=pages,
            images=images,
            traffic=engine.traffic,
            held_failures=engine.held_failures,
            stopped_lanes=new,
            has_denied_lane=engine.has_denied_lane,
            stopped=engine.stopped,
            is_done=is_done and not self.sink.has_pages,
        )
