"""The jobs that workers have been given and have not finished yet."""

from collections.abc import Iterable

from bulkeic.core.model import Job, Lane


class GrantedJobs:
    """The unfinished jobs of each lane that its worker has."""

    def __init__(self) -> None:
        self._open: dict[Lane, dict[int, Job]] = {}

    def grant(self, lane: Lane, jobs: Iterable[Job]) -> None:
        """Records jobs that a worker gets."""
        self._open.setdefault(lane, {}).update((job.seq, job) for job in jobs)

    def job(self, lane: Lane, seq: int) -> Job | None:
        """An unfinished job; ``None``: it is finished, or was not granted."""
        return self._open.get(lane, {}).get(seq)

    def finish(self, lane: Lane, seq: int) -> bool:
        """Records that a job is finished. Returns whether that is news."""
        return self._open.get(lane, {}).pop(seq, None) is not None

    def unfinished(self, lane: Lane) -> frozenset[int]:
        """The jobs of a lane that must be granted again if its worker is lost: their ``seq``."""
        return frozenset(self._open.get(lane, ()))

    def count(self, lane: Lane) -> int:
        """How many jobs of a lane are unfinished."""
        return len(self._open.get(lane, ()))
