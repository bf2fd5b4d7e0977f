"""How long jobs will take, from what is left in each lane and how fast each lane may go.

- A lane is done after (the calls of its jobs - the tokens that it has) ÷ its rate.
- All are done when the longest lane is, but not before all calls have had a place in
  ``concurrency``.
"""

from collections.abc import Iterable

import msgspec

from bulkeic.core.model import Lane

USUAL_CALL_S = 0.1
"""Seconds that a call takes, as long as none has been measured."""


class LaneLeft(msgspec.Struct, frozen=True):
    """What is left to do in a lane.

    Attributes:
        jobs: without an outcome.
        rate: calls a second.
        tokens: calls that may go at once.
        calls_each: that a job takes.
    """

    lane: Lane
    jobs: int
    rate: float
    tokens: float
    calls_each: int = 1

    @property
    def seconds(self) -> float:
        """Until the lane's last call may go."""
        return max(0.0, self.jobs * self.calls_each - self.tokens) / self.rate


class Forecast(msgspec.Struct, frozen=True):
    """How long it will take.

    Attributes:
        seconds: until all is done.
        longest: the lane that takes the longest by its own rate.
        crowded: whether ``concurrency`` holds the lanes back.
    """

    seconds: float
    longest: LaneLeft
    crowded: bool


def forecast(left: Iterable[LaneLeft], *, concurrency: int, call_s: float) -> Forecast | None:
    """How long jobs will take.

    Args:
        left: of each lane.
        concurrency: calls in flight at most.
        call_s: seconds that a call takes.

    Returns:
        ``None`` when nothing is left.
    """
    calls, longest = 0, None
    for each in left:
        calls += each.jobs * each.calls_each
        if longest is None or (each.seconds, each.jobs) > (longest.seconds, longest.jobs):
            longest = each
    if longest is None or not calls:
        return None
    crowd_s = calls * call_s / concurrency
    by_rate = longest.seconds + call_s
    return Forecast(max(crowd_s, by_rate), longest, crowd_s > by_rate)
