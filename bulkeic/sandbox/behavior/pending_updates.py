"""The functions with an unfinished write: another write of one of them gets a 409.

A write is pending from the change until its reply is sent, and then for the settling time of the
faults. Time is an argument, in seconds of any clock that only moves forward.
"""

from math import inf

from bulkeic.sandbox.state.fleet import FunctionKey

_PRUNE_AT = 1024


class PendingUpdates:
    """The pending writes, by function."""

    __slots__ = ("_pending_until", "_prune_at")

    def __init__(self) -> None:
        self._pending_until: dict[FunctionKey, float] = {}
        self._prune_at = _PRUNE_AT

    def __len__(self) -> int:
        return len(self._pending_until)

    def is_pending(self, function: FunctionKey, now: float) -> bool:
        """Whether the function has a pending write."""
        return now < self._pending_until.get(function, -inf)

    def start(self, function: FunctionKey) -> None:
        """Record that a write of the function has been made."""
        self._pending_until[function] = inf

    def finish(self, function: FunctionKey, now: float, settle_s: float) -> None:
        """Record that the write was answered; it stays pending for `settle_s` seconds."""
        if settle_s <= 0:
            self._pending_until.pop(function, None)
            return
        self._pending_until[function] = now + settle_s
        if len(self._pending_until) > self._prune_at:
            self._pending_until = {
                key: until for key, until in self._pending_until.items() if until > now
            }
            self._prune_at = max(_PRUNE_AT, 2 * len(self._pending_until))
