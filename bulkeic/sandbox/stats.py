"""What was called how often, and how much of it at once."""

from collections import Counter
from typing import Any


class Stats:
    """Counts of calls, and of changes in flight for each function."""

    __slots__ = (
        "_flying",
        "_lanes",
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

    def called(self, operation: str, outcome: str, lane: tuple[str, str] | None) -> None:
        """Count one call.

        Args:
            operation: its name.
            outcome: the status that the client gets, or "cut" or "hang".
            lane: (account, Region) of a Lambda call whose sender is known.
        """
        self.calls += 1
        self._operations[operation] += 1
        self._statuses[outcome] += 1
        if lane is not None:
            counts = self._lanes.setdefault(lane, [0, 0])
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
        return {
            "calls": self.calls,
            "by_operation": dict(sorted(self._operations.items())),
            "by_status": dict(sorted(self._statuses.items())),
            "by_lane": {
                f"{account}/{region}": {"calls": calls, "throttled": throttled}
                for (account, region), (calls, throttled) in sorted(self._lanes.items())
            },
            "refused": self.refused,
            "malformed": self.malformed,
            "in_flight": sum(self._flying.values()),
            "in_flight_max": self.in_flight_max,
            "connections": connections,
            "connections_accepted": self.connections_accepted,
        }
