"""The report of a run as lines of text for a terminal."""

import shlex
from collections.abc import Sequence

from bulkeic.core.report.run_end import IN_PROGRESS, SessionRecord
from bulkeic.core.report.run_report import RunReport
from bulkeic.output.rollout_text import gate_lines, wave_lines
from bulkeic.output.summary_text import (
    earlier_lines,
    plan_lines,
    summary_lines,
    traffic_text,
)
from bulkeic.output.terminal.screen import ANY_SCREEN, Screen


def report_lines(
    report: RunReport, screen: Screen = ANY_SCREEN, next_steps: Sequence[str] = ()
) -> list[str]:
    """What happened in a run. Foreign texts are not escaped.

    Args:
        report: the report.
        screen: where it is shown; the counts, the errors and what follows them fit on it.
        next_steps: the last lines.
    """
    last = [report.reversibility, f"run file: {report.summary.run}", *next_steps]
    left = screen.without(last)
    lines = [f"{report.source}, on {report.place}, created {report.created_at}"]
    if report.caller is not None:
        lines.append(f"made by {report.caller}")
    if report.restores is not None:
        lines.append(f"rolls back {report.restores}")
    if report.rolled_back_by is not None:
        lines.append(f"halted and rolled back by {report.rolled_back_by}")
    if report.digest is not None:
        lines.append(f"plan with the digest {report.digest}")
    lines += [line for session in report.sessions for line in _session_lines(session, screen)]
    lines += earlier_lines(report.earlier)
    if report.is_plan:
        left = left.without(report.planned_waves)
        lines += plan_lines(report.summary, report.errors, left)
        lines += report.planned_waves
    else:
        lines += wave_lines(report.waves)
        lines += gate_lines(report.gates)
        lines += summary_lines(report.summary, report.errors, left)
    return [*lines, *last]


def _session_lines(session: SessionRecord, screen: Screen) -> list[str]:
    """When a session worked and how it ended; who started it, and how; in full, what it sent."""
    when = f"{session.doing} from {session.started_at} for {session.elapsed_s:,.1f} s"
    by = "" if session.caller_arn is None else f"by {session.caller_arn}, "
    version = session.version or "of an unknown version"
    lines = [
        f"  {when}: {session.ended or IN_PROGRESS}",
        f"    {by}bulkeic {version}: {shlex.join(session.words) or 'no flags'}",
    ]
    return [*lines, f"    {traffic_text(session.traffic)}"] if screen.in_full else lines
