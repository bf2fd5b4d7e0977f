"""A verification as GitHub-flavored Markdown, for a pull request."""

from collections.abc import Iterator, Sequence

from bulkeic.core.change.reconcile import DRIFTED
from bulkeic.core.change.snapshot import ABSENT, differences
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.model import Status
from bulkeic.core.report.drifted_target import DriftedTarget
from bulkeic.core.report.run_report import ErrorGroup
from bulkeic.core.summary import Summary
from bulkeic.output.formatting import counted
from bulkeic.output.report.markdown import code_span, markdown_page, markdown_table
from bulkeic.output.report.report_markdown import error_table, heading, next_commands
from bulkeic.output.rollout_text import settings_text

_TITLES = {
    ExitCode.OK: "no drift",
    ExitCode.DRIFT: "drift",
    ExitCode.FAILED: "not every target could be read",
    ExitCode.STOPPED: "stopped early",
}
_UNSET = "not set"
_MOST_CHARACTERS = 50_000
"""Of the cells of the table: a comment of GitHub has at most 65,536 characters in all."""


def drift_markdown(
    summary: Summary,
    drifted: Sequence[DriftedTarget],
    errors: Sequence[ErrorGroup],
) -> bytes:
    """The verification as Markdown, with a row for each field that differs.

    Args:
        summary: of the verification.
        drifted: the targets to show; the summary counts all of them.
        errors: of the verification.
    """
    others = [group for group in errors if group.code != DRIFTED]
    sections = (
        _heading(summary),
        _table(drifted, summary.errors.get(DRIFTED, 0)),
        error_table(others),
        next_commands(summary),
    )
    return markdown_page(sections)


def _heading(summary: Summary) -> list[str]:
    drifted = summary.errors.get(DRIFTED, 0)
    statuses = summary.statuses
    unread = statuses[Status.FAILED] + statuses[Status.UNKNOWN] - drifted
    counts = (
        (statuses[Status.UNCHANGED], "as wanted"),
        (drifted, "drifted"),
        (unread, "not read"),
        (statuses[Status.INVALID], "invalid"),
        (summary.pending, "not compared"),
    )
    texts = [f"{count:,} {text}" for count, text in counts if count]
    title = _TITLES.get(ExitCode(summary.exit_code), "ended")
    return heading(f"`bulkeic verify`: {title}", summary, texts)


def _table(drifted: Sequence[DriftedTarget], count: int) -> list[str]:
    if not drifted:
        return []
    rows: list[tuple[str, ...]] = []
    shown, room = 0, _MOST_CHARACTERS
    for each in drifted:
        added = list(_rows(each))
        room -= sum(len(cell) for row in added for cell in row)
        if room < 0:
            break
        rows += added
        shown += 1
    table = markdown_table(("Target", "Declared in", "Field", "Wanted", "Live"), rows)
    hidden = count - shown
    return [*table, "", f"… and {counted(hidden, 'more target')}"] if hidden > 0 else table


def _rows(drift: DriftedTarget) -> Iterator[tuple[str, ...]]:
    target = drift.target
    about = (code_span(f"{target.arn}:{target.qualifier}"), code_span(drift.source))
    if ABSENT in {drift.live, drift.wanted}:
        values = (code_span(settings_text(each)) for each in (drift.wanted, drift.live))
        yield (*about, "configuration", *values)
        return
    for change in differences(drift.live, drift.wanted):
        values = (
            code_span(_UNSET if each is None else each) for each in (change.after, change.before)
        )
        yield (*about, code_span(change.field), *values)
