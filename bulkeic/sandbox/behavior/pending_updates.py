"""Which functions are being changed: another change of one of them meets a 409.

A change goes on from when it is made until its answer is on its way, and for as long after that as
the sandbox is told to let it settle. Time is an argument, in seconds of any clock that only moves
forward.
"""

from math import inf

Subject = tuple[str, str, str]
"""(account, Region, function)."""


class PendingUpdates:
    """The changes that go on."""

    __slots__ = ("_many", "_until")

    def __init__(self) -> None:
        self._until: dict[Subject, float] = {}
        self._many = 1024

    def __len__(self) -> int:
        return len(self._until)

    def go_on(self, subject: Subject, now: float) -> bool:
        """Whether the function is being changed."""
        return now < self._until.get(subject, -inf)

    def begin(self, subject: Subject) -> None:
        """Note that the function is being changed."""
        self._until[subject] = inf

    def end(self, subject: Subject, now: float, settle_s: float) -> None:
        """Note that the change was answered, and settles for so many seconds more."""
        if settle_s <= 0:
            self._until.pop(subject, None)
            return
        self._until[subject] = now + settle_s
        if len(self._until) > self._many:
            self._until = {key: until for key, until in self._until.items() if until > now}
            self._many = max(1024, 2 * len(self._until))
