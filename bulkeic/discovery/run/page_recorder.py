"""Commits the pages that were read, many at a time, in a thread."""

import asyncio
from collections.abc import Callable
from functools import partial

import anyio
import anyio.to_thread

from bulkeic.app.run.engine_source import JobRunner
from bulkeic.app.run.group_commit import commit_in_groups
from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Job, Outcome, Status
from bulkeic.discovery.run.page_backlog import PageBacklog
from bulkeic.discovery.run.reading_progress import ReadingProgress
from bulkeic.store.discovery.discovered_pages import FailedPage, ReadPage
from bulkeic.store.discovery.discovery_file import DiscoveryFile


class PageRecorder:
    """Stores pages in the discovery file, a group of them in each commit. It implements ``Sink``.

    If a commit fails, the session stops, and the pages of the commit stay pending.

    Args:
        file: the discovery file.
        backlog: knows which page a job reads.
        progress: shows how far the reading is.
        stop: stops the session, with the reason.
    """

    def __init__(
        self,
        file: DiscoveryFile,
        backlog: PageBacklog,
        progress: ReadingProgress,
        stop: Callable[[str], None],
    ) -> None:
        self._file = file
        self._backlog = backlog
        self._progress = progress
        self._stop = stop
        self._pages: list[ReadPage | FailedPage] = []
        self._has_pages = asyncio.Event()
        self._ended = asyncio.Event()

    def add(self, page: ReadPage) -> None:
        """Adds a page to the next commit."""
        self._pages.append(page)
        self._progress.count(page)
        self._has_pages.set()

    def put(self, outcome: Outcome) -> None:
        """Adds a page that could not be read; those that were read are added before."""
        is_gone = outcome.status is Status.UNCHANGED
        code, message = outcome.error_code or "", outcome.error_message or ""
        self.add_failure(outcome.seq, code, message, is_gone=is_gone)

    def add_failure(self, seq: int, code: str, message: str, *, is_gone: bool = False) -> None:
        """Adds a page that could not be read, unless its job has ended before.

        Args:
            seq: of the job.
            code: why.
            message: more about it.
            is_gone: whether the function of the listing does not exist any longer.
        """
        listing = self._backlog.finish(seq)
        if listing is not None:
            self._pages.append(FailedPage(listing, code, message, is_gone=is_gone))
            self._has_pages.set()

    def store_before_image(
        self,
        job: Job,  # noqa: ARG002
        seen: BeforeImage,  # noqa: ARG002
        on_stored: Callable[[], None],
    ) -> None:
        """Does nothing: a listing changes nothing."""
        on_stored()

    def drop(self, jobs: int) -> None:
        """Does nothing: the pages stay pending in the discovery file."""

    def end(self) -> None:
        """Ends the recording: no more pages will come."""
        self._ended.set()
        self._has_pages.set()

    async def commit(self, engine: JobRunner) -> None:
        """Commits until ``end`` is called, and then one last time."""
        await commit_in_groups(self._has_pages, self._ended, partial(self._commit, engine))

    async def _commit(self, engine: JobRunner) -> None:
        self._has_pages.clear()
        pages, self._pages = self._pages, []
        if not pages:
            return
        try:
            await anyio.to_thread.run_sync(self._file.record, pages)
        except RunFileError as error:
            self._stop(str(error))
        self._progress.move(engine)
