"""How far a run is: what shows it, and what shows nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import Job, Lane, Outcome
from bulkeic.core.pacing.forecast import Forecast
from bulkeic.core.summary import Traffic

MakeForecast = Callable[[], Forecast | None]


class Progress(Protocol):
    """Shows how far a run is in one pass over its jobs."""

    def start(self, lanes: Mapping[Lane, int]) -> None:
        """Starts.

        Args:
            lanes: account and Region → jobs of this pass.
        """

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


class CombinedProgress:
    """Several that show it, as one.

    Args:
        all_of_them: to tell, in this order; empty: nothing is shown.
    """

    def __init__(self, all_of_them: Sequence[Progress] = ()) -> None:
        self._all = tuple(all_of_them)

    def start(self, lanes: Mapping[Lane, int]) -> None:
        """See ``Progress``."""
        for each in self._all:
            each.start(lanes)

    def advance(
        self,
        outcomes: Sequence[Outcome],
        before_images: Sequence[tuple[Job, BeforeImage]],
        traffic: Traffic,
        forecast: MakeForecast,
    ) -> None:
        """See ``Progress``."""
        for each in self._all:
            each.advance(outcomes, before_images, traffic, forecast)

    def stop(self) -> None:
        """See ``Progress``."""
        for each in self._all:
            each.stop()
