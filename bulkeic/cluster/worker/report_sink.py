"""What a worker has done and not reported yet."""

from collections import Counter, deque
from collections.abc import Callable, Iterable

import anyio

from bulkeic.cluster.messages import ListedPage, SeenImage
from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import Job, Outcome

_ENOUGH_BYTES = 8 * 1024 * 1024
"""An answer with that many bytes of pages gets no more of them."""


class ReportSink:
    """Collects results for the next answer. It implements the engine's ``Sink``.

    Attributes:
        news: is set while there is something to report.
    """

    def __init__(self) -> None:
        self.news = anyio.Event()
        self._outcomes: list[Outcome] = []
        self._images: list[SeenImage] = []
        self._pages: deque[ListedPage] = deque()
        self._left_out: Counter[int] = Counter()
        self._on_stored: dict[int, Callable[[], None]] = {}

    def put(self, outcome: Outcome) -> None:
        """Adds an outcome, unless it must be left out."""
        if self._left_out and outcome.seq in self._left_out:
            self._left_out[outcome.seq] -= 1
            if not self._left_out[outcome.seq]:
                del self._left_out[outcome.seq]
            return
        self._outcomes.append(outcome)
        self.news.set()

    def put_page(self, page: ListedPage) -> None:
        """Adds a page, which is reported instead of the outcome of its job."""
        self._pages.append(page)
        self.leave_out(page.seq)
        self.news.set()

    def leave_out(self, seq: int) -> None:
        """Leaves the next outcome of a job out."""
        self._left_out[seq] += 1

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

    @property
    def has_pages(self) -> bool:
        """Whether there are pages to report."""
        return bool(self._pages)

    def take(self) -> tuple[list[Outcome], list[SeenImage], list[ListedPage]]:
        """Removes and returns what must be reported. Pages that are too many wait."""
        outcomes, self._outcomes = self._outcomes, []
        images, self._images = self._images, []
        self.news = anyio.Event()
        pages = self._take_pages()
        if self._pages:
            self.news.set()
        return outcomes, images, pages

    def _take_pages(self) -> list[ListedPage]:
        pages: list[ListedPage] = []
        size = 0
        while self._pages and size < _ENOUGH_BYTES:
            pages.append(self._pages.popleft())
            size += len(pages[-1].content)
        return pages
