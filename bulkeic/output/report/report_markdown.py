"""The report of a run as GitHub-flavored Markdown, for a pull request or a ticket."""

import shlex
from collections.abc import Mapping, Sequence

from bulkeic.core.code.ownership import ManagedTargets
from bulkeic.core.leases.worker_record import WorkerRecord
from bulkeic.core.model import Status
from bulkeic.core.report.place_counts import PlaceCounts
from bulkeic.core.report.run_end import IN_PROGRESS, RunState, SessionRecord
from bulkeic.core.report.run_report import ErrorGroup, RunReport
from bulkeic.core.rollout.gates import GateRecord
from bulkeic.core.rollout.waves import Wave
from bulkeic.core.summary import Summary
from bulkeic.output.formatting import counted, duration, figures
from bulkeic.output.owner_text import owner_facts
from bulkeic.output.report.markdown import (
    code_block,
    code_span,
    markdown_page,
    markdown_table,
)
from bulkeic.output.rollout_text import SHOWN_SETTINGS, settings_text
from bulkeic.output.summary_text import ACTIONS

_MOST_ROWS = 10
_STATES = {
    RunState.NOT_STARTED: "not started",
    RunState.OPEN: IN_PROGRESS,
    RunState.PLANNED: "planned",
    RunState.STOPPED: "stopped early",
    RunState.FAILED: "ended with failures",
    RunState.DONE: "done",
}
_COLUMNS = (Status.UPDATED, Status.CREATED, Status.UNCHANGED, Status.NOT_MATCHED)


def report_markdown(report: RunReport) -> bytes:
    """The report as Markdown of a few kilobytes, however many targets, lanes and errors it has."""
    sections = (
        _heading(report),
        _facts(report),
        _sessions(report.sessions),
        _workers(report.workers),
        _waves(report.waves),
        _gates(report.gates),
        error_table(report.errors),
        _places("account", report.accounts, is_plan=report.is_plan),
        _places("Region", report.regions, is_plan=report.is_plan),
        _earlier(report),
        next_commands(report.summary),
    )
    return markdown_page(sections)


def _heading(report: RunReport) -> list[str]:
    summary = report.summary
    counts = [
        f"{count:,} {name.replace('_', ' ')}"
        for name, count in (*summary.statuses.items(), ("pending", summary.pending))
        if count
    ]
    if report.is_plan:
        needs = summary.plan_counts()
        counts = [f"{needs[each]:,} {text}" for each, (_, text) in ACTIONS.items() if needs[each]]
    return heading(f"`bulkeic {report.kind.value}`: {_STATES[report.end.state]}", summary, counts)


def heading(title: str, summary: Summary, counts: Sequence[str]) -> list[str]:
    """The title with the number of targets.

    Args:
        title: in Markdown.
        summary: of the command.
        counts: what became of the targets, in words.
    """
    lines = [
        f"### {title}",
        "",
        f"**{counted(summary.targets, 'target')}**: {', '.join(counts) or 'nothing was read'}",
    ]
    if summary.left_out:
        lines += ["", f"{counted(summary.left_out, 'target')} left out by the selection"]
    return lines


def _facts(report: RunReport) -> list[str]:
    summary, traffic = report.summary, report.summary.total.traffic
    calls = (
        f"{counted(traffic.calls, 'call')} in {counted(len(summary.lanes), 'lane')}, "
        f"{traffic.throttles:,} throttled, {duration(traffic.elapsed_s)}"
    )
    facts = [
        ("Targets file", code_span(report.source)),
        ("Endpoint", code_span(report.place)),
        ("Settings", _settings(report)),
        ("Created", _span(report.created_at)),
        ("Made by", "" if report.caller is None else code_span(report.caller.arn)),
        ("Rolls back", _span(report.restores)),
        ("Rolled back by", _span(report.rolled_back_by)),
        ("Plan digest", _span(report.digest)),
        ("Flags", code_span(" ".join(report.flags.values())) if report.flags else ""),
        ("Stopped", _span(report.end.reason)),
        ("Managed", _managed(summary.managed)),
        ("Calls", calls),
        ("Rollback", report.reversibility),
        ("Run file", code_span(summary.run)),
    ]
    return markdown_table(("Run", ""), [fact for fact in facts if fact[1]])


def _managed(managed: ManagedTargets | None) -> str:
    """Who manages the targets, and what that does to them; empty: that was not looked for."""
    return "" if managed is None else " ".join(map(code_span, owner_facts(managed)))


def _settings(report: RunReport) -> str:
    """The most common wanted settings, with how many targets want them if there are others."""
    shown = report.settings[:SHOWN_SETTINGS]
    if report.settings_kinds == 1 and shown:
        return code_span(settings_text(shown[0].settings))
    texts = [f"{each.targets:,} x {code_span(settings_text(each.settings))}" for each in shown]
    hidden = report.settings_kinds - len(shown)
    return ", ".join(texts + ([f"and {hidden:,} more"] if hidden > 0 else []))


def _span(text: str | None) -> str:
    """A fact that a run may not have; empty: it has none."""
    return "" if text is None else code_span(text)


