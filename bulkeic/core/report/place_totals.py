"""The lanes of a run, added up by account or by Region."""

from collections.abc import Callable, Iterable

import msgspec

from bulkeic.core.model import Lane
from bulkeic.core.summary import LaneSummary


class PlaceTotal(msgspec.Struct):
    """The lanes of one account, or of one Region, in numbers."""

    name: str
    lanes: int = 0
    targets: int = 0
    failed: int = 0
    pending: int = 0
    throttles: int = 0

    @property
    def is_troubled(self) -> bool:
        """Whether targets failed or are pending."""
        return bool(self.failed or self.pending)


def place_totals(lanes: Iterable[LaneSummary]) -> tuple[str, list[PlaceTotal]]:
    """Totals by account, those with most failed and then most pending targets first.

    Args:
        lanes: of the run.

    Returns:
        What a place is, and the places: Regions where there is one account only.
    """
    lanes = list(lanes)
    word, key = place_of(lane.lane for lane in lanes)
    found: dict[str, PlaceTotal] = {}
    for lane in lanes:
        total = found.setdefault(key(lane.lane), PlaceTotal(key(lane.lane)))
        total.lanes += 1
        total.targets += lane.jobs
        total.failed += lane.failed
        total.pending += lane.pending
        total.throttles += lane.throttles
    order = sorted(
        found.values(), key=lambda each: (-each.failed, -each.pending, -each.throttles, each.name)
    )
    return word, order


def place_of(lanes: Iterable[Lane]) -> tuple[str, Callable[[Lane], str]]:
    """What lanes are totaled by: their account, or their Region if the account is the same."""
    if len({lane.account_id for lane in lanes}) > 1:
        return "account", lambda lane: lane.account_id
    return "Region", lambda lane: lane.region
