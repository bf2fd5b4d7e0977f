"""Takes what workers report of the pages that they were given."""

from collections.abc import Callable

from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import Job, Outcome, Page
from bulkeic.discovery.run.page_intake import PageIntake
from bulkeic.discovery.run.page_recorder import PageRecorder


class ReportedPages:
    """Decides about each page as if this process had read it. It implements ``PageSink``.

    Args:
        intake: takes the pages.
        recorder: stores those that could not be read.
    """

    def __init__(self, intake: PageIntake, recorder: PageRecorder) -> None:
        self._intake = intake
        self._recorder = recorder

    def put(self, outcome: Outcome) -> None:
        """Takes a page that could not be read."""
        if self._intake.is_expired(outcome.seq, outcome.error_code or ""):
            self._intake.restart(outcome.seq)
        else:
            self._recorder.put(outcome)

    def put_page(self, seq: int, page: Page) -> None:
        """Takes a page that was read."""
        problem = self._intake.take(seq, page)
        if problem is not None:
            self._recorder.add_failure(seq, problem.code, problem.message)

    def store_before_image(
        self, job: Job, seen: BeforeImage, on_stored: Callable[[], None]
    ) -> None:
        """Does nothing: a listing changes nothing."""
        self._recorder.store_before_image(job, seen, on_stored)

    def drop(self, jobs: int) -> None:
        """Does nothing: the pages stay pending in the discovery file."""
