"""Those who watch a run, as one."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Protocol

from bulkeic.core.rollout.run_events import AnyRunEvent
from bulkeic.output.progress import CombinedProgress, Progress

Stop = Callable[[str], None]


class RunWatcher(Protocol):
    """Watches the runs of one command.

    The thread of the run calls it, so every method returns at once, and none raises an error.
    """

    def connect(self, stop: Stop | None) -> None:
        """Learns how to stop the session that works.

        Args:
            stop: stops it for a reason, from any thread; ``None``: no session works any more.
        """

    def notice(self, event: AnyRunEvent) -> None:
        """Takes an event."""

    def progress(self, doing: str) -> Progress:
        """What sees the outcomes of one pass over jobs.

        Args:
            doing: the pass in one word, such as ``updating``.
        """

    def close(self) -> None:
        """Ends the watch, within seconds."""


class EventWatcher:
    """A ``RunWatcher`` that does nothing, for those that need only some of its methods."""

    def connect(self, stop: Stop | None) -> None:
        """See ``RunWatcher``."""

    def notice(self, event: AnyRunEvent) -> None:
        """See ``RunWatcher``."""

    def progress(self, doing: str) -> Progress:
        """See ``RunWatcher``."""
        del doing
        return CombinedProgress()

    def close(self) -> None:
        """See ``RunWatcher``."""


class RunWatchers:
    """All watchers of a command.

    Args:
        watchers: to tell, in this order.
    """

    def __init__(self, watchers: Sequence[RunWatcher] = ()) -> None:
        self._watchers = tuple(watchers)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._watchers)

    def close(self) -> None:
        """See ``RunWatcher``."""
        with ExitStack() as stack:
            for watcher in reversed(self._watchers):
                stack.callback(watcher.close)

    def connect(self, stop: Stop | None) -> None:
        """See ``RunWatcher``."""
        for watcher in self._watchers:
            watcher.connect(stop)

    def notice(self, event: AnyRunEvent) -> None:
        """See ``RunWatcher``."""
        for watcher in self._watchers:
            watcher.notice(event)

    def progress(self, doing: str) -> list[Progress]:
        """What sees the outcomes of one pass, for each watcher."""
        return [watcher.progress(doing) for watcher in self._watchers]
