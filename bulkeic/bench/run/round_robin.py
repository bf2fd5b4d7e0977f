"""The targets of a benchmark as an endless sequence of jobs."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence

from bulkeic.core.model import Job, Lane, Settings, SourceLine, Target

_ENDLESS = 2**62
_NOTHING = Settings()


class RoundRobin:
    """Returns the targets of each lane in turn, and starts over after the last one.

    As a feed of the engine it hands out a target again only after its previous job has ended:
    otherwise the engine would take, and send, as many jobs as it can hold. A caller that schedules
    jobs itself uses ``next_job`` instead.

    Args:
        targets: of each lane; no lane is empty.
        rng: shuffles the targets, so that a few of them are a sample of all.
        accepts: whether a lane needs another job.
    """

    def __init__(
        self,
        targets: Mapping[Lane, Sequence[Target]],
        rng: random.Random,
        accepts: Callable[[Lane], bool] = lambda _: True,
    ) -> None:
        self._accepts = accepts
        self._numbers = itertools.count()
        self._free = {lane: len(each) for lane, each in targets.items()}
        self._starved: set[Lane] = set()
        self._targets = {
            lane: itertools.cycle(rng.sample(each, len(each))) for lane, each in targets.items()
        }

    def lanes(self) -> Mapping[Lane, int]:
        """The lanes; their jobs are endless."""
        return dict.fromkeys(self._targets, _ENDLESS // len(self._targets))

    def take(self, lane: Lane) -> Sequence[Job]:
        """The lane's next job, if it needs one and a target is free."""
        if not self._accepts(lane):
            return ()
        if not self._free[lane]:
            self._starved.add(lane)
            return ()
        self._free[lane] -= 1
        return (self.next_job(lane),)

    def release(self, lane: Lane) -> bool:
        """Frees a target whose job has ended.

        Returns:
            Whether the lane had asked for a job while no target was free.
        """
        self._free[lane] += 1
        was_starved = lane in self._starved
        self._starved.discard(lane)
        return was_starved

    def next_job(self, lane: Lane) -> Job:
        """The lane's next job, whether or not its target is free."""
        target = next(self._targets[lane])
        number = next(self._numbers)
        return Job(number, SourceLine(f"request {number}"), target.function, target, _NOTHING)
