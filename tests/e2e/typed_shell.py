"""A shell on a terminal, where keys are typed and the line that they make is read."""

import os
import pty
import select
import subprocess
import threading
from pathlib import Path

from .conftest import COMMAND, environment

START, END = "\x01", "\x05"  # Ctrl-A, Ctrl-E
DEADLINE_S = 60


class TypedShell:
    """An interactive shell.

    Args:
        words: start it.
        set_up: what is typed first.
        insert_all: the keys that insert every candidate.
        folder: where it runs.
    """

    def __init__(
        self, words: list[str], set_up: str, insert_all: str, folder: Path, **env: str
    ) -> None:
        self._insert_all = insert_all
        self._answer = folder / f".{words[0]}.answer"
        os.mkfifo(self._answer)
        self._screen = b""
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder,
            env=shell_environment(folder) | env, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self._reader = threading.Thread(target=self._read_screen)
        self._reader.start()
        self._type(f"{set_up}\n")

    def candidates(self, line: str, *, keys: str = "") -> list[str]:
        """What the last word of a line can become, as the shell itself would pass it on.

        Args:
            line: its words before the last one must hold no spaces.
            keys: ask for the candidates; empty: those that insert all of them.
        """
        before = len(line.split(" ")) - 1
        return self._words(line + (keys or self._insert_all))[before:]

    def _words(self, keys: str) -> list[str]:
        """The words of the line that keys make."""
        answer = os.open(self._answer, os.O_RDONLY | os.O_NONBLOCK)
        try:
            self._type(f"{keys}{START}printf '%s\\n' {END} >{self._answer.name}\n")
            ready, _, _ = select.select([answer], [], [], DEADLINE_S)
            assert ready, self._screen
            os.set_blocking(answer, True)
            with os.fdopen(answer, closefd=False) as file:
                return file.read().splitlines()
        finally:
            os.close(answer)

    def close(self) -> str:
        """Ends the shell: everything that was on its screen."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        os.close(self._ours)
        return self._screen.decode()

    def _type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def _read_screen(self) -> None:
        try:
            while piece := os.read(self._ours, 4096):
                self._screen += piece
        except OSError:  # the shell has ended
            pass


def shell_environment(folder: Path) -> dict[str, str]:
    """The environment of a shell that finds the installed command, without settings of the user."""
    assert COMMAND is not None
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    return environment() | {"PATH": path, "HOME": str(folder), "TERM": "xterm", "PS1": "$ "}
