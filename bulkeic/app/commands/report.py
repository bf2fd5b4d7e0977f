"""``bulkeic report``: prints what happened in a run."""

import shlex
from pathlib import Path

import msgspec

from bulkeic.app.run.reversibility import reversibility_text
from bulkeic.app.setup.expected_plan import known_digest
from bulkeic.app.setup.new_waves import planned_wave_lines
from bulkeic.app.setup.next_commands import NextCommands, next_lines
from bulkeic.app.setup.options import ReportOptions
from bulkeic.app.setup.run_choice import check_selection
from bulkeic.core.errors import printable
from bulkeic.output.results import write_stdout
from bulkeic.output.rollout_text import gate_lines, wave_lines
from bulkeic.output.summary_text import earlier_lines, plan_lines, summary_lines
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import AWS
from bulkeic.store.session_record import SessionRecord


def report(options: ReportOptions) -> None:
    """Prints a run's sessions and its summary.

    Raises:
        RunFileError: it is not a run file.
        UsageError: stdout cannot be written.
    """
    check_selection(options.selection, has_run=True)
    run = RunFile(Path(options.run), read_only=True, accept_loss=options.accept_loss)
    try:
        run.choose(options.selection)
        lines = _report_lines(run)
    finally:
        run.close()
    write_stdout(["\n".join(map(printable, lines)).encode() + b"\n"])


def _report_lines(run: RunFile) -> list[str]:
    metadata = run.metadata
    lines = [f"{metadata.source}, on {metadata.place or AWS}, created {metadata.created_at}"]
    if metadata.caller is not None:
        lines.append(f"made by {metadata.caller}")
    if metadata.restores is not None:
        lines.append(f"rolls back {metadata.restores}")
    if metadata.rolled_back_by is not None:
        lines.append(f"halted and rolled back by {metadata.rolled_back_by}")
    digest = known_digest(run)
    if digest is not None:
        lines.append(f"plan with the digest {digest}")
    sessions = run.sessions()
    lines += [line for session in sessions for line in _session_lines(session)]
    lines += earlier_lines(run.reopening.earlier_failures())
    summary, examples = run.summary(), run.examples()
    creates = metadata.create_missing
    if any(session.doing == "apply" for session in sessions) or not metadata.planned:
        lines += wave_lines(run.waves.all())
        lines += gate_lines(run.gates.all())
        lines += summary_lines(summary, examples, creates_missing=creates)
    else:
        summary = msgspec.structs.replace(summary, needs=run.counts.needs())
        lines += plan_lines(summary, examples, creates_missing=creates)
        lines += planned_wave_lines(run)
    commands = NextCommands.stored(run).after(summary)
    commands.pop("report", None)
    return [*lines, reversibility_text(run), f"run file: {run.path}", *next_lines(commands)]


def _session_lines(session: SessionRecord) -> list[str]:
    """When a session worked and how it ended; who started it, and how."""
    when = f"{session.doing} from {session.started_at} for {session.elapsed_s:,.1f} s"
    origin = session.origin
    by = "" if origin.caller_arn is None else f"by {origin.caller_arn}, "
    return [
        f"  {when}: {session.ended or 'in progress, or killed'}",
        f"    {by}bulkeic {origin.version}: {shlex.join(origin.words) or 'no flags'}",
    ]
