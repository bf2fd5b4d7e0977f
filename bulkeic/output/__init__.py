"""What people and programs get to see: progress, logs, results, differences, summary, report."""

from bulkeic.output.diff import DiffPrinter
from bulkeic.output.logs import configure_logs
from bulkeic.output.progress import NoProgress, Progress, ProgressBar
from bulkeic.output.results import NoResults, Results, ResultsFile, check_stdout, encoder_of
from bulkeic.output.screen import Screen

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
