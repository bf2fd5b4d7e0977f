"""Writes the page of a run."""

from bulkeic.app.report.report_targets import shown_targets, target_entries
from bulkeic.core.report.run_report import RunReport
from bulkeic.output.files.new_file import write_new_file
from bulkeic.output.page.run_page import run_page_pieces
from bulkeic.output.page.target_table import MOST_TARGETS, TargetTable
from bulkeic.store.run_file import RunFile


def write_report_page(run: RunFile, report: RunReport, path: str) -> None:
    """Writes the page of a run to a new file, one piece after another.

    Args:
        run: the run file.
        report: of the run, with its timeline.
        path: of the file.

    Raises:
        RunFileError: the run file cannot be read.
        UsageError: the file cannot be written.
    """
    table = TargetTable(target_entries(run, report.summary, MOST_TARGETS))
    shown = shown_targets(report.summary, MOST_TARGETS)
    write_new_file("--html", path, run_page_pieces(report, table.packed(), shown))
