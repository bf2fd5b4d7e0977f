"""The progress of work that a library call has started."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

import msgspec

from bulkeic.app.watching.watchers import EventWatcher, Stop
from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.lane_progress import LaneProgress
from bulkeic.core.model import Job, Lane, Outcome
from bulkeic.core.rollout.run_events import AnyRunEvent, WaveStarted
from bulkeic.core.summary import Traffic
from bulkeic.output.progress.run_progress import MakeForecast, Progress

MOST_UNTAKEN = 100_000
"""Outcomes that wait to be taken; with more, the work stops."""
UNTAKEN = "the program does not take the outcomes"


class WorkProgress(msgspec.Struct, frozen=True):
    """The progress of one pass over the targets.

    Attributes:
        doing: the pass in one word: ``reading``, ``updating`` or ``verifying``.
        wave: number of the wave, from 1; ``None``: there are no waves.
        targets: of the pass.
        done: targets that are finished.
        failed: of them, those that failed or whose outcome is unknown.
        outcomes: since the progress before. They are in the run file already.
        traffic: what the session has sent so far.
    """

    doing: str
    wave: int | None
    targets: int
    done: int = 0
    failed: int = 0
    outcomes: tuple[Outcome, ...] = ()
    traffic: Traffic = msgspec.field(default_factory=Traffic)

    def is_same_pass(self, other: "WorkProgress") -> bool:
        """Whether another progress is one of the same pass."""
        return (self.doing, self.wave) == (other.doing, other.wave)


class ProgressFeed(EventWatcher):
    """A ``RunWatcher`` that gives the progress to a program, on the loop of the run.

    Progress that the program does not take in time is merged, so that little of it is kept.

    Args:
        changed: called when there is something to take.

    Attributes:
        readers: the loops of the program that take the progress; without any, none is kept.
        reason: why the program stops the work; ``None``: it does not.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.readers = 0
        self._changed = changed
        self._waiting: deque[tuple[WorkProgress, list[Outcome]]] = deque()
        self._untaken = 0
        self._wave: int | None = None
        self._stop: Stop | None = None
        self.reason: str | None = None

    def stop(self, reason: str) -> None:
        """Stops the session that works, and those that follow."""
        self.reason = self.reason or reason
        if self._stop is not None:
            self._stop(self.reason)

    @property
    def is_connected(self) -> bool:
        """Whether a session can be stopped."""
        return self._stop is not None

    def take(self) -> WorkProgress | None:
        """The next progress; ``None``: nothing is new."""
        if not self._waiting:
            return None
        newest, outcomes = self._waiting.popleft()
        self._untaken -= len(outcomes)
        return msgspec.structs.replace(newest, outcomes=tuple(outcomes))

    def add(self, progress: WorkProgress) -> None:
        """Adds the newest progress, merged with what still waits of the same pass."""
        if not self.readers:
            return
        self._untaken += len(progress.outcomes)
        outcomes: list[Outcome] = []
        if self._waiting and self._waiting[-1][0].is_same_pass(progress):
            _, outcomes = self._waiting.pop()
        outcomes += progress.outcomes
        self._waiting.append((progress, outcomes))
        self._changed()
        if self._untaken > MOST_UNTAKEN:
            self.stop(UNTAKEN)

    def connect(self, stop: Stop | None) -> None:
        """See ``RunWatcher``."""
        self._stop = stop
        if stop is not None and self.reason is not None:
            stop(self.reason)

    def notice(self, event: AnyRunEvent) -> None:
        """See ``RunWatcher``."""
        if isinstance(event, WaveStarted):
            self._wave = event.wave

    def progress(self, doing: str) -> Progress:
        """See ``RunWatcher``."""
        return _PassCounter(self, doing, self._wave)


class _PassCounter:
    """Counts the finished targets of one pass; see ``Progress``.

    Args:
        feed: gets the progress.
        doing: the pass in one word.
        wave: number of the wave; ``None``: there are no waves.
    """

    def __init__(self, feed: ProgressFeed, doing: str, wave: int | None) -> None:
        self._feed = feed
        self._doing = doing
        self._wave = wave

    def start(self, lanes: Mapping[Lane, int]) -> None:
        """See ``Progress``."""
        self._lanes = LaneProgress(lanes)
        self._add((), Traffic())

    def advance(
        self,
        outcomes: Sequence[Outcome],
        before_images: Sequence[tuple[Job, BeforeImage]],
        traffic: Traffic,
        forecast: MakeForecast,
    ) -> None:
        """See ``Progress``."""
        del forecast
        done = self._lanes.total.done
        self._lanes.add(outcomes, before_images)
        if self._lanes.total.done > done:
            self._add(tuple(outcomes), traffic)

    def stop(self) -> None:
        """See ``Progress``."""

    def _add(self, outcomes: tuple[Outcome, ...], traffic: Traffic) -> None:
        total = self._lanes.total
        self._feed.add(
            WorkProgress(
                doing=self._doing,
                wave=self._wave,
                targets=total.jobs,
                done=total.done,
                failed=total.failed,
                outcomes=outcomes,
                traffic=traffic,
            )
        )
