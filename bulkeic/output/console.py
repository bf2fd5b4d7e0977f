"""The terminal of the person who runs a command: text on stderr, answers from stdin."""

import re
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress

from bulkeic.core.errors import InputError, printable
from bulkeic.output.terminal.screen import Screen, screen_of, terminal_size
from bulkeic.output.terminal.styles import has_colors, marks_of, rendered

_SHOWN_PROBLEMS = 20
_SHOWN_CAUSES = 20
_SHOWN_ROWS = 3
_MAX_CAUSES = 1000
_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|\b\d[\d,]*\b")


class _Cause:
    """The rows with one problem, apart from the values that the problem names."""

    def __init__(self) -> None:
        self.rows = 0
        self.accounts: set[str] = set()
        self.first: list[InputError] = []

    def lines(self) -> list[str]:
        """One line for all rows, or one for each if they are few."""
        if self.rows <= _SHOWN_ROWS:
            return list(map(str, self.first))
        accounts = len(self.accounts)
        where = f" in {accounts:,} accounts" if accounts > 1 else ""
        return [f"{self.rows:,} rows{where}: {self.first[0]}"]


class Problems:
    """Collects problems and prints them: a few in order, many grouped by cause.

    Args:
        print_line: prints one line.
        prefix: before each line.

    Attributes:
        count: of all problems.
    """

    def __init__(self, print_line: Callable[[str], None], prefix: str = "") -> None:
        self._print_line = print_line
        self._prefix = prefix
        self._causes: dict[tuple[str, str], _Cause] = {}
        self._first: list[InputError] = []
        self._rows = 0
        self.count = 0

    def add(self, problems: Iterable[InputError], *, rows: int = 1, account_id: str = "") -> None:
        """Adds problems.

        Args:
            problems: of the same rows.
            rows: how many rows have them.
            account_id: of the rows, where that is known.
        """
        for problem in problems:
            self.count += 1
            self._rows += rows
            if len(self._first) < _SHOWN_PROBLEMS:
                self._first.append(problem)
            key = (problem.field, _VALUE.sub("", problem.rule))
            if key not in self._causes and len(self._causes) >= _MAX_CAUSES:
                continue
            cause = self._causes.setdefault(key, _Cause())
            cause.rows += rows
            if account_id:
                cause.accounts.add(account_id)
            if len(cause.first) < _SHOWN_ROWS:
                cause.first.append(problem)

    def print_all(self) -> None:
        """Prints the problems; they are not printed again."""
        for line in self._lines():
            self._print_line(f"{self._prefix}{line}")
        self._causes, self._first, self._rows = {}, [], 0

    def _lines(self) -> list[str]:
        if self._rows <= _SHOWN_PROBLEMS:
            return list(map(str, self._first))
        causes = list(self._causes.values())
        found = [line for cause in causes[:_SHOWN_CAUSES] for line in cause.lines()]
        hidden = len(causes) - _SHOWN_CAUSES
        return found + ([f"… {hidden:,} more kinds"] if hidden > 0 else [])


class Console:
    """Standard error for messages, standard input for answers.

    Attributes:
        agrees: whether the answer to every question is yes, so that none is asked.
    """

    agrees = False

    @property
    def is_terminal(self) -> bool:
        """Whether stderr is a terminal."""
        return sys.stderr.isatty()

    @property
    def width(self) -> int | None:
        """Characters of a line; ``None``: stderr is not a terminal."""
        return terminal_size(sys.stderr).columns if self.is_terminal else None

    def screen(self, *, in_full: bool = False) -> Screen:
        """What fits on the terminal.

        Args:
            in_full: whether every detail is wanted.
        """
        return screen_of(sys.stderr, in_full=in_full)

    def spinner(self, text: str) -> AbstractContextManager[object]:
        """Shows on a terminal that something is in progress."""
        if not self.is_terminal or sys.stdout is None:  # rich needs a stdout to restore
            return nullcontext()
        from rich.console import Console  # noqa: PLC0415 - as above
        from rich.markup import escape  # noqa: PLC0415

        return Console(stderr=True).status(escape(printable(text)))

    def print(self, text: str) -> None:
        """Prints one line, in color if it is styled and stderr shows colors."""
        in_color = bool(marks_of(text)) and has_colors(is_terminal=self.is_terminal)
        self._write(f"{rendered(text, in_color=in_color)}\n")

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
