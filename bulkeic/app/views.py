"""``bulkeic report`` and ``bulkeic export``: what a run file tells, on stdout."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from bulkeic.app.options import ExportOptions
from bulkeic.core.errors import UsageError, printable
from bulkeic.core.model import Outcome, Status
from bulkeic.output import check_stdout, encoder_of
from bulkeic.output.screen import summary_lines
from bulkeic.store import RunFile

_BATCH = 500


def report(path: str) -> None:
    """Prints a run's summary, session by session and as a whole.

    Raises:
        RunFileError: it is no run file.
    """
    run = RunFile(Path(path), read_only=True)
    try:
        lines = [f"{run.source}, on {run.facts['place']}, loaded {run.facts['created_at']}"]
        for session in run.sessions():
            how = session.ended or "under way, or killed"
            lines.append(f"  from {session.started_at} for {session.elapsed_s:,.1f} s: {how}")
        lines += summary_lines(run.summary(), run.examples())
    finally:
        run.close()
    _write(["\n".join(map(printable, lines)).encode() + b"\n"])


def export(options: ExportOptions) -> None:
    """Prints a run's outcomes.

    Raises:
        RunFileError: it is no run file.
    """
    header, encode = encoder_of(options.format)
    run = RunFile(Path(options.run), read_only=True)
    try:
        outcomes = run.outcomes([Status(status) for status in options.statuses])
        _write([header])
        _write(encode(batch) for batch in _batches(outcomes))
    finally:
        run.close()


def _batches(outcomes: Iterator[Outcome]) -> Iterator[list[Outcome]]:
    while batch := list(islice(outcomes, _BATCH)):
        yield batch


def _write(pieces: Iterable[bytes]) -> None:
    check_stdout()
    try:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.flush()
    except OSError as error:
        raise UsageError(f"stdout: {error.strerror}") from None
