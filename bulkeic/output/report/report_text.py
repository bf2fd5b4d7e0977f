"""The report of a run as lines of text for a terminal."""

from bulkeic.core.report.run_report import RunReport
from bulkeic.output.rollout_text import wave_lines
from bulkeic.output.summary_text import earlier_lines, plan_lines, summary_lines


def report_lines(report: RunReport) -> list[str]:
    """What happened in a run, without the next commands. Foreign texts are not escaped."""
    lines = [f"{report.source}, on {report.place}, created {report.created_at}"]
    if report.caller is not None:
        lines.append(f"made by {report.caller}")
    if report.restores is not None:
        lines.append(f"rolls back {report.restores}")
    lines += [
        f"  {session.doing} from {session.started_at} for {session.elapsed_s:,.1f} s: "
        f"{session.ended or 'in progress, or killed'}"
        for session in report.sessions
    ]
    lines += earlier_lines(report.earlier)
    summary, creates = report.summary, report.create_missing
    if report.is_plan:
        lines += plan_lines(summary, report.examples, creates_missing=creates)
    else:
        lines += wave_lines(report.waves)
        lines += summary_lines(summary, report.examples, creates_missing=creates)
    return [*lines, report.reversibility, f"run file: {summary.run}"]
