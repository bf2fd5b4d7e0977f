"""What a command runs in when another program calls it: nothing is printed, asked or changed."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import anyio

from bulkeic.app.setup.options import WorkOptions
from bulkeic.app.watching.watchers import RunWatcher, RunWatchers
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


class _NoInterruptions:
    """The signals are those of the other program."""

    async def handle(
        self, stop: Callable[[], None], quit_now: Callable[[], None], console: Console
    ) -> None:
        """Waits until it is cancelled; see ``Interruptions``."""
        del stop, quit_now, console
        await anyio.sleep_forever()


class SilentHost:
    """The ``Surroundings`` of a command that another program calls.

    Args:
        watcher: shows the program how far the work is.

    Attributes:
        console: prints nothing.
    """

    def __init__(self, watcher: RunWatcher) -> None:
        keep_silent()
        self.console = SilentConsole()
        self._watcher = watcher

    def prepare(self, options: WorkOptions) -> None:
        """Changes nothing: logs and limits are those of the other program."""

    def interruptions(self) -> AbstractContextManager[_NoInterruptions]:
        """See ``Surroundings``."""
        return _no_interruptions()

    def watchers(self, options: WorkOptions) -> RunWatchers:
        """See ``Surroundings``."""
        del options
        return RunWatchers([self._watcher])


@contextmanager
def _no_interruptions() -> Iterator[_NoInterruptions]:
    yield _NoInterruptions()
