"""The progress bar, on a terminal; nothing anywhere else."""

from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

from bulkeic.core.summary import Traffic


class Progress(Protocol):
    """Shows how far a run is."""

    def start(self, total: int) -> None:
        """Begins with that many jobs to do."""

    def advance(self, done: int, failed: int, traffic: Traffic) -> None:
        """Takes note of outcomes: how many came, how many of them failed, what was sent so far."""

    def stop(self) -> None:
        """Ends."""


class NoProgress:
    """Nobody looks."""

    def start(self, total: int) -> None:
        """Does nothing."""

    def advance(self, done: int, failed: int, traffic: Traffic) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Does nothing."""


class ProgressBar:
    """A bar on stderr with the count, the rate, failures, throttles and the time left."""

    def __init__(self) -> None:
        self._failed = 0
        self._bar = RichProgress(
            TextColumn("updating"),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[trouble]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            redirect_stdout=False,
        )

    def start(self, total: int) -> None:
        """Shows the bar."""
        self._task = self._bar.add_task("", total=total, rate="", trouble="")
        self._bar.start()

    def advance(self, done: int, failed: int, traffic: Traffic) -> None:
        """Moves the bar."""
        self._failed += failed
        speed = self._bar.tasks[0].speed
        counts = ((self._failed, "failed"), (traffic.throttles, "throttled"))
        self._bar.update(
            self._task,
            advance=done,
            rate=f"{speed:,.1f}/s" if speed else "",
            trouble=", ".join(f"{count:,} {word}" for count, word in counts if count),
        )

    def stop(self) -> None:
        """Leaves the bar as it is and gives the terminal back."""
        self._bar.stop()
