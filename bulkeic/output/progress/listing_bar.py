"""The progress bar of a discovery: on a terminal only."""

from collections.abc import Callable
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from bulkeic.output.formatting import counted, duration

_MOVE_EVERY_S = 0.1


class ListingStatus(NamedTuple):
    """How far a discovery is.

    Attributes:
        pages: that were read.
        left: pages that are known and not read.
        functions: that were found.
        lanes: all that are read.
        lanes_left: of them, those that are not done.
        seconds_left: until the end; ``None``: unknown.
    """

    pages: int
    left: int
    functions: int
    lanes: int
    lanes_left: int
    seconds_left: float | None


class ListingBar:
    """A bar on stderr: pages, functions, lanes, and the time left."""

    def __init__(self) -> None:
        self._next_move = 0.0
        self._bar = Progress(
            TextColumn("discover"),
            BarColumn(),
            TextColumn("{task.fields[text]}"),
            console=Console(stderr=True),
            redirect_stdout=False,
        )
        self._task = self._bar.add_task("", total=None, text="")

    def start(self) -> None:
        """Shows the bar."""
        self._bar.start()

    def move(self, status: Callable[[], ListingStatus]) -> None:
        """Moves the bar, at most ten times a second.

        Args:
            status: how far the discovery is.
        """
        now = self._bar.get_time()
        if now >= self._next_move:
            self._next_move = now + _MOVE_EVERY_S
            self._show(status())

    def stop(self, status: ListingStatus) -> None:
        """Shows the last numbers, leaves the bar, and restores the terminal."""
        self._show(status._replace(seconds_left=None))
        self._bar.stop()

    def _show(self, status: ListingStatus) -> None:
        done = f"{status.lanes - status.lanes_left:,} of {counted(status.lanes, 'lane')}"
        parts = [done, counted(status.functions, "function")]
        if status.seconds_left is not None:
            parts.append(f"about {duration(status.seconds_left)} left")
        self._bar.update(
            self._task,
            completed=status.pages,
            total=status.pages + status.left,
            text=", ".join(parts),
        )
