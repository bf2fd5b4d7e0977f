"""Which worker gets which lanes.

Lanes of one account go to one worker, so that each role is assumed once. The account with most jobs
is placed first, on the worker with the fewest. An account is split over workers only if it has more
jobs than an equal share.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from bulkeic.core.model import Lane


def place_lanes(lanes: Mapping[Lane, int], loads: Mapping[int, int]) -> dict[Lane, int]:
    """Chooses a worker for each lane.

    Args:
        lanes: lane → its jobs.
        loads: worker → the jobs that it has already; at least one worker.

    Returns:
        Lane → worker.
    """
    totals = dict(loads)
    share = (sum(lanes.values()) + sum(loads.values())) / len(loads)
    placed: dict[Lane, int] = {}
    for group in _groups(lanes, share):
        worker = min(totals, key=lambda each: (totals[each], each))
        for lane in group:
            placed[lane] = worker
            totals[worker] += lanes[lane]
    return placed


def _groups(lanes: Mapping[Lane, int], share: float) -> Sequence[Sequence[Lane]]:
    """The lanes that stay together, those with most jobs first."""
    accounts: defaultdict[str, list[Lane]] = defaultdict(list)
    for lane in sorted(lanes):
        accounts[lane.account_id].append(lane)
    groups: list[list[Lane]] = []
    for group in accounts.values():
        is_large = sum(lanes[lane] for lane in group) > share
        groups += [[lane] for lane in group] if is_large else [group]
    return sorted(groups, key=lambda group: (-sum(lanes[lane] for lane in group), group[0]))
