"""A benchmark to look at while it runs; nothing anywhere else than on a terminal."""

from typing import Protocol

from bulkeic.core.load import Load
from bulkeic.core.measures import Second


class Watch(Protocol):
    """Shows how a load does."""

    def start(self, load: Load, total_s: float | None) -> None:
        """Begins with a load that takes so many seconds; ``None``: nobody knows."""

    def second(self, second: Second) -> None:
        """Takes note of a second that is over."""

    def stop(self) -> None:
        """Ends."""


class NoWatch:
    """Nobody looks."""

    def start(self, load: Load, total_s: float | None) -> None:
        """Does nothing."""

    def second(self, second: Second) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Does nothing."""
