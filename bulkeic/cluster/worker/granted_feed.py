"""The jobs that a worker was granted and has not started."""

from collections.abc import Iterable, Mapping, Sequence

from bulkeic.core.model import Job, Lane


class GrantedFeed:
    """Granted jobs, by lane. It implements the engine's ``Feed``."""

    def __init__(self) -> None:
        self._jobs: dict[Lane, list[Job]] = {}

    def add(self, lane: Lane, jobs: Iterable[Job]) -> None:
        """Adds jobs behind the others of their lane."""
        self._jobs.setdefault(lane, []).extend(jobs)

    def lanes(self) -> Mapping[Lane, int]:
        """None: each lane is reported to the engine when it is granted."""
        return {}

    def take(self, lane: Lane) -> Sequence[Job]:
        """Removes and returns all jobs that the lane has now."""
        return self._jobs.pop(lane, ())
