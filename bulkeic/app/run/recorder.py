"""Records outcomes: in the run file first, then in the results file and the progress bar."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

import anyio
import anyio.to_thread
import msgspec

from bulkeic.app.run.engine_source import JobRunner
from bulkeic.app.run.group_commit import commit_in_groups
from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Job, Outcome
from bulkeic.core.summary import Traffic
from bulkeic.output.files.results import NoResults, Results
from bulkeic.output.progress.run_progress import Progress

# Traffic without outcomes, such as throttled calls, is stored and shown this often.
_TRAFFIC_EVERY_S = 1.0
_MAX_UNWRITTEN = 100_000

Rows = TypeVar("Rows")


class OutcomeLedger(Protocol[Rows]):
    """Stores outcomes."""

    def rows(
        self, outcomes: Sequence[Outcome], before_images: Sequence[tuple[Job, BeforeImage]]
    ) -> Rows:
        """Outcomes, and what was read of targets, in the form that is stored.

        Raises:
            RunFileError: they cannot be stored.
        """

    def record(self, rows: Rows, traffic: Traffic) -> None:
        """Stores rows and the traffic so far: all or nothing.

        Raises:
            RunFileError: they cannot be stored.
        """


class Recorder:
    """Commits outcomes in a thread. A short pause follows each commit.

    If a commit fails, the engine stops: calls in flight finish, and jobs whose outcome cannot be
    stored stay pending. Results are written by another task, so that a slow reader of them does not
    delay commits.

    Args:
        ledger: where outcomes are stored.
        results: where outcomes are written.
        progress: where outcomes are shown.
        elapsed: seconds since the session started.
    """

    def __init__(
        self,
        ledger: OutcomeLedger[Rows],
        results: Results,
        progress: Progress,
        elapsed: Callable[[], float],
    ) -> None:
        def store(
            outcomes: Sequence[Outcome],
            traffic: Traffic,
            before_images: Sequence[tuple[Job, BeforeImage]],
        ) -> None:
            ledger.record(ledger.rows(outcomes, before_images), traffic)

        self._store = store
        self._results = results
        self._progress = progress
        self._elapsed = elapsed
        self._pending: list[Outcome] = []
        self._seen: list[tuple[Job, BeforeImage]] = []
        self._on_commit: list[Callable[[], None]] = []
        self._committed: list[Outcome] = []
        self._has_pending = asyncio.Event()
        self._has_committed = asyncio.Event()
        self._ended = asyncio.Event()
        self._finished = False
        self._stored_traffic = Traffic()

    def put(self, outcome: Outcome) -> None:
        """Adds an outcome to the next commit."""
        self._pending.append(outcome)
        self._has_pending.set()

    def store_before_image(
        self, job: Job, seen: BeforeImage, on_stored: Callable[[], None]
    ) -> None:
        """Adds what was read of a target; calls ``on_stored`` when that has been committed."""
        self._seen.append((job, seen))
        self._on_commit.append(on_stored)
        self._has_pending.set()

    def drop(self, jobs: int) -> None:
        """Does nothing: the jobs stay pending in the run file."""

    def end(self) -> None:
        """Ends the recording: no more outcomes will come."""
        self._ended.set()
        self._has_pending.set()

    async def commit(self, engine: JobRunner) -> None:
        """Commits until ``end`` is called, and then one last time."""
        try:
            await commit_in_groups(
                self._has_pending,
                self._ended,
                partial(self._commit, engine),
                longest_wait_s=_TRAFFIC_EVERY_S,
            )
        finally:
            self._finished = True
            self._has_committed.set()

    async def publish(self, engine: JobRunner) -> None:
        """Writes committed outcomes to the results, until ``end`` is called and all are written."""
        if isinstance(self._results, NoResults):
            return
        while self._committed or not self._finished:
            await self._has_committed.wait()
            self._has_committed.clear()
            batch, self._committed = self._committed, []
            try:
                await anyio.to_thread.run_sync(self._results.write, batch, abandon_on_cancel=True)
            except OSError as error:
                engine.stop(f"results: {error.strerror}")
                return

    async def _commit(self, engine: JobRunner) -> None:
        # The next outcome retries a commit that failed.
        self._has_pending.clear()
        traffic = msgspec.structs.replace(engine.traffic, elapsed_s=self._elapsed())
        batch, self._pending = self._pending, []
        seen, self._seen = self._seen, []
        on_commit, self._on_commit = self._on_commit, []
        if batch or seen or _has_sent_more(traffic, self._stored_traffic):
            try:
                await anyio.to_thread.run_sync(self._store, batch, traffic, seen)
            except RunFileError as error:
                self._pending = batch + self._pending
                self._seen, self._on_commit = seen + self._seen, on_commit + self._on_commit
                engine.stop(str(error))
                return
            self._stored_traffic = traffic
            self._publish(batch, engine)
            for callback in on_commit:
                callback()
        self._progress.advance(batch, seen, traffic, engine.forecast)

    def _publish(self, outcomes: list[Outcome], engine: JobRunner) -> None:
        if isinstance(self._results, NoResults):
            return
        self._committed += outcomes
        self._has_committed.set()
        if len(self._committed) > _MAX_UNWRITTEN:
            engine.stop("results: they are not being read")


def _has_sent_more(traffic: Traffic, stored: Traffic) -> bool:
    return msgspec.structs.replace(traffic, elapsed_s=stored.elapsed_s) != stored
