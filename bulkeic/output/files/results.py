"""The results file: outcomes as JSON Lines or CSV, written as they come.

A new run starts with an empty file. A resumed run repairs the end of the file that it started, and
appends what is missing, so that the file has each job once.
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
from bulkeic.core.outcome_fields import outcome_values
from bulkeic.output.files.new_file import write_new_file
from bulkeic.output.files.outcome_codec import HEADER, Encoder, csv_rows, jsonl, terminal_csv_rows
from bulkeic.output.files.results_resume import WrittenRows

STDOUT = "-"
_FLUSHED_TOGETHER = 500

_ENCODERS: dict[str, tuple[bytes, Encoder]] = {"jsonl": (b"", jsonl), "csv": (HEADER, csv_rows)}
_BY_ENDING = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}


def encoder_of(format_name: str, *, terminal: bool = False) -> tuple[bytes, Encoder]:
    """The header of a results format, and its encoder.

    Args:
        format_name: ``jsonl`` or ``csv``.
        terminal: whether the output is a terminal.
    """
    header, encode = _ENCODERS[format_name]
    return header, terminal_csv_rows if terminal and encode is csv_rows else encode


def check_stdout() -> None:
    """Checks that there is a stdout.

    Raises:
        UsageError: the command was started with stdout closed.
    """
    if sys.stdout is None:
        raise UsageError("stdout is closed, but the results go there")


def write_stdout(pieces: Iterable[bytes]) -> None:
    """Writes to stdout, and flushes it.

    Raises:
        UsageError: stdout is closed, or cannot be written.
    """
    check_stdout()
    try:
        for piece in pieces:
            left = memoryview(piece)
            while left:  # with PYTHONUNBUFFERED, a disk that is almost full takes only a part
                left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.flush()
    except OSError as error:
        raise UsageError(f"stdout: {error.strerror}") from None


def write_output(out: str | None, pieces: Iterable[bytes]) -> None:
    """Writes to the new file of ``--out``, or to stdout.

    Raises:
        UsageError: it cannot be written.
    """
    if out is None:
        write_stdout(pieces)
    else:
        write_new_file("--out", out, pieces)


class Results(Protocol):
    """Takes outcomes in batches."""

    @property
    def path(self) -> str:
        """The file's absolute path; empty: not a file that a resumed run can append to."""

    def empty(self) -> None:
        """Empties the file."""

    def start(self, known: Iterable[Outcome], *, overwrite: bool) -> None:
        """Writes the outcomes that are known already."""

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Adds outcomes."""

    def close(self) -> None:
        """Closes the file."""


class NoResults:
    """Writes nothing."""

    path = ""

    def empty(self) -> None:
        """Does nothing."""

    def start(self, known: Iterable[Outcome], *, overwrite: bool) -> None:
        """Does nothing."""

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""


class ForwardedResults:
    """``Results`` that go to others. A subclass also does something else with them.

    Args:
        results: get everything.
    """

    def __init__(self, results: Results) -> None:
        self._results = results

    @property
    def path(self) -> str:
        """See ``Results``."""
        return self._results.path

    def empty(self) -> None:
        """See ``Results``."""
        self._results.empty()

    def start(self, known: Iterable[Outcome], *, overwrite: bool) -> None:
        """See ``Results``."""
        self._results.start(known, overwrite=overwrite)

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """See ``Results``."""
        self._results.write(outcomes)

    def close(self) -> None:
        """See ``Results``."""
        self._results.close()


class ResultsFile:
    """A results file. It is opened at once, and unchanged until ``start``.

    Args:
        path: a file that ends in ``.jsonl``, ``.ndjson`` or ``.csv``; ``-`` is stdout, JSON Lines.

    Raises:
        UsageError: the file has another ending, or cannot be written.
    """

    def __init__(self, path: str) -> None:
        ending = ".jsonl" if path == STDOUT else Path(path).suffix.lower()
        if ending not in _BY_ENDING:
            raise UsageError(
                f"--results {quoted(path)}: the file ending is not a known format; "
                f"expected {', '.join(_BY_ENDING)}, or - for stdout"
            )
        self._header, self._encode = encoder_of(_BY_ENDING[ending])
        self._stdout = path == STDOUT
        if self._stdout:
            check_stdout()
        self._path = Path(path)
        name = os.fsencode(self._path.absolute()).decode(errors="backslashreplace")
        self.path = "" if self._stdout else name
        self._started = False
        try:
            self._created = not self._stdout and not self._path.exists()
            self._file: IO[bytes] = (
                os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
                if self._stdout
                else os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb", buffering=0)
            )
        except OSError as error:
            raise UsageError(
                f"--results {quoted(path)} cannot be written: {error.strerror}"
            ) from None

    def empty(self) -> None:
        """Empties the file, if it is a regular one.

        Raises:
            OSError: it cannot be written.
        """
        if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
            self._file.truncate(0)

    def start(self, known: Iterable[Outcome], *, overwrite: bool) -> None:
        """Writes the outcomes that are known already and are not in the file.

        Stdout gets none of them: an earlier session has written them.

        Args:
            known: in any order.
            overwrite: empty the file first.

        Raises:
            OSError: the file cannot be written.
            UsageError: the file has rows that this run did not write.
        """
        self._started = True
        if self._stdout:
            return
        written = None
        if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
            written = None if overwrite else self._written_rows()
            end = 0 if written is None else written.end
            self._file.truncate(end)
            self._file.seek(end)
        if written is None or not written.end:
            self._write(self._header)
        missing = (one for one in known if written is None or not written.has(one.seq))
        while batch := list(islice(missing, _FLUSHED_TOGETHER)):
            self.write(batch)

    def _written_rows(self) -> WrittenRows:
        with self._path.open("rb") as file:
            return WrittenRows(file, self._header, f"--results {quoted(str(self._path))}")

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Adds outcomes.

        Raises:
            OSError: they cannot be written, for example to a closed pipe.
        """
        self._write(self._encode(map(outcome_values, outcomes)))

    def close(self) -> None:
        """Closes the file, and deletes one that this command created and never started."""
        self._file.close()
        if self._created and not self._started:
            self._path.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
