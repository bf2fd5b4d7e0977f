"""The coordinator's view of the leases: which worker holds each lane, and which lanes are free.

==========================================  ====================================
a worker                                    its lanes are free
==========================================  ====================================
is heard                                    not before it is lost
was not heard for the lease and the margin  at once: its own lease has ended
has ended, as its parent process knows      at once
cannot be reached any more                  after the lease and the margin
==========================================  ====================================

A worker that is lost is never asked again: it gets no new lanes, and its lease is never extended.
"""

from collections.abc import Collection, Iterable

from bulkeic.core.leases.worker_lease import LeaseTerms
from bulkeic.core.model import Lane


class LaneLeases:
    """Which worker holds which lanes. Times are seconds of the coordinator's own clock.

    Args:
        terms: how long a worker's lease lasts.
    """

    def __init__(self, terms: LeaseTerms) -> None:
        self._terms = terms
        self._heard_at: dict[int, float] = {}
        self._lost: set[int] = set()
        self._ended: set[int] = set()
        self._lanes: dict[int, dict[Lane, None]] = {}
        self._holders: dict[Lane, int] = {}

    def add_worker(self, worker: int, now: float) -> None:
        """Records a worker that has begun, and was heard at a time."""
        self._heard_at[worker] = now
        self._lanes[worker] = {}

    def grant(self, lane: Lane, worker: int) -> None:
        """Records that a worker holds a lane from now on.

        Raises:
            ValueError: the worker is lost, or another one holds the lane.
        """
        if worker in self._lost:
            raise ValueError(f"worker {worker} is lost")
        holder = self._holders.setdefault(lane, worker)
        if holder != worker:
            raise ValueError(f"worker {holder} holds {lane}")
        self._lanes[worker][lane] = None

    def heard(self, worker: int, now: float) -> bool:
        """Records a message of a worker. Returns whether it may be asked again."""
        if worker in self._lost:
            return False
        self._heard_at[worker] = max(self._heard_at[worker], now)
        return True

    def lose(self, worker: int, *, has_ended: bool = False) -> None:
        """Records that a worker cannot be reached any more.

        Args:
            worker: it.
            has_ended: whether its process has certainly ended.
        """
        self._lost.add(worker)
        if has_ended:
            self._ended.add(worker)

    def lose_silent(self, now: float) -> list[int]:
        """Records the workers that were not heard for the whole lease, and returns them."""
        silent = [
            worker
            for worker, heard_at in self._heard_at.items()
            if worker not in self._lost and now >= heard_at + self._terms.lease_s
        ]
        self._lost.update(silent)
        return silent

    def take_free(self, now: float) -> list[Lane]:
        """Removes and returns the lanes of lost workers that can be granted again."""
        free: list[Lane] = []
        for worker in self._lost:
            if self._lanes[worker] and now >= self._free_at(worker):
                free += self._lanes[worker]
                self._lanes[worker] = {}
        for lane in free:
            del self._holders[lane]
        return free

    def next_change(self) -> float:
        """When a worker is lost or lanes are free, if no one is heard; ``inf``: never."""
        losses = (
            heard_at + self._terms.lease_s
            for worker, heard_at in self._heard_at.items()
            if worker not in self._lost
        )
        frees = (self._free_at(worker) for worker in self._lost if self._lanes[worker])
        return min((*losses, *frees), default=float("inf"))

    def all_ended_at(self) -> float:
        """When no lost worker has a lease any more; ``-inf``: all have ended."""
        return max(map(self._free_at, self._lost), default=float("-inf"))

    def lanes_of(self, worker: int) -> Iterable[Lane]:
        """The lanes that a worker holds."""
        return self._lanes[worker].keys()

    @property
    def known(self) -> Collection[int]:
        """Every worker that has begun."""
        return self._heard_at.keys()

    @property
    def alive(self) -> list[int]:
        """The workers that are not lost."""
        return [worker for worker in self._heard_at if worker not in self._lost]

    def _free_at(self, worker: int) -> float:
        if worker in self._ended:
            return float("-inf")
        return self._heard_at[worker] + self._terms.lease_s + self._terms.margin_s