def _sessions(sessions: Sequence[SessionRecord]) -> list[str]:
    rows = [
        (
            code_span(each.doing),
            code_span(each.started_at),
            code_span(each.ended or IN_PROGRESS),
            code_span(each.caller_arn or ""),
            code_span(each.version or ""),
            code_span(shlex.join(each.words)),
            f"{each.calls:,}",
        )
        for each in sessions[-_MOST_ROWS:]
    ]
    head = ("Session", "Started", "Ended", "By", "Version", "Flags", "Calls")
    return _cut(markdown_table(head, rows, numbers=1), len(sessions), "session") if rows else []


def _workers(workers: Sequence[WorkerRecord]) -> list[str]:
    """Those that were lost come first, then those of the last session."""
    shown = sorted(workers, key=lambda each: (each.lost is None, -each.session, each.worker))
    rows = [
        (
            code_span(each.name),
            code_span(each.last_heard_at),
            _span(each.lost),
            f"{each.session}",
            f"{each.lanes:,}",
            f"{each.targets:,}",
            f"{each.calls:,}",
            figures(each.calls_per_s),
        )
        for each in shown[:_MOST_ROWS]
    ]
    head = ("Worker", "Last heard", "Lost", "Session", "Lanes", "Targets", "Calls", "Calls/s")
    return _cut(markdown_table(head, rows, numbers=5), len(workers), "worker") if rows else []


def _gates(gates: Sequence[GateRecord]) -> list[str]:
    rows = [
        (
            each.title,
            each.decision.value,
            code_span(each.answered_at),
            code_span(each.reason),
            _span(each.name or None),
            code_span(each.output.rpartition("\n")[2]),
            f"{each.asks:,}",
        )
        for each in gates[-_MOST_ROWS:]
    ]
    head = ("Decided by", "Decision", "Answered", "Reason", "Name", "Last line", "Answers")
    return _cut(markdown_table(head, rows, numbers=1), len(gates), "decision") if rows else []


def _waves(waves: Sequence[Wave]) -> list[str]:
    rows = [
        (
            f"{wave.number}",
            code_span(wave.started_at or ""),
            code_span(wave.ended_at or ""),
            code_span(wave.stopped or ""),
            f"{wave.targets:,}",
            "-" if wave.verified is None else f"{wave.verified:,}",
            "-" if wave.drifted is None else f"{wave.drifted:,}",
        )
        for wave in waves[:_MOST_ROWS]
    ]
    head = ("Wave", "Started", "Done", "Stopped", "Targets", "Verified", "Drifted")
    return _cut(markdown_table(head, rows, numbers=3), len(waves), "wave") if rows else []


def error_table(errors: Sequence[ErrorGroup]) -> list[str]:
    """A table of the most frequent errors; none without errors."""
    rows = [
        (
            code_span(group.code),
            _example(group),
            "-" if group.hint is None else code_span(group.hint),
            f"{group.count:,}",
            f"{group.accounts:,}",
        )
        for group in errors[:_MOST_ROWS]
    ]
    head = ("Error", "For example", "What to do", "Targets", "Accounts")
    return _cut(markdown_table(head, rows, numbers=2), len(errors), "error code") if rows else []


def _example(group: ErrorGroup) -> str:
    example = group.example
    if example is None:
        return "-"
    place = code_span(f"{example.source} {example.function_name}")
    return f"{place}: {code_span(example.error_message or '')}"


def _places(word: str, places: Mapping[str, PlaceCounts], *, is_plan: bool) -> list[str]:
    """A table of the places with most trouble; one place needs no table.

    A plan does not store by place how many of its reads were throttled.
    """
    if len(places) == 1:
        return []
    worst = sorted(places.items(), key=lambda item: -(item[1].not_done + item[1].pending))
    shown = worst[:_MOST_ROWS]
    columns = [status for status in _COLUMNS if any(each.statuses[status] for _, each in shown)]
    rows = [
        (
            code_span(place),
            f"{counts.targets:,}",
            *(f"{counts.statuses[status]:,}" for status in columns),
            f"{counts.not_done:,}",
            f"{counts.pending:,}",
            *(() if is_plan else (f"{counts.throttles:,}",)),
        )
        for place, counts in shown
    ]
    names = [status.value.replace("_", " ").capitalize() for status in columns]
    last = () if is_plan else ("Throttled",)
    head = (word.capitalize(), "Targets", *names, "Failed", "Pending", *last)
    return _cut(markdown_table(head, rows, numbers=len(head) - 1), len(places), word)


def _earlier(report: RunReport) -> list[str]:
    failures = report.earlier
    rows = [
        (
            f"{each.retry}",
            code_span(each.retried_at),
            code_span(each.error_code or ""),
            f"{each.count:,}",
        )
        for each in failures[:_MOST_ROWS]
    ]
    table = markdown_table(("Retry", "Began", "Error before", "Targets"), rows, numbers=1)
    return _cut(table, len(failures), "earlier error") if rows else []


def next_commands(summary: Summary) -> list[str]:
    """The commands that come next; empty: there are none."""
    lines = code_block(summary.next.values(), "sh")
    return ["Next commands:", "", *lines] if summary.next else []


def _cut(table: list[str], number: int, word: str) -> list[str]:
    """The table, and how many of its rows are not shown."""
    hidden = number - _MOST_ROWS
    return [*table, "", f"… and {counted(hidden, f'more {word}')}"] if hidden > 0 else table
