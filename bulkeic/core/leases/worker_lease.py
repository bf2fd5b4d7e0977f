"""A worker's lease: until when it may call the lanes that it was granted.

The worker answers each question of the coordinator with a numbered message. An acknowledgment
proves that the coordinator has received a message, and so was there after the worker made it. The
lease counts from that moment, on the worker's own clock, so no two clocks are compared.

===================================================  ======  ================================
since the last message that was acknowledged         state   the worker
===================================================  ======  ================================
less than ``hold_s``                                 VALID   makes calls
less than ``lease_s``                                HELD    starts no call, and keeps its jobs
more, once                                           LOST    starts no call any more, and ends
===================================================  ======  ================================
"""

from enum import StrEnum

import msgspec

_MOST_DRIFT = 1.01
"""Two clocks differ by less than this factor in how fast they run."""


class LeaseTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How long leases last.

    Attributes:
        lease_s: seconds for which a worker may call its lanes without an acknowledgment.
        hold_s: seconds after which it holds, because it could not report what it does.
        margin_s: seconds that the coordinator waits beyond a lease, before it grants lanes again.

    Raises:
        ValueError: the margin is too small for clocks that run at different speeds, or a worker
            would hold only after its lease.
    """

    lease_s: float = 10.0
    hold_s: float = 2.0
    margin_s: float = 1.0

    def __post_init__(self) -> None:
        if self.lease_s + self.margin_s < self.lease_s * _MOST_DRIFT:
            raise ValueError(f"margin_s: {self.margin_s:g} is too small")
        if not 0 < self.hold_s <= self.lease_s:
            raise ValueError(f"hold_s: {self.hold_s:g} is not between 0 and {self.lease_s:g}")

    @property
    def longest_s(self) -> float:
        """Seconds after which no worker calls its lanes that was not heard."""
        return self.lease_s + self.margin_s


class LeaseState(StrEnum):
    """What a worker may do."""

    VALID = "valid"
    HELD = "held"
    LOST = "lost"


class WorkerLease:
    """The lease of one worker. Times are seconds of its own clock, which runs during suspensions.

    Args:
        terms: how long it lasts.
        now: when the worker began; it has message 0 made then.
    """

    def __init__(self, terms: LeaseTerms, now: float) -> None:
        self._terms = terms
        self._made_at = {0: now}
        self._counts_from = now
        self._is_lost = False

    def message_made(self, number: int, now: float) -> None:
        """Records that a message was made; numbers grow.

        A message that is sent again changes nothing: it may have been received the first time.
        """
        if number > max(self._made_at):
            self._made_at[number] = now

    def acknowledged(self, number: int, now: float) -> None:
        """Records that the coordinator has received a message, and with it all earlier ones.

        An acknowledgment that is late, or comes twice, changes nothing.

        Args:
            number: of the message.
            now: when the acknowledgment arrived.
        """
        if self.state(now) is LeaseState.LOST:
            return
        made_at = self._made_at.get(number)
        if made_at is not None:
            self._counts_from = max(self._counts_from, made_at)
            self._made_at = {each: at for each, at in self._made_at.items() if each >= number}

    def state(self, now: float) -> LeaseState:
        """What the worker may do. A lease that is lost stays lost."""
        unheard_s = now - self._counts_from
        self._is_lost = self._is_lost or unheard_s >= self._terms.lease_s
        if self._is_lost:
            return LeaseState.LOST
        return LeaseState.HELD if unheard_s >= self._terms.hold_s else LeaseState.VALID

    def next_change(self, now: float) -> float:
        """When the state changes if nothing more is acknowledged; ``now``: it is lost."""
        match self.state(now):
            case LeaseState.VALID:
                return self._counts_from + self._terms.hold_s
            case LeaseState.HELD:
                return self._counts_from + self._terms.lease_s
            case LeaseState.LOST:
                return now
