"""The jobs of a run file as the engine's feed."""

from collections.abc import Mapping, Sequence

from bulkeic.core.model import Job, Lane
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

# So many jobs are held in memory at most, over all lanes; but each lane reads a handful at once.
_AHEAD = 20_000
_MOST = 500
_LEAST = 16


class RunFeed:
    """Reads each lane's jobs in file order, a handful at a time.

    Args:
        run: the run file.
        which: of its jobs.
        wave: the number of the wave that they belong to; ``None``: any.
    """

    def __init__(
        self, run: RunFile, which: JobFilter = JobFilter.PENDING, wave: int | None = None
    ) -> None:
        self._jobs = run.jobs
        self._which = which
        self._lanes = self._jobs.lanes(which, wave)
        self._ranges = self._jobs.seq_ranges(which, wave)
        self._handful = max(_LEAST, min(_MOST, _AHEAD // max(1, len(self._lanes))))

    def lanes(self) -> Mapping[Lane, int]:
        """The lanes that have such jobs, each with their number."""
        return self._lanes

    def take(self, lane: Lane) -> Sequence[Job]:
        """The lane's next jobs.

        Raises:
            RunFileError: the run file cannot be read.
        """
        after, until = self._ranges[lane]
        jobs = self._jobs.next_jobs(self._which, lane, after, until, self._handful)
        if jobs:
            self._ranges[lane] = (jobs[-1].seq, until)
        return jobs
