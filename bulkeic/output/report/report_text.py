"""The report of a run as lines of text for a terminal."""

import shlex
from collections.abc import Sequence

from bulkeic.core.leases.worker_record import WorkerRecord, by_session
from bulkeic.core.report.run_end import IN_PROGRESS, SessionRecord
from bulkeic.core.report.run_report import RunReport
from bulkeic.output.rollout_text import gate_lines, wave_lines
from bulkeic.output.summary_text import (
    earlier_lines,
    plan_lines,
    summary_lines,
    traffic_text,
)
from bulkeic.output.tables import lines as table_lines
from bulkeic.output.terminal.screen import ANY_SCREEN, Screen
from bulkeic.output.worker_text import team_lines, worker_table

_INDENT = "    "


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
    workers = by_session(report.workers)
    for number, session in enumerate(report.sessions, 1):
        lines += _session_lines(session, workers.get(number, ()), screen)
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


def _session_lines(
    session: SessionRecord, workers: Sequence[WorkerRecord], screen: Screen
) -> list[str]:
    """When a session worked and how it ended; who started it, and how; its workers.

    In full, also what it sent, and each worker.
    """
    when = f"{session.doing} from {session.started_at} for {session.elapsed_s:,.1f} s"
    by = "" if session.caller_arn is None else f"by {session.caller_arn}, "
    how = f"{by}bulkeic {session.version}: {shlex.join(session.words) or 'no flags'}"
    if session.version is None:  # an older bulkeic made it
        how = "who started it, the version of bulkeic and the flags are not recorded"
    lines = [f"  {when}: {session.ended or IN_PROGRESS}", f"    {how}"]
    if screen.in_full:
        lines.append(f"    {traffic_text(session.traffic)}")
    return lines + [_INDENT + line for line in _worker_lines(workers, screen)]


def _worker_lines(workers: Sequence[WorkerRecord], screen: Screen) -> list[str]:
    """The workers of a session: together, and the lost ones; in full, one by one."""
    if not workers:
        return []
    table = (
        table_lines(worker_table(workers), screen.width - len(_INDENT)) if screen.in_full else []
    )
    return team_lines(workers) + table
