"""Counts of calls, and of writes in flight at the same time."""

from collections import Counter
from heapq import nlargest
from typing import Any

from bulkeic.sandbox.state.fleet import FunctionKey, Lane
from bulkeic.sandbox.stats.recent_calls import LANE_SECONDS, RecentCall, RecentCalls

# Callers can invent any number of lanes: further ones are counted together.
LANES_LIMIT = 50_000
LANES_SHOWN = 500
OTHERS = ("other", "lanes")


class CallStats:
    """Counts of calls, and of writes in flight for each function."""

    __slots__ = (
        "_in_flight",
        "_lanes",
        "_operations",
        "_recent",
        "_statuses",
        "calls",
        "connections_accepted",
        "in_flight_max",
        "malformed",
        "refused",
    )

    def __init__(self) -> None:
        self._in_flight: dict[FunctionKey, int] = {}
        self.reset()

    def reset(self) -> None:
        """Set all counts to zero, except those of writes in flight."""
        self.calls = 0
        self.refused = 0
        self.malformed = 0
        self.connections_accepted = 0
        self.in_flight_max = max(self._in_flight.values(), default=0)
        self._operations: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._lanes: dict[Lane, list[int]] = {}
        self._recent = RecentCalls()

    def record(self, call: RecentCall) -> None:
        """Count one call. Only Lambda calls with a known sender have a lane."""
        _, lane, operation, _, status, *_ = call
        self.calls += 1
        self._operations[operation] += 1
        self._statuses[status] += 1
        self._recent.record(call)
        if lane is not None:
            counts = self._lanes.get(lane)
            if counts is None:
                key = lane if len(self._lanes) < LANES_LIMIT else OTHERS
                counts = self._lanes.setdefault(key, [0, 0])
            counts[0] += 1
            counts[1] += status == "429"

    def write_started(self, function: FunctionKey) -> None:
        """Record that a write of the function is in flight."""
        in_flight = self._in_flight.get(function, 0) + 1
        self._in_flight[function] = in_flight
        self.in_flight_max = max(self.in_flight_max, in_flight)

    def write_finished(self, function: FunctionKey) -> None:
        """Record that a write of the function is no longer in flight."""
        self._in_flight[function] -= 1
        if not self._in_flight[function]:
            del self._in_flight[function]

    def to_json(self, connections: int) -> dict[str, Any]:
        """Return all counts as an object for JSON.

        Args:
            connections: number of open connections.
        """
        return self._totals(connections) | {
            "by_lane": {
                f"{account}/{region}": {"calls": calls, "throttled": throttled}
                for (account, region), (calls, throttled) in sorted(self._lanes.items())
            },
        }

    def admin_page_json(self, connections: int, wall_s: float) -> dict[str, Any]:
        """Return what the admin page shows, as an object for JSON.

        In addition to the totals:

            seconds      [calls, throttled] of each of the last seconds, oldest first
            lanes        the busiest lanes, then those seen first, `LANES_SHOWN` at most: all of
                         their calls, those of the last second and of the last `lane_seconds`
            lanes_seen   number of lanes
            lanes_busy   number of lanes called in the last `lane_seconds`
            last_calls   the latest calls, newest first

        Args:
            connections: number of open connections.
            wall_s: Unix time in seconds.
        """
        now_s = int(wall_s)
        busy = self._recent.lanes(now_s)
        return self._totals(connections) | {
            "time_s": wall_s,
            "seconds": self._recent.seconds(now_s),
            "lane_seconds": LANE_SECONDS,
            "lanes": [self._lane_json(lane, busy) for lane in self._shown_lanes(busy)],
            "lanes_seen": len(self._lanes),
            "lanes_busy": len(busy),
            "last_calls": self._recent.calls(),
        }

    def _shown_lanes(self, busy: dict[Lane, list[int]]) -> list[Lane]:
        shown = nlargest(LANES_SHOWN, busy, key=lambda lane: busy[lane][2])
        for lane in self._lanes:
            if len(shown) >= LANES_SHOWN:
                break
            if lane not in busy:
                shown.append(lane)
        return shown

    def _lane_json(self, lane: tuple[str, str], busy: dict[Lane, list[int]]) -> dict[str, Any]:
        calls, throttled = self._lanes.get(lane, (0, 0))
        now = busy.get(lane, [0, 0, 0, 0])
        return {
            "lane": "/".join(lane),
            "calls": calls,
            "throttled": throttled,
            "last": now[:2],
            "recent": now[2:],
        }

    def _totals(self, connections: int) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "by_operation": dict(sorted(self._operations.items())),
            "by_status": dict(sorted(self._statuses.items())),
            "refused": self.refused,
            "malformed": self.malformed,
            "in_flight": sum(self._in_flight.values()),
            "in_flight_max": self.in_flight_max,
            "connections": connections,
            "connections_accepted": self.connections_accepted,
        }
