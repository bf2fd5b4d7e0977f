"""Jobs in memory, sorted into lanes."""

from collections.abc import Iterable, Mapping, Sequence

from bulkeic.core.model import Job, Lane


class MemoryFeed:
    """A feed whose jobs are in memory.

    Args:
        jobs: in any order; more may be added later.
    """

    def __init__(self, jobs: Iterable[Job] = ()) -> None:
        self._jobs: dict[Lane, list[Job]] = {}
        for job in jobs:
            self.add(job)

    def add(self, job: Job) -> None:
        """Puts a job behind those of its lane."""
        self._jobs.setdefault(job.target.lane, []).append(job)

    def lanes(self) -> Mapping[Lane, int]:
        """The lanes that have jobs, each with their number."""
        return {lane: len(jobs) for lane, jobs in self._jobs.items()}

    def take(self, lane: Lane) -> Sequence[Job]:
        """All the jobs that the lane has at the moment."""
        return self._jobs.pop(lane, ())
