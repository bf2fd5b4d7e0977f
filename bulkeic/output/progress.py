"""How far a run is: what shows it, and what shows nothing."""

from collections.abc import Callable
from typing import Protocol

from bulkeic.core.pacing.forecast import Forecast
from bulkeic.core.summary import Traffic

MakeForecast = Callable[[], Forecast | None]


class Progress(Protocol):
    """Shows how far a run is."""

    def start(self, total: int) -> None:
        """Starts with ``total`` jobs."""

    def advance(self, done: int, failed: int, traffic: Traffic, forecast: MakeForecast) -> None:
        """Adds finished jobs.

        Args:
            done: how many finished.
            failed: how many of them failed.
            traffic: what was sent so far.
            forecast: how long the rest will take; called at most once a second.
        """

    def stop(self) -> None:
        """Stops."""


class NoProgress:
    """Shows nothing."""

    def start(self, total: int) -> None:
        """Does nothing."""

    def advance(self, done: int, failed: int, traffic: Traffic, forecast: MakeForecast) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Does nothing."""
