"""What a worker has done and not reported yet."""

from collections.abc import Callable, Iterable

import anyio

from bulkeic.cluster.messages import SeenImage
from bulkeic.core.model import Job, Outcome
from bulkeic.core.reconcile import BeforeImage


class ReportSink:
    """Collects results for the next answer. It implements the engine's ``Sink``.

    Attributes:
        news: is set while there is something to report.
    """

    def __init__(self) -> None:
        self.news = anyio.Event()
        self._outcomes: list[Outcome] = []
        self._images: list[SeenImage] = []
        self._on_stored: dict[int, Callable[[], None]] = {}

    def put(self, outcome: Outcome) -> None:
        """Adds an outcome."""
        self._outcomes.append(outcome)
        self.news.set()

    def store_before_image(
        self, job: Job, seen: BeforeImage, on_stored: Callable[[], None]
    ) -> None:
        """Adds what was read of a target; ``stored`` calls ``on_stored``."""
        self._images.append(
            SeenImage(job.target.lane, job.seq, seen.action, seen.may_be_sent, seen.config)
        )
        self._on_stored[job.seq] = on_stored
        self.news.set()

    def drop(self, jobs: int) -> None:
        """Does nothing: the jobs stay pending in the run file."""

    def stored(self, seqs: Iterable[int]) -> None:
        """Takes the acknowledgment that before-images are stored."""
        for seq in seqs:
            on_stored = self._on_stored.pop(seq, None)
            if on_stored is not None:
                on_stored()

    def take(self) -> tuple[list[Outcome], list[SeenImage]]:
        """Removes and returns everything that must be reported."""
        outcomes, self._outcomes = self._outcomes, []
        images, self._images = self._images, []
        self.news = anyio.Event()
        return outcomes, images
