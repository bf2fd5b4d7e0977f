"""What a command runs in when another program calls it: nothing is printed, asked or changed."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import anyio

from bulkeic.app.library.work_progress import ProgressFeed
from bulkeic.app.options.command_options import WorkOptions
from bulkeic.app.watching.watchers import RunWatchers
from bulkeic.output.console import Console
from bulkeic.output.logs import keep_silent
from bulkeic.output.terminal.screen import Screen
from bulkeic.output.terminal.styles import rendered

_KEPT_LINES = 50
_log = logging.getLogger("bulkeic.library")


class SilentConsole(Console):
    """A console that prints nothing and asks nothing: the call was the confirmation.

    Attributes:
        lines: the last messages; each is also logged at level info.
    """

    agrees = True
    is_terminal = False
    width = None
    can_confirm = False

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)

    def screen(self, *, in_full: bool = False) -> Screen:
        """See ``Console``."""
        return Screen(in_full=in_full)

    def spinner(self, text: str) -> AbstractContextManager[object]:
        """See ``Console``."""
        del text
        return nullcontext()

    def print(self, text: str) -> None:
        """Keeps a line and logs it."""
        line = rendered(text, in_color=False)
        self.lines.append(line)
        _log.info(line)

    def read_answer(self) -> bool:
        """Always yes; see ``Console``."""
        return True

    def _write(self, text: str) -> None:
        """Writes nothing."""


class _ProgramStop:
    """The stop of the program, for a session that no watcher can stop.

    Args:
        feed: which the program stops.
    """

    def __init__(self, feed: ProgressFeed) -> None:
        self._feed = feed

    async def handle(
        self, stop: Callable[[], None], quit_now: Callable[[], None], console: Console
    ) -> None:
        """Waits until it is cancelled; see ``Interruptions``."""
        del quit_now, console
        if not self._feed.is_connected:
            self._feed.connect(lambda _: stop())
        await anyio.sleep_forever()


class SilentHost:
    """The ``Surroundings`` of a command that another program calls.

    Args:
        feed: shows the program how far the work is.

    Attributes:
        console: prints nothing.
    """

    def __init__(self, feed: ProgressFeed) -> None:
        keep_silent()
        self.console = SilentConsole()
        self._feed = feed

    def prepare(self, options: WorkOptions) -> None:
        """Changes nothing: logs and limits are those of the other program."""

    @contextmanager
    def interruptions(self) -> Iterator[_ProgramStop]:
        """See ``Surroundings``."""
        try:
            yield _ProgramStop(self._feed)
        finally:
            self._feed.connect(None)

    def watchers(self, options: WorkOptions) -> RunWatchers:
        """See ``Surroundings``."""
        del options
        return RunWatchers([self._feed])
