"""What people and programs get to see: progress, logs, results, differences, summary, report."""

from typing import TYPE_CHECKING

from bulkeic.lazy import imported_from

if TYPE_CHECKING:
    from bulkeic.output.diff import DiffPrinter
    from bulkeic.output.logs import configure_logs
    from bulkeic.output.progress import NoProgress, Progress, ProgressBar
    from bulkeic.output.results import NoResults, Results, ResultsFile, check_stdout, encoder_of
    from bulkeic.output.screen import Screen
else:
    __getattr__ = imported_from(
        __name__,
        {
            "diff": ("DiffPrinter",),
            "logs": ("configure_logs",),
            "progress": (
                "NoProgress",
                "Progress",
                "ProgressBar",
            ),
            "results": (
                "NoResults",
                "Results",
                "ResultsFile",
                "check_stdout",
                "encoder_of",
            ),
            "screen": ("Screen",),
        },
    )

__all__ = [
    "DiffPrinter",
    "NoProgress",
    "NoResults",
    "Progress",
    "ProgressBar",
    "Results",
    "ResultsFile",
    "Screen",
    "check_stdout",
    "configure_logs",
    "encoder_of",
]
