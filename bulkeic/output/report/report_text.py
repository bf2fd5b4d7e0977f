"""The report of a run as lines of text for a terminal."""

import shlex

from bulkeic.core.report.run_end import IN_PROGRESS, SessionRecord
from bulkeic.core.report.run_report import RunReport
from bulkeic.output.rollout_text import gate_lines, wave_lines
from bulkeic.output.summary_text import earlier_lines, plan_lines, summary_lines


def report_lines(report: RunReport) -> list[str]:
    """What happened in a run, without the next commands. Foreign texts are not escaped."""
    lines = [f"{report.source}, on {report.place}, created {report.created_at}"]
    if report.caller is not None:
        lines.append(f"made by {report.caller}")
    if report.restores is not None:
        lines.append(f"rolls back {report.restores}")
    if report.rolled_back_by is not None:
        lines.append(f"halted and rolled back by {report.rolled_back_by}")
    if report.digest is not None:
        lines.append(f"plan with the digest {report.digest}")
    lines += [line for session in report.sessions for line in _session_lines(session)]
    lines += earlier_lines(report.earlier)
    summary, creates = report.summary, report.create_missing
    if report.is_plan:
        lines += plan_lines(summary, report.examples, creates_missing=creates)
        lines += report.planned_waves
    else:
        lines += wave_lines(report.waves)
        lines += gate_lines(report.gates)
        lines += summary_lines(summary, report.examples, creates_missing=creates)
    return [*lines, report.reversibility, f"run file: {summary.run}"]


def _session_lines(session: SessionRecord) -> list[str]:
    """When a session worked and how it ended; who started it, and how."""
    when = f"{session.doing} from {session.started_at} for {session.elapsed_s:,.1f} s"
    by = "" if session.caller_arn is None else f"by {session.caller_arn}, "
    version = session.version or "of an unknown version"
    return [
        f"  {when}: {session.ended or IN_PROGRESS}",
        f"    {by}bulkeic {version}: {shlex.join(session.words) or 'no flags'}",
    ]
