"""The page of a run: what it shows, and how it becomes HTML."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bulkeic.core.model import Outcome, Status
from bulkeic.core.report.run_end import IN_PROGRESS, RunState
from bulkeic.core.report.run_report import ErrorGroup, RunReport
from bulkeic.core.rollout.gates import GateRecord
from bulkeic.output.formatting import counted, figures
from bulkeic.output.owner_text import owner_facts
from bulkeic.output.page.lane_grid import LaneGrid, lane_grid
from bulkeic.output.page.page_parts import Fact, Tile
from bulkeic.output.page.page_template import (
    inline_script,
    page_asset,
    page_environment,
    security_policy,
    shared_asset,
)
from bulkeic.output.page.run_tables import (
    elapsed_text,
    gates_table,
    hidden_note,
    retried_table,
    second_text,
    sessions_table,
    settings_table,
    waves_table,
    workers_table,
)
from bulkeic.output.page.timeline_drawing import (
    CALLS_HEIGHT,
    FAILURES_HEIGHT,
    TimelineDrawing,
    timeline_drawing,
)
from bulkeic.output.summary_text import ACTIONS
from bulkeic.output.tables import Table

_PIECES = 64
_MOST_OUTPUTS, _MOST_ERRORS = 20, 50
_STATES = {
    RunState.NOT_STARTED: ("not started", "mild"),
    RunState.OPEN: (IN_PROGRESS, "mild"),
    RunState.PLANNED: ("planned", "good"),
    RunState.STOPPED: ("stopped early", "bad"),
    RunState.FAILED: ("ended with failures", "bad"),
    RunState.DONE: ("done", "good"),
}
"""Each state in words, with its class of the style."""
_STEPS = {
    "resume": "Resume",
    "apply": "Apply the plan",
    "retry": "Retry the failed targets",
    "verify": "Verify",
    "roll_back": "Roll back",
}


class ErrorCard(NamedTuple):
    """The targets with one error code.

    Attributes:
        code: of them.
        targets: how many, and in how many accounts.
        example: facts of the first one; empty: it is not known.
        hint: what to do; empty: nothing is known.
    """

    code: str
    targets: str
    example: Sequence[Fact]
    hint: str


class GateOutput(NamedTuple):
    """What a gate wrote.

    Attributes:
        title: after which wave, and when.
        lines: of the output.
    """

    title: str
    lines: Sequence[str]


class RunPage(NamedTuple):
    """Everything on the page but the targets one by one.

    Attributes:
        title: of the run.
        state: how it ended, in words.
        mood: class of the style for ``state``.
        reason: why it ended; empty: it was not stopped.
        tiles: key figures.
        commands: the next steps, each with its command.
        facts: what, where, when, by whom.
        settings: what the run wants.
        sessions: of the run.
        workers: of the sessions; ``None``: there were none.
        grid: outcomes by account and Region.
        timeline: ``None``: no target was sent.
        waves: ``None``: it has none.
        gates: ``None``: no gate, alarm or calendar has decided.
        gate_outputs: what the gate wrote for its last decisions, where it wrote something.
        errors: by code.
        more_errors: how many codes are not shown; empty: none.
        retried: failures that were retried; ``None``: none.
        table_note: what the table of targets leaves out; empty: nothing.
        footer: when and by which version the page was made.
    """

    title: str
    state: str
    mood: str
    reason: str
    tiles: Sequence[Tile]
    commands: Sequence[Fact]
    facts: Sequence[Fact]
    settings: Table
    sessions: Table
    workers: Table | None
    grid: LaneGrid
    timeline: TimelineDrawing | None
    waves: Table | None
    gates: Table | None
    gate_outputs: Sequence[GateOutput]
    errors: Sequence[ErrorCard]
    more_errors: str
    retried: Table | None
    table_note: str
    footer: str


def run_page_pieces(report: RunReport, targets: Iterable[str], shown: int) -> Iterator[bytes]:
    """Renders the page of a run. A stream.

    Args:
        report: of the run, with its timeline.
        targets: the data of the table of targets (``TargetTable.packed``).
        shown: how many targets the table has.
    """
    style = shared_asset("base.css") + page_asset("page.css") + page_asset("run_page.css")
    scripts = map(page_asset, ("copy.js", "target_table.js", "run_page.js"))
    script = inline_script(shared_asset("page_parts.js") + "".join(scripts))
    stream = (
        page_environment()
        .get_template("run_page.html")
        .stream(
            policy=security_policy(script, style=style),
            style=style,
            script=script,
            page=run_page(report, shown),
            targets=targets,
            heights=(CALLS_HEIGHT, FAILURES_HEIGHT),
        )
    )
    stream.enable_buffering(_PIECES)
    for piece in stream:
        yield piece.encode("utf-8", "backslashreplace")


def run_page(report: RunReport, shown: int, *, by_name: bool = False) -> RunPage:
    """The content of the page of a run.

    Args:
        report: of the run, with its timeline.
        shown: how many targets the table has.
        by_name: whether the accounts are in the order of their names, which never changes.
    """
    state, mood = _STATES[report.end.state]
    next_steps = report.summary.next
    return RunPage(
        title=f"{report.kind} {report.source}",
        state=state,
        mood=mood,
        reason=report.end.reason or "",
        tiles=_tiles(report),
        commands=[
            Fact(text, next_steps[step], is_code=True)
            for step, text in _STEPS.items()
            if step in next_steps
        ],
        facts=_facts(report),
        settings=settings_table(report.settings, report.settings_kinds),
        sessions=sessions_table(report.sessions),
        workers=workers_table(report.workers) if report.workers else None,
        grid=lane_grid(report, by_name=by_name),
        timeline=None if report.timeline is None else timeline_drawing(
            report.timeline, report.waves
        ),
        waves=waves_table(report.waves) if report.waves else None,
        gates=gates_table(report.gates) if report.gates else None,
        gate_outputs=_gate_outputs(report.gates),
        errors=[_error_card(group) for group in report.errors[:_MOST_ERRORS]],
        more_errors=hidden_note(len(report.errors) - _MOST_ERRORS, "more error code"),
        retried=retried_table(report.earlier) if report.earlier else None,
        table_note=_table_note(report, shown),
        footer=f"bulkeic {report.version}, {report.reported_at}",
    )  # fmt: skip


def _tiles(report: RunReport) -> list[Tile]:
    summary = report.summary
    counts, traffic = summary.statuses, summary.traffic
    lanes = counted(len(report.lanes), "lane")
    tiles = [Tile("Targets", f"{summary.targets:,}", lanes)]
    if report.is_plan:
        tiles += [Tile(*need, "") for need in _needs(report)]
    else:
        changed = counts[Status.UPDATED] + counts[Status.CREATED]
        created = counts[Status.CREATED]
        tiles.append(Tile("Changed", f"{changed:,}", f"{created:,} created" if created else ""))
        same, other = counts[Status.UNCHANGED], counts[Status.NOT_MATCHED]
        note = f"{other:,} not matched" if other else ""
        tiles.append(Tile("Unchanged", f"{same:,}", note))
    failed, unknown = counts[Status.FAILED], counts[Status.UNKNOWN]
    invalid = counts[Status.INVALID]
    notes = [f"{unknown:,} unknown"] * bool(unknown) + [f"{invalid:,} invalid"] * bool(invalid)
    tiles.append(Tile("Failed", f"{failed:,}", ", ".join(notes)))
    if not report.is_plan:
        left_out = f"{summary.left_out:,} left out" if summary.left_out else ""
        tiles.append(Tile("Pending", f"{summary.pending:,}", left_out))
    rate = f"{figures(summary.total.targets_per_s)} targets/s"
    throttled = f"{traffic.throttles:,} throttled"
    return [
        *tiles,
        Tile("Calls", f"{traffic.calls:,}", throttled),
        Tile("Time", elapsed_text(traffic.elapsed_s), rate),
    ]


def _needs(report: RunReport) -> list[tuple[str, str]]:
    totals = dict.fromkeys(ACTIONS, 0)
    for need in report.summary.needs:
        totals[need.action] += need.count
    return [
        (ACTIONS[action][0].capitalize(), f"{count:,}") for action, count in totals.items() if count
    ]


def _facts(report: RunReport) -> list[Fact]:
    left_out, managed = report.summary.left_out, report.summary.managed
    return [
        Fact("Source", report.source),
        Fact("Endpoint", report.place),
        Fact("Made by", "" if report.caller is None else str(report.caller)),
        Fact("Created", f"{second_text(report.created_at)} UTC" if report.created_at else ""),
        Fact("Rolls back", report.restores or ""),
        Fact("Rolled back by", report.rolled_back_by or ""),
        Fact("Plan digest", report.digest or "", is_code=True),
        Fact("Flags", " ".join(report.flags.values()), is_code=True),
        Fact("Left out", counted(left_out, "target") if left_out else ""),
        Fact("Managed", "" if managed is None else " ".join(owner_facts(managed))),
        Fact("Rollback", report.reversibility),
        Fact("Run file", report.summary.run, is_code=True),
    ]


def _gate_outputs(gates: Sequence[GateRecord]) -> list[GateOutput]:
    return [
        GateOutput(
            f"after wave {each.wave}, answered {second_text(each.answered_at)}",
            each.output.split("\n"),
        )
        for each in gates[-_MOST_OUTPUTS:]
        if each.output
    ]


def _error_card(group: ErrorGroup) -> ErrorCard:
    where = f" in {counted(group.accounts, 'account')}" if group.accounts else ""
    return ErrorCard(
        group.code,
        f"{counted(group.count, 'target')}{where}",
        [] if group.example is None else _example(group.example),
        group.hint or "",
    )


def _example(outcome: Outcome) -> list[Fact]:
    qualified = "" if outcome.target is None else f"{outcome.target.arn}:{outcome.qualifier}"
    return [
        Fact("Example", qualified or outcome.function_name, is_code=True),
        Fact("Row", str(outcome.source)),
        Fact("Message", outcome.error_message or ""),
        Fact("Request id", outcome.request_id or "", is_code=True),
    ]


def _table_note(report: RunReport, shown: int) -> str:
    summary = report.summary
    if shown >= summary.targets:
        return ""
    return (
        f"The table has {shown:,} of {summary.targets:,} targets: those that failed, then "
        "the first ones of the targets file. The run file has all; bulkeic export prints them."
    )
