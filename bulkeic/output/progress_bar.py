"""The progress bar: on a terminal only."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
)

from bulkeic.core.summary import Traffic
from bulkeic.output.formatting import duration
from bulkeic.output.progress import MakeForecast

_FORECAST_EVERY_S = 1.0


class ProgressBar:
    """A bar on stderr: jobs done, rate, failures, throttles, and the time left.

    Args:
        doing: what the run does, one word.
    """

    def __init__(self, doing: str) -> None:
        self._failed = 0
        self._next_forecast = 0.0
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

    def start(self, total: int) -> None:
        """Shows the bar."""
        self._task = self._bar.add_task("", total=total, rate="", trouble="", left="")
        self._bar.start()

    def advance(self, done: int, failed: int, traffic: Traffic, forecast: MakeForecast) -> None:
        """Moves the bar."""
        self._failed += failed
        self._show_time_left(forecast)
        speed = self._bar.tasks[0].speed
        counts = ((self._failed, "failed"), (traffic.throttles, "throttled"))
        self._bar.update(
            self._task,
            advance=done,
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
        """Leaves the bar as it is, and restores the terminal."""
        self._bar.update(self._task, left="")
        self._bar.stop()
