"""Outcomes as a file: JSON Lines or CSV, written as they come.

- A new run begins the file anew. A run that is carried on appends to the file that it has begun,
  after what a kill has torn or kept from being written, so that each job stands in it once.
"""

import os
import stat
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.model import Outcome
from bulkeic.output.outcome_codec import HEADER, Encoder, csv_rows, jsonl, shown_csv_rows
from bulkeic.output.results_resume import WrittenRows

STDOUT = "-"
_FLUSHED_TOGETHER = 500

_ENCODERS: dict[str, tuple[bytes, Encoder]] = {"jsonl": (b"", jsonl), "csv": (HEADER, csv_rows)}
_BY_ENDING = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}


def encoder_of(format_name: str, *, terminal: bool = False) -> tuple[bytes, Encoder]:
    """What a results file begins with, and how outcomes are written: ``jsonl`` or ``csv``.

    Args:
        format_name: either of them.
        terminal: whether they go to one.
    """
    header, encode = _ENCODERS[format_name]
    return header, shown_csv_rows if terminal and encode is csv_rows else encode


def check_stdout() -> None:
    """Refuses to begin where results would go nowhere.

    Raises:
        UsageError: the command was started with stdout closed.
    """
    if sys.stdout is None:
        raise UsageError("stdout is closed; results need it")


class Results(Protocol):
    """Takes outcomes in batches."""

    @property
    def place(self) -> str:
        """Where they are written, whatever the working directory; empty: nowhere to go on."""

    def begin(self, known: Iterable[Outcome], *, anew: bool) -> None:
        """Starts with the outcomes that are known already."""

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Adds outcomes."""

    def close(self) -> None:
        """Gives the file free."""


class NoResults:
    """Nobody asked for a results file."""

    place = ""

    def begin(self, known: Iterable[Outcome], *, anew: bool) -> None:
        """Does nothing."""

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""


class ResultsFile:
    """A results file. It is opened at once and left as it was until ``begin``.

    Args:
        path: a file that ends in ``.jsonl``, ``.ndjson`` or ``.csv``; ``-`` is stdout, JSON Lines.

    Raises:
        UsageError: the ending is none of them, or the file cannot be written.
    """

    def __init__(self, path: str) -> None:
        ending = ".jsonl" if path == STDOUT else Path(path).suffix.lower()
        if ending not in _BY_ENDING:
            raise UsageError(
                f"--results {quoted(path)}: the ending tells no format; "
                f"allowed: {', '.join(_BY_ENDING)}, or - for stdout"
            )
        self._header, self._encode = encoder_of(_BY_ENDING[ending])
        self._stdout = path == STDOUT
        if self._stdout:
            check_stdout()
        self._path = Path(path)
        name = os.fsencode(self._path.absolute()).decode(errors="backslashreplace")
        self.place = "" if self._stdout else name
        self._begun = False
        try:
            self._made = not self._stdout and not self._path.exists()
            self._file: IO[bytes] = (
                os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
                if self._stdout
                else os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb", buffering=0)
            )
        except OSError as error:
            raise UsageError(
                f"--results {quoted(path)} cannot be written: {error.strerror}"
            ) from None

    def begin(self, known: Iterable[Outcome], *, anew: bool) -> None:
        """Writes the outcomes that are known already and are not in the file.

        On stdout there is nothing to look at, and what is known has been written before.

        Args:
            known: in any order.
            anew: empty the file first.

        Raises:
            OSError: it cannot be written.
            UsageError: it holds something else than what this run has written.
        """
        self._begun = True
        if self._stdout:
            return
        written = None
        if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
            written = None if anew else self._written()
            end = 0 if written is None else written.end
            self._file.truncate(end)
            self._file.seek(end)
        if written is None or not written.end:
            self._write(self._header)
        missing = (each for each in known if written is None or not written.has(each.seq))
        while batch := list(islice(missing, _FLUSHED_TOGETHER)):
            self.write(batch)

    def _written(self) -> WrittenRows:
        with self._path.open("rb") as file:
            return WrittenRows(file, self._header, f"--results {quoted(str(self._path))}")

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Adds outcomes.

        Raises:
            OSError: it cannot be written; a pipe that nobody reads any more is one case.
        """
        self._write(self._encode(outcomes))

    def close(self) -> None:
        """Closes the file; one that was made and never begun is taken away again."""
        self._file.close()
        if self._made and not self._begun:
            self._path.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
