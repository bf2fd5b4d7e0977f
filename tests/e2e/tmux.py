"""A terminal of any size, whose screen can be read: tmux."""

import shlex
import shutil
import subprocess
import uuid
from types import TracebackType
from typing import Self

import pytest

from .conftest import Bulkeic

TMUX = shutil.which("tmux")
PROMPT = "the next prompt"


class Tmux:
    """Runs one command on a terminal of its own. A context manager.

    Args:
        bulkeic: runs in its folder.
        columns: of the terminal.
        rows: of the terminal.
    """

    def __init__(self, bulkeic: Bulkeic, columns: int, rows: int) -> None:
        if TMUX is None:
            pytest.skip("tmux is not installed")
        self._server = [TMUX, "-L", f"bulkeic-{uuid.uuid4().hex}", "-f", "/dev/null"]
        self._bulkeic = bulkeic
        self._size = ["-x", str(columns), "-y", str(rows)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tmux("kill-server")

    def start(self, *words: object, more: str = "") -> None:
        """Starts the command; when it has ended, the last line of the screen is a prompt.

        Args:
            words: of the command.
            more: redirections, as in the shell.
        """
        command = f"{shlex.join(self._bulkeic.words(words))} {more}"
        script = f"trap : INT; {command}; printf %s {shlex.quote(PROMPT)}; exec cat"
        self._tmux(
            "new-session", "-d", *self._size, "-c", str(self._bulkeic.folder),
            shlex.join(["sh", "-c", script]),
        )  # fmt: skip

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def wait_for(self, text: str) -> list[str]:
        """The rows of the screen, once a text is on it."""
        while text not in (screen := self._tmux("capture-pane", "-p")):
            assert PROMPT not in screen, screen
        return screen.splitlines()

    def colored_screen(self) -> str:
        """The screen as it is now, with ANSI colors."""
        return self._tmux("capture-pane", "-p", "-e")

    def wait_for_change(self, text: str) -> None:
        """Waits until the row that a text is in has changed."""
        before = self._row_with(text)
        while before == self._row_with(text):
            pass

    def _row_with(self, text: str) -> str:
        return next(row for row in self.wait_for(text) if text in row)

    def last_screen(self) -> list[str]:
        """The rows above the prompt, once the command has ended."""
        rows = [row for row in self.wait_for(PROMPT) if row]
        assert rows[-1] == PROMPT
        return rows[:-1]

    def _tmux(self, *words: str) -> str:
        env = self._bulkeic.env | {"TERM": "xterm"}
        env = {name: value for name, value in env.items() if name not in {"COLUMNS", "LINES"}}
        return subprocess.run(
            [*self._server, *words], capture_output=True, check=True, text=True, env=env, timeout=60
        ).stdout
