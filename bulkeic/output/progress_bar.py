"""The progress bar: on a terminal only."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
)

from bulkeic.core.model import NOT_DONE, Job, Lane, Outcome
from bulkeic.core.reconcile import BeforeImage
from bulkeic.core.summary import Traffic
from bulkeic.output.formatting import duration
from bulkeic.output.progress import MakeForecast

_MOVE_EVERY_S = 0.1
_FORECAST_EVERY_S = 1.0


class ProgressBar:
    """A bar on stderr: jobs done, rate, failures, throttles, and the time left.

    Args:
        doing: what the run does, one word.
    """

    def __init__(self, doing: str) -> None:
        self._done = self._failed = self._throttles = 0
        self._next_move = self._next_forecast = 0.0
        self._bar = Progress(
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

    def start(self, lanes: Mapping[Lane, int]) -> None:
        """Shows the bar."""
        total = sum(lanes.values())
        self._task = self._bar.add_task("", total=total, rate="", trouble="", left="")
        self._bar.start()

    def advance(
        self,
        outcomes: Sequence[Outcome],
        before_images: Sequence[tuple[Job, BeforeImage]],
        traffic: Traffic,
        forecast: MakeForecast,
    ) -> None:
        """Counts finished jobs, and moves the bar at most ten times a second."""
        planned = sum(image.is_pending for _, image in before_images)
        self._done += len(outcomes) + planned
        self._failed += sum(outcome.status in NOT_DONE for outcome in outcomes)
        self._throttles = traffic.throttles
        if self._bar.get_time() >= self._next_move:
            self._next_move = self._bar.get_time() + _MOVE_EVERY_S
            self._show_time_left(forecast)
            self._move()

    def _move(self) -> None:
        speed = self._bar.tasks[0].speed
        counts = ((self._failed, "failed"), (self._throttles, "throttled"))
        self._bar.update(
            self._task,
            completed=self._done,
            rate=f"{speed:,.1f}/s" if speed else "",
            trouble=", ".join(f"{count:,} {word}" for count, word in counts if count),
        )

    def _show_time_left(self, forecast: MakeForecast) -> None:
        now = self._bar.get_time()
        if now >= self._next_forecast:
            self._next_forecast = now + _FORECAST_EVERY_S
            left = forecast()
            text = "" if left is None else f"about {duration(left.seconds)} left"
            self._bar.update(self._task, left=text)

    def stop(self) -> None:
        """Shows the last numbers, leaves the bar, and restores the terminal."""
        self._move()
        self._bar.update(self._task, left="")
        self._bar.stop()
