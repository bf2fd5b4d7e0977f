"""The latest calls and the counts of the latest seconds, for the admin page.

It keeps the latest `CALLS` calls, the totals of the latest `SECONDS` seconds, and for the latest
`LANE_SECONDS` of them the counts by lane. One second counts `LANES_LIMIT` lanes apart; calls of
further ones are in its totals only. Time is an argument.
"""

from collections import deque
from typing import Any, NamedTuple

from bulkeic.sandbox.state.fleet import Lane

CALLS = 50
SECONDS = 60
LANE_SECONDS = 5
LANES_LIMIT = 2000
# A path can be 64 KiB long; a function's name, even as an ARN, is shorter than this.
NAME_LIMIT = 200


class RecentCall(NamedTuple):
    """One call as the admin page shows it.

    Attributes:
        time_s: Unix time in seconds at which it arrived.
        lane: (account, Region), or None if its sender is unknown.
        operation: the operation's name.
        function: the function's name as sent.
        status: HTTP status of the reply, or "cut" or "hang".
        delay_s: seconds by which the sandbox delays the reply.
        session: the session that AssumeRole asks for, as an object for JSON; None for other calls.
    """

    time_s: float
    lane: Lane | None
    operation: str
    function: str
    status: str
    delay_s: float
    session: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the call as an object for JSON; `held_ms` is None if it has no reply."""
        name = self.function
        return {
            "time_s": self.time_s,
            "lane": self.lane and "/".join(self.lane),
            "operation": self.operation,
            "function": name if len(name) <= NAME_LIMIT else f"{name[: NAME_LIMIT - 1]}…",
            "status": self.status,
            "held_ms": None if self.status == "hang" else round(self.delay_s * 1000, 3),
            **({} if self.session is None else {"session": self.session}),
        }


class _SecondCounts:
    """The calls of one second; counts are [calls, throttled]."""

    __slots__ = ("counts", "lanes", "unix_s")

    def __init__(self, unix_s: int) -> None:
        self.unix_s = unix_s
        self.counts = [0, 0]
        self.lanes: dict[Lane, list[int]] = {}


class RecentCalls:
    """The latest calls and seconds, in ring buffers."""

    __slots__ = ("_calls", "_current", "_seconds")

    def __init__(self) -> None:
        self._calls: deque[RecentCall] = deque(maxlen=CALLS)
        # One more than is reported: the current second is incomplete.
        self._seconds: deque[_SecondCounts] = deque(maxlen=SECONDS + 1)
        self._current = _SecondCounts(-1)

    def record(self, call: RecentCall) -> None:
        """Count a call."""
        time_s, lane, _, function, status, *_ = call
        if len(function) > NAME_LIMIT:
            call = call._replace(function=function[: NAME_LIMIT + 1])
        self._calls.append(call)
        current, unix_s = self._current, int(time_s)
        if unix_s != current.unix_s:
            current = self._start_second(unix_s)
        lane_counts = (lane and current.lanes.get(lane)) or self._start_lane(lane)
        for counts in (current.counts, lane_counts):
            counts[0] += 1
            counts[1] += status == "429"

    def calls(self) -> list[dict[str, Any]]:
        """Return the latest calls, the newest first."""
        return [call.to_json() for call in reversed(self._calls)]

    def seconds(self, now_s: int) -> list[list[int]]:
        """Return [calls, throttled] of each of the `SECONDS` seconds before one, oldest first."""
        counts = {second.unix_s: second.counts for second in self._seconds}
        return [counts.get(unix_s, [0, 0]) for unix_s in range(now_s - SECONDS, now_s)]

    def lanes(self, now_s: int) -> dict[Lane, list[int]]:
        """Return the counts of lanes in the `LANE_SECONDS` seconds before one.

        Returns:
            By lane: [calls, throttled] of the last second, then of all these seconds.
        """
        by_lane: dict[Lane, list[int]] = {}
        for second in self._seconds:
            if not now_s - LANE_SECONDS <= second.unix_s < now_s:
                continue
            is_last = second.unix_s == now_s - 1
            for lane, (calls, throttled) in second.lanes.items():
                counts = by_lane.setdefault(lane, [0, 0, 0, 0])
                counts[2] += calls
                counts[3] += throttled
                if is_last:
                    counts[:2] = calls, throttled
        return by_lane

    def _start_lane(self, lane: Lane | None) -> list[int]:
        """Return new counts of a lane in the current second, not kept beyond the limit."""
        counts, lanes = [0, 0], self._current.lanes
        if lane is not None and len(lanes) < LANES_LIMIT:
            lanes[lane] = counts
        return counts

    def _start_second(self, unix_s: int) -> _SecondCounts:
        """Start a second, and drop the lanes of one that is too old to be reported by lane."""
        if unix_s < self._current.unix_s:
            # The clock was set back: the recorded seconds would come a second time.
            self._seconds.clear()
        self._current = _SecondCounts(unix_s)
        self._seconds.append(self._current)
        if len(self._seconds) > LANE_SECONDS + 1:
            self._seconds[-LANE_SECONDS - 2].lanes = {}
        return self._current
