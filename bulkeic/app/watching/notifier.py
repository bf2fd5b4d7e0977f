"""Gives the events of a run to a command of the user: ``--notify``."""

import json
import sys
from collections.abc import Iterator

import msgspec

from bulkeic.app.watching.event_process import CommandEnd, EventProcess
from bulkeic.app.watching.watchers import EventWatcher
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.rollout.run_events import AnyRunEvent, RunEnded
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted

END_LIMIT_S = 10.0
"""How long the command may take to read the rest and to end."""
_QUIT_LIMIT_S = 1.0
"""The same, if the user wants to quit at once."""
_SHOWN_LINES = 3


class Notifier(EventWatcher):
    """Gives events to a command, which starts with the first one.

    Args:
        command: for the shell.
        console: prints how the command failed.
    """

    def __init__(self, command: str, console: Console) -> None:
        self._command = command
        self._console = console
        self._process: EventProcess | None = None
        self._has_failed = self._is_quit = False

    def notice(self, event: AnyRunEvent) -> None:
        """See ``RunWatcher``."""
        if self._has_failed:
            return
        if self._process is None:
            try:
                self._process = EventProcess(self._command)
            except (OSError, RuntimeError) as error:  # no more files or threads
                self._has_failed = True
                self._console.print(f"--notify: the command cannot be started ({error})")
                return
        if isinstance(event, RunEnded):
            self._is_quit = event.exit_code == ExitCode.INTERRUPTED
        self._process.send(event_line(event))

    def close(self) -> None:
        """See ``RunWatcher``."""
        if self._process is None:
            return
        is_quit = self._is_quit or isinstance(sys.exception(), KeyboardInterrupt)
        limit_s = _QUIT_LIMIT_S if is_quit else END_LIMIT_S
        for line in end_lines(self._process.close(limit_s), limit_s):
            self._console.print(f"--notify: {line}")


def event_line(event: AnyRunEvent) -> bytes:
    """An event as one line of JSON, without secrets and control characters."""
    document = msgspec.to_builtins(event)
    cleaned = _cleaned(document) | {"run": document["run"]}
    # Not by msgspec, which refuses the name of a run file that is not UTF-8.
    return f"{json.dumps(cleaned, separators=(',', ':'))}\n".encode()


def _cleaned(document: dict[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in document.items():
        if isinstance(value, str):
            found[name] = sanitize(value)
        else:
            found[name] = _cleaned(value) if isinstance(value, dict) else value
    return found


def end_lines(end: CommandEnd, limit_s: float) -> Iterator[str]:
    """What to say of how the command ended; nothing if all went well.

    Args:
        end: how it ended.
        limit_s: that it had, seconds.
    """
    problem = _problem(end, limit_s)
    if problem is not None:
        output = sanitize(end.output.raw_text()).splitlines()
        shown = "; ".join([line for line in output if line.strip()][-_SHOWN_LINES:])
        yield f"{problem}: {shown}" if shown else problem
    if end.dropped:
        yield f"{end.dropped:,} of {counted(end.lines, 'event')} did not reach the command"


def _problem(end: CommandEnd, limit_s: float) -> str | None:
    if end.code is None:
        return f"the command cannot be started ({end.problem})"
    if end.is_late:
        return f"the command did not end within {limit_s:g} s, and was ended"
    if end.code < 0:
        return f"the command was ended by signal {-end.code}"
    return f"the command failed with exit code {end.code}" if end.code else None
