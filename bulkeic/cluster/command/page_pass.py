"""One pass over pages of listings, made by workers: each page may add more to the pass."""

from collections.abc import Awaitable, Callable

import msgspec

from bulkeic.app.run.engine_source import PageSink, TeamFeed
from bulkeic.cluster.command.team_run import TeamMember, TeamRun
from bulkeic.cluster.messages import Grant, PassStart, Tell
from bulkeic.cluster.policy_form import policy_form
from bulkeic.core.change.policy import Discover
from bulkeic.core.listing import ListingJob
from bulkeic.core.model import Lane
from bulkeic.core.summary import Traffic
from bulkeic.engine.limits import EngineLimits


class PagePass(TeamRun):
    """Reads pages with workers.

    A worker stops its lanes if none of them answers. The pass stops when no lane is left.

    Args:
        feed: the pages.
        sink: receives what was read; it calls ``jobs_arrived`` for the pages that follow.
        work_through: as for ``TeamRun``.
        limits: of calls.
        traffic: the pass adds to it.
    """

    def __init__(
        self,
        feed: TeamFeed,
        sink: PageSink,
        *,
        work_through: Callable[[TeamRun], Awaitable[None]],
        limits: EngineLimits,
        traffic: Traffic,
    ) -> None:
        super().__init__(
            PassStart(policy_form(Discover(), None), limits),
            feed,
            sink,
            work_through=work_through,
            policy=Discover(),
            limits=limits,
            traffic=traffic,
            failures=0,
        )
        self._pages = sink
        self._silent: dict[int, str] = {}

    def jobs_arrived(self, lane: Lane, jobs: int) -> None:
        """Report that the feed has more jobs of a lane."""
        state = self.lanes[lane]
        state.left += jobs
        state.untold += jobs
        state.has_more = True
        if lane in self._stopped_lanes:
            return
        self._left += jobs
        member = None if state.granted_to is None else self._members.get(state.granted_to)
        if member is not None:
            member.needy[lane] = None

    def move(self, lane: Lane, worker: int) -> None:
        """Gives a lane of a lost worker to another one; see ``TeamRun``."""
        super().move(lane, worker)
        if worker in self._silent:
            self._stop_lanes([lane], self._silent[worker])

    def _take(self, worker: int, tell: Tell) -> None:
        for listed in tell.pages:
            if self._finish(listed.lane, listed.seq):
                self._pages.put_page(listed.seq, listed.page)
        super()._take(worker, tell)

    def _grants(self, member: TeamMember, worker: int) -> list[Grant]:
        return [_with_listings(grant) for grant in super()._grants(member, worker)]

    def _engine_stopped(self, worker: int, reason: str) -> None:
        if worker in self._silent:
            return
        self._silent[worker] = reason
        known = (lane for lane, state in self.lanes.items() if state.granted_to == worker)
        self._stop_lanes([*known, *self._members[worker].needy], reason)

    def _stop_lanes(self, lanes: list[Lane], reason: str) -> None:
        for lane in lanes:
            if self.lanes[lane].left:
                self._stop_lane(lane, reason)
        if self._left <= 0:
            self.stop(reason)


def _with_listings(grant: Grant) -> Grant:
    """The same grant, with its jobs as listings."""
    listings = [job for job in grant.jobs if isinstance(job, ListingJob)]
    return msgspec.structs.replace(grant, jobs=[], listings=listings)
