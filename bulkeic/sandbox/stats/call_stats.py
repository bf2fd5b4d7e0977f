"""What was called how often, and how much of it at once."""

from collections import Counter
from heapq import nlargest
from typing import Any

from bulkeic.sandbox.stats.recent_calls import LANE_SECONDS, RecentCall, RecentCalls

# Any caller can invent lanes: those beyond this many are counted together.
LANES_LIMIT = 50_000
LANES_SHOWN = 500
OTHERS = ("other", "lanes")


class CallStats:
    """Counts of calls, and of changes in flight for each function."""

    __slots__ = (
        "_flying",
        "_lanes",
        "_live",
        "_operations",
        "_statuses",
        "calls",
        "connections_accepted",
        "in_flight_max",
        "malformed",
        "refused",
    )

    def __init__(self) -> None:
        self._flying: dict[tuple[str, str, str], int] = {}
        self.reset()

    def reset(self) -> None:
        """Start counting anew; changes in flight stay in flight."""
        self.calls = 0
        self.refused = 0
        self.malformed = 0
        self.connections_accepted = 0
        self.in_flight_max = max(self._flying.values(), default=0)
        self._operations: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._lanes: dict[tuple[str, str], list[int]] = {}
        self._live = RecentCalls()

    def called(self, call: RecentCall) -> None:
        """Count one call. Its lane is that of a Lambda call whose sender is known."""
        _, lane, operation, _, outcome, _ = call
        self.calls += 1
        self._operations[operation] += 1
        self._statuses[outcome] += 1
        self._live.called(call)
        if lane is not None:
            counts = self._lanes.get(lane)
            if counts is None:
                kept = lane if len(self._lanes) < LANES_LIMIT else OTHERS
                counts = self._lanes.setdefault(kept, [0, 0])
            counts[0] += 1
            counts[1] += outcome == "429"

    def began(self, subject: tuple[str, str, str]) -> None:
        """Note that a change of (account, Region, function) is in flight."""
        flying = self._flying.get(subject, 0) + 1
        self._flying[subject] = flying
        self.in_flight_max = max(self.in_flight_max, flying)

    def ended(self, subject: tuple[str, str, str]) -> None:
        """Note that such a change is in flight no more."""
        flying = self._flying[subject] - 1
        if flying:
            self._flying[subject] = flying
        else:
            del self._flying[subject]

    def to_json(self, connections: int) -> dict[str, Any]:
        """All counts as an object for JSON.

        Args:
            connections: how many are open now.
        """
        return self._totals(connections) | {
            "by_lane": {
                f"{account}/{region}": {"calls": calls, "throttled": throttled}
                for (account, region), (calls, throttled) in sorted(self._lanes.items())
            },
        }

    def live_json(self, connections: int, wall_s: float) -> dict[str, Any]:
        """What the live page shows, as an object for JSON.

        Apart from the totals:

            seconds      [calls, throttled] of each of the last seconds, the oldest first
            lanes        the busiest lanes, then those seen first, `LANES_SHOWN` at most: all of
                         their calls, those of the last second and of the last few
            lanes_seen   how many there are
            lanes_busy   how many were called in the last few seconds
            last_calls   the newest first

        Args:
            connections: how many are open now.
            wall_s: Unix time in seconds.
        """
        now_s = int(wall_s)
        busy = self._live.lanes(now_s)
        return self._totals(connections) | {
            "time_s": wall_s,
            "seconds": self._live.seconds(now_s),
            "lane_seconds": LANE_SECONDS,
            "lanes": [self._lane_json(lane, busy) for lane in self._shown(busy)],
            "lanes_seen": len(self._lanes),
            "lanes_busy": len(busy),
            "last_calls": self._live.calls(),
        }

    def _shown(self, busy: dict[tuple[str, str], list[int]]) -> list[tuple[str, str]]:
        shown = nlargest(LANES_SHOWN, busy, key=lambda lane: busy[lane][2])
        for lane in self._lanes:
            if len(shown) >= LANES_SHOWN:
                break
            if lane not in busy:
                shown.append(lane)
        return shown

    def _lane_json(
        self, lane: tuple[str, str], busy: dict[tuple[str, str], list[int]]
    ) -> dict[str, Any]:
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
            "in_flight": sum(self._flying.values()),
            "in_flight_max": self.in_flight_max,
            "connections": connections,
            "connections_accepted": self.connections_accepted,
        }
