"""``bulkeic report``: shows what happened in a run."""

import sys
import time
from pathlib import Path

from bulkeic.app.options.command_options import ReportOptions
from bulkeic.app.report.report_builder import read_report
from bulkeic.app.report.report_files import check_report_files
from bulkeic.app.run_files.next_commands import next_lines
from bulkeic.app.run_files.run_choice import check_owners, check_selection
from bulkeic.app.run_files.run_opening import open_run
from bulkeic.core.errors import UsageError
from bulkeic.core.report.run_report import RunReport
from bulkeic.output.console import Console
from bulkeic.output.files.new_file import write_new_file
from bulkeic.output.files.results import check_stdout, write_stdout
from bulkeic.output.report.report_text import report_lines
from bulkeic.output.terminal.screen import screen_of
from bulkeic.output.terminal.styles import has_colors, rendered
from bulkeic.store.run_file import RunFile


def report(options: ReportOptions) -> None:
    """Prints the report of a run, and writes it to files in other forms.

    Raises:
        RunFileError: it is not a run file.
        UsageError: stdout or a file cannot be written.
    """
    check_stdout()
    found = make_report(options)
    write_stdout([_json(found) if options.json else _text(found, in_full=options.verbose)])


def make_report(options: ReportOptions, *, with_timeline: bool = False) -> RunReport:
    """Reads the report of a run, and writes it to files in other forms.

    Args:
        options: of the command.
        with_timeline: also read the run in time, whatever the options say.

    Raises:
        RunFileError: it is not a run file.
        UsageError: a file cannot be written.
    """
    check_selection(options.selection, has_run=True)
    files = {
        "--markdown": options.markdown, "--junit": options.junit, "--html": options.html,
    }  # fmt: skip
    check_report_files(files, options.run)
    run = open_run(Path(options.run), Console(), read_only=True, accept_loss=options.accept_loss)
    try:
        check_owners(run, options.selection)
        run.choose(options.selection)
        with_timeline = with_timeline or options.json or options.html is not None
        with run.same_moment():
            found = read_report(
                run, time.time(), with_timeline=with_timeline, in_full=options.verbose
            )
            if options.junit is not None:
                _write_junit(options.junit, run, found)
            if options.html is not None:
                _write_page(run, found, options.html)
    finally:
        run.close()
    if options.markdown is not None:
        _write_markdown(options.markdown, found)
    return found


def _text(found: RunReport, *, in_full: bool) -> bytes:
    screen = screen_of(sys.stdout, in_full=in_full)
    in_color = has_colors(is_terminal=sys.stdout.isatty())
    lines = report_lines(found, screen, next_lines(found.summary.next))
    return "".join(f"{rendered(line, in_color=in_color)}\n" for line in lines).encode()


def _json(found: RunReport) -> bytes:
    from bulkeic.output.report.report_json import report_json  # noqa: PLC0415 - only --json needs it

    return report_json(found)


def _write_markdown(path: str, found: RunReport) -> None:
    from bulkeic.output.report.report_markdown import report_markdown  # noqa: PLC0415 - as above

    write_new_file("--markdown", path, [report_markdown(found)])


def _write_junit(path: str, run: RunFile, found: RunReport) -> None:
    from bulkeic.app.report.junit_results import run_cases  # noqa: PLC0415 - only --junit needs it
    from bulkeic.output.report.junit_file import JUnitFile  # noqa: PLC0415 - as above

    with JUnitFile(found.reported_at) as file:
        try:
            file.add(run_cases(run))
        except OSError as error:
            raise UsageError(f"a temporary file cannot be written: {error.strerror}") from None
        write_new_file("--junit", path, file.pieces())


def _write_page(run: RunFile, found: RunReport, path: str) -> None:
    from bulkeic.app.report.report_page import write_report_page  # noqa: PLC0415 - as above

    write_report_page(run, found, path)
