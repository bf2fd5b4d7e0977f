"""The jobs that workers have been given and have not reported yet."""

from collections.abc import Iterable

from bulkeic.core.model import Lane


class GrantedJobs:
    """The unreported jobs of each lane, as numbers of their rows (``seq``)."""

    def __init__(self) -> None:
        self._open: dict[Lane, set[int]] = {}

    def grant(self, lane: Lane, seqs: Iterable[int]) -> None:
        """Records jobs that a worker gets."""
        self._open.setdefault(lane, set()).update(seqs)

    def report(self, lane: Lane, seq: int) -> bool:
        """Records that a job has its outcome. Returns whether that is news."""
        jobs = self._open.get(lane)
        if jobs is None or seq not in jobs:
            return False
        jobs.remove(seq)
        return True

    def unreported(self, lane: Lane) -> set[int]:
        """The jobs of a lane that must be granted again if its worker is lost."""
        return set(self._open.get(lane, ()))

    def count(self, lane: Lane) -> int:
        """How many jobs of a lane are unreported."""
        return len(self._open.get(lane, ()))
