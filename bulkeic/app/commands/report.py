"""``bulkeic report`` and ``bulkeic export``: what a run file tells, on stdout."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from bulkeic.app.setup.options import ExportOptions, WorkOptions
from bulkeic.app.setup.run_metadata import CREATED_AT, PLANNED, RESTORES, SANDBOX, place_of
from bulkeic.core.errors import UsageError, printable
from bulkeic.core.model import Outcome, Status
from bulkeic.output.console import summary_lines
from bulkeic.output.results import check_stdout, encoder_of
from bulkeic.output.rollout_text import plan_lines, wave_lines
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

_BATCH = 500


def report(path: str) -> None:
    """Prints a run's summary, session by session and as a whole.

    Raises:
        RunFileError: it is not a run file.
    """
    run = RunFile(Path(path), read_only=True)
    try:
        lines = [f"{run.source}, on {place_of(run)}, loaded {run.facts.get(CREATED_AT)}"]
        if RESTORES in run.facts:
            lines.append(f"takes back {run.facts[RESTORES]}")
        sessions = run.sessions()
        for session in sessions:
            how = session.ended or "under way, or killed"
            begun = f"{session.doing} from {session.started_at} for {session.elapsed_s:,.1f} s"
            lines.append(f"  {begun}: {how}")
        summary, examples = run.summary(), run.examples()
        if any(session.doing == "apply" for session in sessions) or PLANNED not in run.facts:
            lines += wave_lines(run.waves.all()) + summary_lines(summary, examples)
        else:
            summary = msgspec.structs.replace(summary, needs=run.needs())
            lines += plan_lines(summary, examples)
        lines += _ways(run)
    finally:
        run.close()
    _write(["\n".join(map(printable, lines)).encode() + b"\n"])


def _ways(run: RunFile) -> list[str]:
    """The commands that go on, and back."""
    options = WorkOptions(source="", sandbox=place_of(run) == SANDBOX)
    path = str(run.path)
    verb = "plan" if PLANNED in run.facts and run.jobs.lanes(JobFilter.UNREAD) else "apply"
    lines = [f"run file: {path}"]
    if run.jobs.lanes() or run.waves.have_unverified():
        lines.append(f"carry on with: {options.command(verb, path)}, and the flags it had")
    if run.can_be_rolled_back():
        lines.append(
            f"take it back with: {options.command('rollback', path)}, and the flags it had"
        )
    return lines


def export(options: ExportOptions) -> None:
    """Prints a run's outcomes.

    Raises:
        RunFileError: it is not a run file.
    """
    header, encode = encoder_of(options.format, terminal=_is_terminal())
    run = RunFile(Path(options.run), read_only=True)
    try:
        outcomes = run.outcomes([Status(status) for status in options.statuses])
        _write([header])
        _write(encode(batch) for batch in _batches(outcomes))
    finally:
        run.close()


def _is_terminal() -> bool:
    check_stdout()
    return sys.stdout.isatty()


def _batches(outcomes: Iterator[Outcome]) -> Iterator[list[Outcome]]:
    while batch := list(islice(outcomes, _BATCH)):
        yield batch


def _write(pieces: Iterable[bytes]) -> None:
    check_stdout()
    try:
        for piece in pieces:
            left = memoryview(piece)
            while left:  # with PYTHONUNBUFFERED a disk that is getting full takes a part alone
                left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.flush()
    except OSError as error:
        raise UsageError(f"stdout: {error.strerror}") from None
