"""The progress of a run: on a terminal only."""

import sys
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
)
from rich.text import Text

from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.lane_progress import LaneProgress
from bulkeic.core.model import Job, Lane, Outcome
from bulkeic.core.summary import Traffic
from bulkeic.output.formatting import duration
from bulkeic.output.progress.run_progress import MakeForecast
from bulkeic.output.terminal.progress_text import bar_text, group_lines, trouble_counts
from bulkeic.output.terminal.screen import terminal_size
from bulkeic.output.terminal.styles import rendered

_MOVE_EVERY_S = 0.1
_FORECAST_EVERY_S = 1.0
_LEAST_BAR, _MOST_BAR, _BAR_SHARE = 8, 40, 4
_GAPS = 9  # the percentage, a slash, and the spaces between the columns


class ProgressBar:
    """A bar on stderr: jobs done, rate, failures, throttles, and the time left.

    With several lanes, lines below it show how far the groups of lanes are.

    Args:
        doing: what the run does, one word.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._next_move = self._next_forecast = 0.0
        self._throttles = 0
        self._left = ""
        self._lanes = LaneProgress({})
        self._column = BarColumn()
        self._bar = _BarWithLines(
            TextColumn(doing),
            self._column,
            TaskProgressColumn(),
            MofNCompleteColumn(),
            _PiecesColumn(),
            console=Console(stderr=True),
            # On the same terminal, results scroll above the bar. A closed stdout is None.
            redirect_stdout=bool(sys.stdout and sys.stdout.isatty()),
        )

    def start(self, lanes: Mapping[Lane, int]) -> None:
        """Shows the bar."""
        self._lanes = LaneProgress(lanes)
        self._task = self._bar.add_task("", total=self._lanes.total.jobs, text="")
        self._move()
        self._bar.start()

    def advance(
        self,
        outcomes: Sequence[Outcome],
        before_images: Sequence[tuple[Job, BeforeImage]],
        traffic: Traffic,
        forecast: MakeForecast,
    ) -> None:
        """Counts finished jobs, and moves the bar at most ten times a second."""
        self._lanes.add(outcomes, before_images)
        self._throttles = traffic.throttles
        if self._bar.get_time() >= self._next_move:
            self._next_move = self._bar.get_time() + _MOVE_EVERY_S
            self._know_time_left(forecast)
            self._move()

    def _move(self) -> None:
        total, size = self._lanes.total, terminal_size(sys.stderr)
        speed = self._bar.tasks[0].speed
        self._column.bar_width = min(max(size.columns // _BAR_SHARE, _LEAST_BAR), _MOST_BAR)
        taken = len(self._doing) + self._column.bar_width + 2 * len(f"{total.jobs:,}") + _GAPS
        rate = f"{speed:,.1f}/s" if speed else ""
        pieces = [self._left, *trouble_counts(total.failed, self._throttles), rate]
        text = bar_text(pieces, size.columns - taken)
        self._bar.below = group_lines(self._lanes, size.columns, size.lines)
        self._bar.update(self._task, completed=total.done, text=text)

    def _know_time_left(self, forecast: MakeForecast) -> None:
        now = self._bar.get_time()
        if now >= self._next_forecast:
            self._next_forecast = now + _FORECAST_EVERY_S
            left = forecast()
            self._left = "" if left is None else f"about {duration(left.seconds)} left"

    def stop(self) -> None:
        """Shows the last numbers, leaves the bar without the groups, and restores the terminal."""
        self._left = ""
        self._move()
        self._bar.below = []
        self._bar.stop()


class _BarWithLines(Progress):
    """A progress bar of rich with lines of text below it.

    Attributes:
        below: the lines; styled texts have colors.
    """

    below: Sequence[str] = ()

    def get_renderables(self) -> Iterable[RenderableType]:
        """What is drawn."""
        yield from super().get_renderables()
        yield from map(_rich_text, self.below)


class _PiecesColumn(ProgressColumn):
    """The text beside the bar, in its styles."""

    def render(self, task: Task) -> Text:
        """The text."""
        return _rich_text(task.fields["text"])


def _rich_text(line: str) -> Text:
    text = Text.from_ansi(rendered(line, in_color=True))
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
