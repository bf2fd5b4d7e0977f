"""What a command runs in: a terminal, or another program."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from bulkeic.app.options.command_options import WorkOptions
from bulkeic.app.run.signals import SignalWatch
from bulkeic.app.setup.open_files import PAGE_FILES, allow_open_files
from bulkeic.app.watching.watchers import RunWatchers
from bulkeic.app.watching.watching import open_watchers
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.output.console import Console
from bulkeic.output.logs import configure_logs


class Interruptions(Protocol):
    """What interrupts a session from outside."""

    async def handle(
        self, stop: Callable[[], None], quit_now: Callable[[], None], console: Console
    ) -> None:
        """Waits for interruptions until it is cancelled; see ``SignalWatch``."""


class Surroundings(Protocol):
    """What a command runs in."""

    @property
    def console(self) -> Console:
        """Prints messages and asks questions."""

    def prepare(self, options: WorkOptions) -> None:
        """Prepares the process for a command.

        Raises:
            UsageError: it cannot be prepared.
        """

    def interruptions(self) -> AbstractContextManager[Interruptions]:
        """What interrupts a session."""

    def watchers(self, options: WorkOptions) -> RunWatchers:
        """Opens those who watch a run.

        Raises:
            UsageError: one of them cannot start.
        """


class Terminal:
    """The ``Surroundings`` of a command that has the process for itself."""

    def __init__(self) -> None:
        self.console = Console()

    def prepare(self, options: WorkOptions) -> None:
        """Configures logs and raises the limit on open files; see ``Surroundings``."""
        configure_logs(options.log.log_format, options.log.log_level, sanitize)
        has_page = options.watch.ui is not None
        allow_open_files(options.pace.concurrency + PAGE_FILES * has_page)

    def interruptions(self) -> SignalWatch:
        """The signals of the process."""
        return SignalWatch()

    def watchers(self, options: WorkOptions) -> RunWatchers:
        """See ``Surroundings``."""
        return open_watchers(options.watch, self.console)
