"""One request under way, and where its time goes."""

from bulkeic.core.model import Failure, Lane


class Flight:
    """A request, from when it should have started. Times are seconds of one clock.

    Whatever passes is waiting until its first call and after an answer that counts; after a call
    that has to be made again it is retrying, that call included.

    Args:
        lane: that it lies in.
        due: when it should have started.
        measured: whether it is one of those that are measured.
    """

    __slots__ = (
        "_again", "_last_s", "_since", "call_s", "due", "lane", "measured", "retrying_s",
        "waiting_s",
    )  # fmt: skip

    def __init__(self, lane: Lane, due: float, *, measured: bool) -> None:
        self.lane = lane
        self.due = due
        self.measured = measured
        self.waiting_s = 0.0
        self.call_s = 0.0
        self.retrying_s = 0.0
        self._since = due
        self._again = False
        self._last_s = 0.0

    def sent(self, now: float) -> bool:
        """Takes note of a call: whether it is made again."""
        self._pause(now)
        return self._again

    def answered(self, failure: Failure | None, now: float) -> None:
        """Takes note of a call's end; ``None``: it succeeded."""
        self._last_s = now - self._since
        self._since = now
        self._again = failure is not None
        if failure is None:
            self.call_s += self._last_s
        else:
            self.retrying_s += self._last_s

    def ended(self, now: float) -> None:
        """Takes note of the request's end: its last call was not made again."""
        if self._again:
            self.retrying_s -= self._last_s
            self.call_s += self._last_s
        self._again = False
        self._pause(now)

    def cut(self, now: float) -> None:
        """Takes note that nobody waits for it any more."""
        self._pause(now)

    def _pause(self, now: float) -> None:
        pause = max(0.0, now - self._since)
        if self._again:
            self.retrying_s += pause
        else:
            self.waiting_s += pause
        self._since = now
