"""Watchers of a run: what each one must do, and all watchers of a command as one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

from bulkeic.core.rollout.run_events import AnyRunEvent
from bulkeic.core.summary import Tally
from bulkeic.output.progress.run_progress import CombinedProgress, Progress
from bulkeic.store.run_file import RunFile

Stop = Callable[[str], None]


class RunWatcher(Protocol):
    """Watches the runs of one command.

    The thread of the run calls it, so every method returns at once, and none raises an error.
    """

    def open_run(self, run: RunFile, command: str, tallies: Sequence[Tally] | None) -> None:
        """Learns which run the command works on from now; it may read the run file once.

        Args:
            run: the run file. Other threads must not use it.
            command: what is done with it: ``apply``, ``plan``, ``verify`` or ``rollback``.
            tallies: the outcomes that count already; ``None``: those of the run file.

        Raises:
            RunFileError: it cannot be read; nothing was sent.
        """

    def close_run(self) -> None:
        """Lets go of the run file, which is about to be closed."""

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

    def open_run(self, run: RunFile, command: str, tallies: Sequence[Tally] | None) -> None:
        """See ``RunWatcher``."""

    def close_run(self) -> None:
        """See ``RunWatcher``."""

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

    @contextmanager
    def watching(
        self, run: RunFile, command: str, tallies: Sequence[Tally] | None = None
    ) -> Iterator[None]:
        """Shows a run to the watchers while the command works on it; see ``open_run``."""
        try:
            for watcher in self._watchers:
                watcher.open_run(run, command, tallies)
            yield
        finally:
            for watcher in self._watchers:
                watcher.close_run()

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
