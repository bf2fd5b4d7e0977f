"""``bulkeic report``: prints what happened in a run."""

from pathlib import Path

import msgspec

from bulkeic.app.run.reversibility import reversibility_text
from bulkeic.app.setup.access_options import AccessOptions
from bulkeic.app.setup.options import ReportOptions, WorkOptions
from bulkeic.core.errors import printable
from bulkeic.output.results import write_stdout
from bulkeic.output.rollout_text import wave_lines
from bulkeic.output.summary_text import plan_lines, summary_lines
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import AWS


def report(options: ReportOptions) -> None:
    """Prints a run's sessions and its summary.

    Raises:
        RunFileError: it is not a run file.
        UsageError: stdout cannot be written.
    """
    run = RunFile(Path(options.run), read_only=True)
    try:
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
    sessions = run.sessions()
    lines += [
        f"  {session.doing} from {session.started_at} for {session.elapsed_s:,.1f} s: "
        f"{session.ended or 'in progress, or killed'}"
        for session in sessions
    ]
    summary, examples = run.summary(), run.examples()
    if any(session.doing == "apply" for session in sessions) or not metadata.planned:
        lines += wave_lines(run.waves.all()) + summary_lines(summary, examples)
    else:
        lines += plan_lines(msgspec.structs.replace(summary, needs=run.needs()), examples)
    return lines + _command_lines(run)


def _command_lines(run: RunFile) -> list[str]:
    """The run file, and the commands that resume it and roll it back."""
    metadata = run.metadata
    access = AccessOptions(endpoint_url=metadata.endpoint_url)
    options = WorkOptions(source="", sandbox=metadata.is_sandbox, access=access)
    path = str(run.path)
    verb = "plan" if metadata.planned and run.jobs.lanes(JobFilter.UNREAD) else "apply"
    commands = {}
    if run.jobs.lanes() or run.waves.have_unverified():
        commands["resume"] = options.next_command(verb, path)
    if run.has_changes_to_roll_back():
        commands["roll back"] = options.next_command("rollback", path)
    lines = [f"{verb} with: {line}, and the run's flags" for verb, line in commands.items()]
    return [reversibility_text(run), f"run file: {path}", *lines]
