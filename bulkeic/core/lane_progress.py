"""How far the lanes of one pass over jobs are: in total, and by group."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import NOT_DONE, Job, Lane, Outcome

_LEAST_GROUPS = 2


class GroupProgress(msgspec.Struct):
    """The jobs of one lane, or of the lanes of one account or Region.

    Attributes:
        name: of the account or the Region; empty: a lane.
        jobs: of this pass.
        done: of them.
        failed: of those that are done, also if the outcome is unknown.
        throttles: calls of those that are done.
    """

    name: str = ""
    jobs: int = 0
    done: int = 0
    failed: int = 0
    throttles: int = 0

    def add(self, failed: int, throttles: int) -> None:
        """Counts a finished job."""
        self.done += 1
        self.failed += failed
        self.throttles += throttles

    @property
    def is_done(self) -> bool:
        """Whether every job is done."""
        return self.done >= self.jobs


class LaneProgress:
    """Counts the finished jobs of one pass.

    Args:
        lanes: account and Region → jobs of this pass.

    Attributes:
        total: of all lanes.
        lanes: by account and Region.
        groups: by account or by Region, in the order of their names; empty: there is one lane, and
            it needs none.
    """

    def __init__(self, lanes: Mapping[Lane, int]) -> None:
        self.total = GroupProgress(jobs=sum(lanes.values()))
        self.lanes = {lane: GroupProgress(jobs=jobs) for lane, jobs in lanes.items()}
        by_account = len({lane.account_id for lane in lanes})
        by_region = len({lane.region for lane in lanes})
        is_by_region = groups_are_regions(by_account, by_region)
        found: dict[str, GroupProgress] = {}
        self._places: dict[Lane, tuple[GroupProgress, GroupProgress]] = {}
        for lane in sorted(lanes):
            name = lane.region if is_by_region else lane.account_id
            group = found.setdefault(name, GroupProgress(name))
            group.jobs += lanes[lane]
            self._places[lane] = self.lanes[lane], group
        order = [found[name] for name in sorted(found)]
        self.groups = order if len(order) >= _LEAST_GROUPS else []

    def add(
        self,
        outcomes: Iterable[Outcome],
        before_images: Iterable[tuple[Job, BeforeImage]],
    ) -> None:
        """Adds finished jobs.

        Args:
            outcomes: of finished jobs.
            before_images: of targets; one that was only read is finished, too.
        """
        for outcome in outcomes:
            lane = None if outcome.target is None else outcome.target.lane
            self._add(lane, int(outcome.status in NOT_DONE), outcome.throttles)
        for job, image in before_images:
            if image.is_pending:
                self._add(job.target.lane, 0, 0)

    def _add(self, lane: Lane | None, failed: int, throttles: int) -> None:
        self.total.add(failed, throttles)
        places = None if lane is None else self._places.get(lane)
        if places is not None:
            for place in places:
                place.add(failed, throttles)


def groups_are_regions(accounts: int, regions: int) -> bool:
    """Whether lanes are grouped by Region, and not by account: the fewer groups, but at least two.

    ========================================  ==========
    there                                     grouped by
    ========================================  ==========
    is one Region                             account
    is one account                            Region
    are no more Regions than accounts         Region
    are more Regions than accounts            account
    ========================================  ==========
    """
    if regions < _LEAST_GROUPS:
        return False
    return accounts < _LEAST_GROUPS or regions <= accounts


def shown_groups(groups: Sequence[GroupProgress], most: int) -> list[GroupProgress]:
    """The groups to show: all if they fit, else those with most trouble, and the rest as one.

    They keep their order, so that a line stays where it is.

    Args:
        groups: in order.
        most: lines that there are for them.
    """
    if len(groups) <= most:
        return list(groups)
    if most <= 0:
        return []
    order = sorted(groups, key=_trouble)
    chosen = {group.name for group in order[: most - 1]}
    rest = GroupProgress(f"{len(groups) - len(chosen):,} others")
    for group in groups:
        if group.name not in chosen:
            rest.jobs += group.jobs
            rest.done += group.done
            rest.failed += group.failed
            rest.throttles += group.throttles
    return [*(group for group in groups if group.name in chosen), rest]


def _trouble(group: GroupProgress) -> tuple[int, int, str]:
    return -group.failed, -(group.jobs - group.done), group.name
