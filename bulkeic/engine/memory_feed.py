"""A feed whose jobs are in memory."""

from collections.abc import Iterable, Mapping, Sequence

from bulkeic.core.model import Job, Lane


class MemoryFeed:
    """Jobs in memory, by lane. It implements ``Feed``.

    Args:
        jobs: in any order; more may be added later.
    """

    def __init__(self, jobs: Iterable[Job] = ()) -> None:
        self._jobs: dict[Lane, list[Job]] = {}
        for job in jobs:
            self.add(job)

    def add(self, job: Job) -> None:
        """Append a job to its lane."""
        self._jobs.setdefault(job.target.lane, []).append(job)

    def lanes(self) -> Mapping[Lane, int]:
        """The lanes that have jobs, each with its number of jobs."""
        return {lane: len(jobs) for lane, jobs in self._jobs.items()}

    def take(self, lane: Lane) -> Sequence[Job]:
        """Remove and return all jobs that the lane has now."""
        return self._jobs.pop(lane, ())
