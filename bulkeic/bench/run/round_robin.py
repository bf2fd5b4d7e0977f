"""The targets of a benchmark as jobs, again and again."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence

from bulkeic.core.model import Job, Lane, Settings, SourceLine, Target

_ENDLESS = 2**62
_NOTHING = Settings()


class RoundRobin:
    """Gives each lane its targets in turn, and begins anew when all have had one.

    It is a feed of the engine that hands out jobs as long as they are wanted, and of a target no
    second one before the first has ended: an engine would take as many as it can keep, and all of
    them would be sent. Or ``next`` gives one after the other to whoever hands them out by time.

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
        self._free = {lane: len(each) for lane, each in targets.items()}
        self._short: set[Lane] = set()
        self._turns = {
            lane: itertools.cycle(chance.sample(each, len(each))) for lane, each in targets.items()
        }

    def lanes(self) -> Mapping[Lane, int]:
        """The lanes; there is no end to their jobs."""
        return dict.fromkeys(self._turns, _ENDLESS // len(self._turns))

    def take(self, lane: Lane) -> Sequence[Job]:
        """The lane's next job, if it is wanted and there is a target for it."""
        if not self._wants(lane):
            return ()
        if not self._free[lane]:
            self._short.add(lane)
            return ()
        self._free[lane] -= 1
        return (self.next(lane),)

    def ended(self, lane: Lane) -> bool:
        """Takes note that a job has ended.

        Returns:
            Whether there is one again, after one was asked for in vain.
        """
        self._free[lane] += 1
        is_short = lane in self._short
        self._short.discard(lane)
        return is_short

    def next(self, lane: Lane) -> Job:
        """The lane's next job."""
        target = next(self._turns[lane])
        number = next(self._numbers)
        return Job(number, SourceLine(f"request {number}"), target.function, target, _NOTHING)
