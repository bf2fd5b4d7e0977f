"""One request under way, and where its time goes."""

from bulkeic.core.model import Failure, Lane


class RequestTrace:
    """A request, from when it should have started. Times are seconds of one clock.

    Whatever passes is waiting until its first call and after an answer that counts; after a call
    that has to be made again it is retrying, that call included.

    Args:
        lane: that it lies in.
        due: when it should have started.
        measured: whether it is one of those that are measured.

    Attributes:
        last_s: when it was heard of last.
        is_free: whether it starts with its first byte, since nobody has said when it is due.
        is_called: whether a call is made for it now.
    """

    __slots__ = (
        "_again", "_call_s", "_is_sent", "_on_wire", "call_s", "due", "is_called", "is_first",
        "is_free", "lane", "last_s", "measured", "retrying_s", "waiting_s",
    )  # fmt: skip

    def __init__(self, lane: Lane, due: float, *, measured: bool) -> None:
        self.lane = lane
        self.due = due
        self.measured = measured
        self.is_first = True
        self.is_free = False
        self.is_called = False
        self.waiting_s = 0.0
        self.call_s = 0.0
        self.retrying_s = 0.0
        self.last_s = due
        self._again = False
        self._is_sent = False
        self._on_wire = False
        self._call_s = 0.0

    def sent(self, now: float) -> None:
        """Takes note that a call goes out."""
        if self.is_free and self.is_first:
            self.due = self.last_s = now
        self._pause(now)
        self._is_sent = self._on_wire = True
        self._call_s = 0.0
        self.is_first = False

    def came(self, now: float) -> None:
        """Takes note that its answer is there, or that there will be none."""
        if self._on_wire:
            self._call_s = now - self.last_s
            self.last_s = now
            self._on_wire = False

    def answered(self, failure: Failure | None, now: float) -> bool:
        """Takes note of what became of a call.

        Args:
            failure: ``None``: it succeeded.
            now: the time.

        Returns:
            Whether it was made again.
        """
        self.came(now)
        if not self._is_sent:  # there were no credentials, or no connection
            self._pause(now)
            self._call_s = 0.0
        self._is_sent = self.is_first = False
        again, self._again = self._again, failure is not None
        if failure is None:
            self.call_s += self._call_s
        else:
            self.retrying_s += self._call_s
        return again

    def ended(self) -> None:
        """Takes note of the request's end: its last call was not made again."""
        if self._again:
            self.retrying_s -= self._call_s
            self.call_s += self._call_s

    def cut(self, now: float) -> None:
        """Takes note that nobody waits for it any more; a call under way counts so far."""
        if self._on_wire:
            self.came(now)
            self.call_s += self._call_s
        else:
            self._pause(now)

    def _pause(self, now: float) -> None:
        pause = max(0.0, now - self.last_s)
        if self._again:
            self.retrying_s += pause
        else:
            self.waiting_s += pause
        self.last_s = now
