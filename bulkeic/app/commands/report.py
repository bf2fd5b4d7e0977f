"""``bulkeic report``: prints what happened in a run."""

import time
from pathlib import Path

from bulkeic.app.report.report_builder import read_report
from bulkeic.app.setup.next_commands import next_lines
from bulkeic.app.setup.options import ReportOptions
from bulkeic.app.setup.run_choice import check_selection
from bulkeic.core.errors import printable
from bulkeic.core.report.run_report import RunReport
from bulkeic.output.report.report_text import report_lines
from bulkeic.output.results import write_stdout
from bulkeic.store.run_file import RunFile


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
        found = read_report(run, time.time(), with_timeline=options.html is not None)
        if options.html is not None:
            _write_page(run, found, options.html)
    finally:
        run.close()
    lines = [*report_lines(found), *next_lines(found.summary.next)]
    write_stdout(["\n".join(map(printable, lines)).encode() + b"\n"])


def _write_page(run: RunFile, found: RunReport, path: str) -> None:
    from bulkeic.app.report.report_page import write_report_page  # noqa: PLC0415 - only --html needs it

    write_report_page(run, found, path)
