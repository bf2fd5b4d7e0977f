"""The last calls and the last seconds, for the page that shows a rollout happen.

All of it is rings: the last `CALLS` calls, the totals of the last `SECONDS` seconds, and for the
last `LANE_SECONDS` of them the counts of the lanes that were called. Of those a second holds
`LANES_LIMIT`; further ones are in its totals only. Time is an argument.
"""

from collections import deque
from typing import Any, NamedTuple

CALLS = 50
SECONDS = 60
LANE_SECONDS = 5
LANES_LIMIT = 2000
# A path may be 64 KiB long; a function's name, even as an ARN, is shorter than this.
NAME_LIMIT = 200

Lane = tuple[str, str]


class RecentCall(NamedTuple):
    """One call as the page shows it.

    Attributes:
        time_s: Unix time in seconds that it came at.
        lane: (account, Region), or None if its sender is not known.
        operation: its name.
        function: what it was about, as sent.
        outcome: the status that the client gets, or "cut" or "hang".
        held_s: seconds that its answer is held back.
    """

    time_s: float
    lane: Lane | None
    operation: str
    function: str
    outcome: str
    held_s: float

    def to_json(self) -> dict[str, Any]:
        """It as an object for JSON; `held_ms` is None where there is no answer."""
        name = self.function
        return {
            "time_s": self.time_s,
            "lane": self.lane and "/".join(self.lane),
            "operation": self.operation,
            "function": name if len(name) <= NAME_LIMIT else f"{name[: NAME_LIMIT - 1]}…",
            "status": self.outcome,
            "held_ms": None if self.outcome == "hang" else round(self.held_s * 1000, 3),
        }


class _SecondCounts:
    """The calls of one second; counts are [calls, throttled]."""

    __slots__ = ("at", "counts", "lanes")

    def __init__(self, at: int) -> None:
        self.at = at
        self.counts = [0, 0]
        self.lanes: dict[Lane, list[int]] = {}


class RecentCalls:
    """The rings."""

    __slots__ = ("_calls", "_now", "_seconds")

    def __init__(self) -> None:
        self._calls: deque[RecentCall] = deque(maxlen=CALLS)
        # One more than is told: the second that is not over.
        self._seconds: deque[_SecondCounts] = deque(maxlen=SECONDS + 1)
        self._now = _SecondCounts(-1)

    def called(self, call: RecentCall) -> None:
        """Take up a call."""
        time_s, lane, _, function, outcome, _ = call
        if len(function) > NAME_LIMIT:
            call = call._replace(function=function[: NAME_LIMIT + 1])
        self._calls.append(call)
        now, at = self._now, int(time_s)
        if at != now.at:
            now = self._turn(at)
        counts = (lane and now.lanes.get(lane)) or self._opened(lane)
        now.counts[0] += 1
        counts[0] += 1
        if outcome == "429":
            now.counts[1] += 1
            counts[1] += 1

    def calls(self) -> list[dict[str, Any]]:
        """The last calls, the newest first."""
        return [call.to_json() for call in reversed(self._calls)]

    def seconds(self, now_s: int) -> list[list[int]]:
        """[calls, throttled] of each of the `SECONDS` seconds before one, the oldest first."""
        counts = {second.at: second.counts for second in self._seconds}
        return [counts.get(at, [0, 0]) for at in range(now_s - SECONDS, now_s)]

    def lanes(self, now_s: int) -> dict[Lane, list[int]]:
        """What the lanes did in the `LANE_SECONDS` seconds before one.

        Returns:
            By lane: calls and throttled ones in the last second, then in all of them.
        """
        found: dict[Lane, list[int]] = {}
        for second in self._seconds:
            if not now_s - LANE_SECONDS <= second.at < now_s:
                continue
            last = second.at == now_s - 1
            for lane, (calls, throttled) in second.lanes.items():
                counts = found.setdefault(lane, [0, 0, 0, 0])
                counts[2] += calls
                counts[3] += throttled
                if last:
                    counts[:2] = calls, throttled
        return found

    def _opened(self, lane: Lane | None) -> list[int]:
        """Where a lane's calls of this second are counted from now on, if anywhere."""
        counts, lanes = [0, 0], self._now.lanes
        if lane is not None and len(lanes) < LANES_LIMIT:
            lanes[lane] = counts
        return counts

    def _turn(self, at: int) -> _SecondCounts:
        """Start a second, and forget the lanes of those that are too old to be asked for."""
        if at < self._now.at:
            # The clock was set back: what is known lies in a future that will come again.
            self._seconds.clear()
        self._now = _SecondCounts(at)
        self._seconds.append(self._now)
        if len(self._seconds) > LANE_SECONDS + 1:
            self._seconds[-LANE_SECONDS - 2].lanes = {}
        return self._now
