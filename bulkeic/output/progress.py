"""How far a run is: what shows it, and what shows nothing."""

from collections.abc import Callable, Sequence
from typing import Protocol

from bulkeic.core.model import Job, Outcome
from bulkeic.core.pacing.forecast import Forecast
from bulkeic.core.reconcile import BeforeImage
from bulkeic.core.summary import Traffic

MakeForecast = Callable[[], Forecast | None]


class Progress(Protocol):
    """Shows how far a run is."""

    def start(self, total: int) -> None:
        """Starts with ``total`` jobs."""

    def advance(
        self,
        outcomes: Sequence[Outcome],
        before_images: Sequence[tuple[Job, BeforeImage]],
        traffic: Traffic,
        forecast: MakeForecast,
    ) -> None:
        """Adds finished jobs.

        Args:
            outcomes: of finished jobs.
            before_images: of targets; a target that was only read is finished, too.
            traffic: what was sent so far.
            forecast: how long the rest will take; called at most once a second.
        """

    def stop(self) -> None:
        """Stops."""


class NoProgress:
    """Shows nothing."""

    def start(self, total: int) -> None:
        """Does nothing."""

    def advance(
        self,
        outcomes: Sequence[Outcome],
        before_images: Sequence[tuple[Job, BeforeImage]],
        traffic: Traffic,
        forecast: MakeForecast,
    ) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Does nothing."""
