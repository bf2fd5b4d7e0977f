"""The progress bar, on a terminal; nothing anywhere else."""

from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskProgressColumn,
    TextColumn,
)
from rich.progress import Progress as RichProgress

from bulkeic.core.pacing.forecast import Forecast
from bulkeic.core.summary import Traffic
from bulkeic.output.formatting import duration

_FORECAST_EVERY_S = 1.0
Ahead = Callable[[], Forecast | None]


class Progress(Protocol):
    """Shows how far a run is."""

    def start(self, total: int) -> None:
        """Begins with that many jobs to do."""

    def advance(self, done: int, failed: int, traffic: Traffic, ahead: Ahead) -> None:
        """Takes note of outcomes.

        Args:
            done: how many came.
            failed: how many of them failed.
            traffic: what was sent so far.
            ahead: tells what is still to come; asked now and then.
        """

    def stop(self) -> None:
        """Ends."""


class NoProgress:
    """Nobody looks."""

    def start(self, total: int) -> None:
        """Does nothing."""

    def advance(self, done: int, failed: int, traffic: Traffic, ahead: Ahead) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Does nothing."""


class ProgressBar:
    """A bar on stderr: the count, the rate, failures, throttles, and the time left by the lanes.

    Args:
        doing: what it is that takes time, one word.
    """

    def __init__(self, doing: str) -> None:
        self._failed = 0
        self._next_look = 0.0
        self._bar = RichProgress(
            TextColumn(doing),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[trouble]}"),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True),
            redirect_stdout=False,
        )

    def start(self, total: int) -> None:
        """Shows the bar."""
        self._task = self._bar.add_task("", total=total, rate="", trouble="", left="")
        self._bar.start()

    def advance(self, done: int, failed: int, traffic: Traffic, ahead: Ahead) -> None:
        """Moves the bar."""
        self._failed += failed
        self._look_ahead(ahead)
        speed = self._bar.tasks[0].speed
        counts = ((self._failed, "failed"), (traffic.throttles, "throttled"))
        self._bar.update(
            self._task,
            advance=done,
            rate=f"{speed:,.1f}/s" if speed else "",
            trouble=", ".join(f"{count:,} {word}" for count, word in counts if count),
        )

    def _look_ahead(self, ahead: Ahead) -> None:
        now = self._bar.get_time()
        if now >= self._next_look:
            self._next_look = now + _FORECAST_EVERY_S
            left = ahead()
            text = "" if left is None else f"about {duration(left.seconds)} left"
            self._bar.update(self._task, left=text)

    def stop(self) -> None:
        """Leaves the bar as it is and gives the terminal back."""
        self._bar.update(self._task, left="")
        self._bar.stop()
