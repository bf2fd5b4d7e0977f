"""Where the time of one request goes."""

from bulkeic.core.model import Failure, Lane


class RequestTrace:
    """A request from its intended start to its end. Times are seconds of one clock.

    Time outside of calls is waiting before the first call and after a final answer. After a call
    that is retried it is retrying, that call included.

    Args:
        lane: the lane of the request.
        due: the intended start.
        measured: whether the request counts in the measurements.

    Attributes:
        last_s: time of the last event.
        starts_when_sent: whether it has no intended start, so that it starts with its first byte.
        is_in_call: whether a call of it is in flight.
        is_first: whether no call of it was sent yet.
    """

    __slots__ = (
        "_is_retrying", "_is_sent", "_last_call_s", "_on_wire", "call_s", "due", "is_first",
        "is_in_call", "lane", "last_s", "measured", "retrying_s", "starts_when_sent", "waiting_s",
    )  # fmt: skip

    def __init__(self, lane: Lane, due: float, *, measured: bool) -> None:
        self.lane = lane
        self.due = due
        self.measured = measured
        self.is_first = True
        self.starts_when_sent = False
        self.is_in_call = False
        self.waiting_s = 0.0
        self.call_s = 0.0
        self.retrying_s = 0.0
        self.last_s = due
        self._is_retrying = False
        self._is_sent = False
        self._on_wire = False
        self._last_call_s = 0.0

    def call_sent(self, now: float) -> None:
        """Records that a call was sent."""
        if self.starts_when_sent and self.is_first:
            self.due = self.last_s = now
        self._record_pause(now)
        self._is_sent = self._on_wire = True
        self._last_call_s = 0.0
        self.is_first = False

    def answer_received(self, now: float) -> None:
        """Records that the answer of the call arrived, or that there will be none."""
        if self._on_wire:
            self._last_call_s = now - self.last_s
            self.last_s = now
            self._on_wire = False

    def call_ended(self, failure: Failure | None, now: float) -> bool:
        """Records the result of a call.

        Args:
            failure: ``None``: the call succeeded.
            now: the current time.

        Returns:
            Whether this call was a retry.
        """
        self.answer_received(now)
        if not self._is_sent:  # there were no credentials, or no connection
            self._record_pause(now)
            self._last_call_s = 0.0
        self._is_sent = self.is_first = False
        is_retry, self._is_retrying = self._is_retrying, failure is not None
        if failure is None:
            self.call_s += self._last_call_s
        else:
            self.retrying_s += self._last_call_s
        return is_retry

    def request_ended(self) -> None:
        """Records the end of the request: its last call was not retried."""
        if self._is_retrying:
            self.retrying_s -= self._last_call_s
            self.call_s += self._last_call_s

    def abandon(self, now: float) -> None:
        """Records that waiting for the request stopped; a call in flight counts so far."""
        if self._on_wire:
            self.answer_received(now)
            self.call_s += self._last_call_s
        else:
            self._record_pause(now)

    def _record_pause(self, now: float) -> None:
        pause = max(0.0, now - self.last_s)
        if self._is_retrying:
            self.retrying_s += pause
        else:
            self.waiting_s += pause
        self.last_s = now
