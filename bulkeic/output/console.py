"""The terminal of the person who runs a command: text on stderr, answers from stdin."""

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress

from bulkeic.core.errors import InputError, printable

_SHOWN_PROBLEMS = 20


class Problems:
    """Prints the first problems, and counts all of them.

    Args:
        print_line: prints one line.
        prefix: before each problem.

    Attributes:
        count: of all problems.
    """

    def __init__(self, print_line: Callable[[str], None], prefix: str = "") -> None:
        self._print_line = print_line
        self._prefix = prefix
        self.count = 0

    def add(self, problems: Iterable[InputError]) -> None:
        """Prints problems, until there are too many."""
        for problem in problems:
            self.count += 1
            if self.count <= _SHOWN_PROBLEMS:
                self._print_line(f"{self._prefix}{problem}")

    def print_rest(self) -> None:
        """Prints how many more there are."""
        if self.count > _SHOWN_PROBLEMS:
            self._print_line(f"{self._prefix}… {self.count - _SHOWN_PROBLEMS:,} more")


class Console:
    """Standard error for messages, standard input for answers."""

    @property
    def is_terminal(self) -> bool:
        """Whether stderr is a terminal."""
        return sys.stderr.isatty()

    @property
    def width(self) -> int | None:
        """Characters of a line; ``None``: stderr is not a terminal."""
        if not self.is_terminal:
            return None
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it

        return Console(stderr=True).width

    def spinner(self, text: str) -> AbstractContextManager[object]:
        """Shows on a terminal that something is in progress."""
        if not self.is_terminal:
            return nullcontext()
        from rich.console import Console  # noqa: PLC0415 - as above
        from rich.markup import escape  # noqa: PLC0415

        return Console(stderr=True).status(escape(printable(text)))

    def print(self, text: str) -> None:
        """Prints one line."""
        self._write(f"{printable(text)}\n")

    def problems(self, prefix: str = "") -> Problems:
        """A printer for the problems of a targets file."""
        return Problems(self.print, prefix)

    @property
    def can_confirm(self) -> bool:
        """Whether stdin is a terminal."""
        return sys.stdin.isatty()

    def confirm(self, question: str) -> bool:
        """Asks a question: whether the answer is yes. The end of stdin means no."""
        self.print_question(question)
        return self.read_answer()

    def print_question(self, question: str) -> None:
        """Prints a question and does not wait for the answer."""
        self._write(f"{printable(question)} [y/N] ")

    def read_answer(self) -> bool:
        """Whether the answer is yes."""
        answer = ""
        with suppress(KeyboardInterrupt, OSError):  # OSError: the terminal is gone
            answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            self._write("\n")
        return answer.strip().lower() in {"y", "yes"}

    def _write(self, text: str) -> None:
        # sys.stderr is looked up each time: a progress bar replaces it while it is shown.
        with suppress(OSError):  # its reader is gone
            sys.stderr.write(text)
            sys.stderr.flush()
