"""The jobs of a run file, as the engine's feed."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from bulkeic.core.model import Job, Lane, SourceLine
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

# Jobs held in memory, over all lanes; a lane reads at least and at most that many at once.
_MAX_JOBS = 20_000
_MAX_BATCH = 500
_MIN_BATCH = 16


class RunFeed:
    """Reads each lane's jobs in file order, a batch at a time.

    Args:
        run: the run file.
        which: of its jobs.
        wave: the number of their wave; ``None``: any.
        source_of: where the row of a number comes from; ``None``: as the run file says.

    Attributes:
        batch: how many jobs of a lane are read at once.
    """

    def __init__(
        self,
        run: RunFile,
        which: JobFilter = JobFilter.PENDING,
        wave: int | None = None,
        *,
        source_of: Callable[[int], SourceLine] | None = None,
    ) -> None:
        self._source_of = source_of
        self._jobs = run.jobs
        self._which = which
        self._wave = wave
        self._lanes = self._jobs.lanes(which, wave)
        self._ranges = self._jobs.seq_ranges(which, wave)
        self._last_touched = self._jobs.last_touched()
        self.batch = max(_MIN_BATCH, min(_MAX_BATCH, _MAX_JOBS // max(1, len(self._lanes))))

    def lanes(self) -> Mapping[Lane, int]:
        """The lanes that have such jobs, each with its number of jobs."""
        return self._lanes

    def take(self, lane: Lane) -> Sequence[Job]:
        """The lane's next batch of jobs; empty at the end.

        Raises:
            RunFileError: the run file cannot be read.
        """
        after, until = self._ranges[lane]
        # A job of this feed is touched only after it was taken.
        untouched = after >= self._last_touched
        jobs = self._jobs.next_jobs(
            self._which,
            lane,
            after,
            until,
            self.batch,
            wave=self._wave,
            untouched=untouched,
        )
        if jobs:
            self._ranges[lane] = (jobs[-1].seq, until)
        return self._placed(jobs)

    def take_again(self, lane: Lane, seqs: AbstractSet[int]) -> list[Job]:
        """Reads jobs again that were taken and did not finish, as the run file has them now.

        Args:
            lane: account and Region.
            seqs: of the jobs; at least one.

        Raises:
            RunFileError: the run file cannot be read.
        """
        found: list[Job] = []
        after, until = min(seqs) - 1, max(seqs)
        while jobs := self._jobs.next_jobs(
            self._which, lane, after, until, self.batch, wave=self._wave
        ):
            found += [job for job in jobs if job.seq in seqs]
            after = jobs[-1].seq
        return self._placed(found)

    def _placed(self, jobs: list[Job]) -> list[Job]:
        source_of = self._source_of
        if source_of is None:
            return jobs
        return [replace(job, source=source_of(job.source.line)) for job in jobs]
