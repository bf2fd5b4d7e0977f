"""The targets of a benchmark as jobs, again and again."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence

from bulkeic.core.model import Job, Lane, Settings, Target

_ENDLESS = 2**62
_NOTHING = Settings()


class RoundRobin:
    """Gives each lane its targets in turn, and begins anew when all have had one.

    It is a feed of the engine that hands out jobs as long as they are wanted; or ``next`` gives one
    after the other to whoever hands them out by time.

    Args:
        targets: of each lane, none empty.
        chance: shuffles them, so that a few stand for all.
        wants: whether a lane is to have one more job.
    """

    def __init__(
        self,
        targets: Mapping[Lane, Sequence[Target]],
        chance: random.Random,
        wants: Callable[[Lane], bool] = lambda _: True,
    ) -> None:
        self._wants = wants
        self._numbers = itertools.count()
        self._turns = {
            lane: itertools.cycle(chance.sample(each, len(each))) for lane, each in targets.items()
        }

    def lanes(self) -> Mapping[Lane, int]:
        """The lanes; there is no end to their jobs."""
        return dict.fromkeys(self._turns, _ENDLESS // len(self._turns))

    def take(self, lane: Lane) -> Sequence[Job]:
        """The lane's next job, if it is wanted."""
        return (self.next(lane),) if self._wants(lane) else ()

    def next(self, lane: Lane) -> Job:
        """The lane's next job."""
        target = next(self._turns[lane])
        number = next(self._numbers)
        return Job(number, f"request {number}", target.function, target, _NOTHING)
