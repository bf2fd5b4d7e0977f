"""A limit on the lanes that callers invent: every access key and Region names one."""

from bulkeic.sandbox.state.fleet import Fleet, Lane

INVENTED_LANES_LIMIT = 50_000


class InventedLanes:
    """The lanes that were called and are not of the fleet's functions.

    Attributes:
        limit: the most of them.
    """

    __slots__ = ("_lanes", "limit")

    def __init__(self, limit: int = INVENTED_LANES_LIMIT) -> None:
        self.limit = limit
        self._lanes: set[Lane] = set()

    def admit(self, lane: Lane, fleet: Fleet) -> bool:
        """Remember a lane; return False if it is a new one beyond the limit."""
        if lane in self._lanes or fleet.has_lane(lane):
            return True
        if len(self._lanes) >= self.limit:
            return False
        self._lanes.add(lane)
        return True
