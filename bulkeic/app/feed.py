"""The pending jobs of a run file as the engine's feed."""

from collections.abc import Mapping, Sequence

from bulkeic.core.model import Job, Lane
from bulkeic.store import RunFile

# So many jobs are held in memory at most, over all lanes; but each lane reads a handful at once.
_AHEAD = 20_000
_MOST = 500
_LEAST = 16


class RunFeed:
    """Reads each lane's pending jobs in file order, a handful at a time.

    Args:
        run: the run file.
    """

    def __init__(self, run: RunFile) -> None:
        self._run = run
        self._lanes = run.lanes()
        self._after = dict.fromkeys(self._lanes, -1)
        self._handful = max(_LEAST, min(_MOST, _AHEAD // max(1, len(self._lanes))))

    def lanes(self) -> Mapping[Lane, int]:
        """The lanes that have pending jobs, each with their number."""
        return self._lanes

    def take(self, lane: Lane) -> Sequence[Job]:
        """The lane's next pending jobs.

        Raises:
            RunFileError: the run file cannot be read.
        """
        jobs = self._run.pending(lane, self._after[lane], self._handful)
        if jobs:
            self._after[lane] = jobs[-1].seq
        return jobs
