"""Records outcomes: in the run file first, then in the results file and the progress bar."""

from collections.abc import Callable, Sequence
from typing import Protocol

import anyio
import anyio.to_thread
import msgspec

from bulkeic.core.errors import RunFileError
from bulkeic.core.model import NOT_DONE, Job, Outcome
from bulkeic.core.reconcile import BeforeImage
from bulkeic.core.summary import Traffic
from bulkeic.engine.engine import Engine
from bulkeic.output.progress import Progress
from bulkeic.output.results import Results

_INTERVAL_S = 0.1
_MAX_UNWRITTEN = 100_000


class OutcomeLedger(Protocol):
    """Stores outcomes."""

    def record(
        self, outcomes: Sequence[Outcome], traffic: Traffic, seen: Sequence[tuple[Job, BeforeImage]]
    ) -> None:
        """Stores outcomes, the traffic so far, and what was read of targets: all or nothing.

        Raises:
            RunFileError: they cannot be stored.
        """


class Recorder:
    """Commits outcomes in batches, ten times a second, in a thread.

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
        ledger: OutcomeLedger,
        results: Results,
        progress: Progress,
        elapsed: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._results = results
        self._progress = progress
        self._elapsed = elapsed
        self._pending: list[Outcome] = []
        self._seen: list[tuple[Job, BeforeImage]] = []
        self._on_commit: list[Callable[[], None]] = []
        self._committed: list[Outcome] = []
        self._has_committed = anyio.Event()
        self._ended = anyio.Event()
        self._finished = False
        self._stored_traffic = Traffic()

    def put(self, outcome: Outcome) -> None:
        """Adds an outcome; it is committed within a fifth of a second."""
        self._pending.append(outcome)

    def store_before_image(
        self, job: Job, seen: BeforeImage, on_stored: Callable[[], None]
    ) -> None:
        """Adds what was read of a target; calls ``on_stored`` when that has been committed."""
        self._seen.append((job, seen))
        self._on_commit.append(on_stored)

    def drop(self, jobs: int) -> None:
        """Does nothing: the jobs stay pending in the run file."""

    def end(self) -> None:
        """Ends the recording: no more outcomes will come."""
        self._ended.set()

    async def commit(self, engine: Engine) -> None:
        """Commits until ``end`` is called, and then one last time."""
        try:
            while not self._ended.is_set():
                with anyio.move_on_after(_INTERVAL_S):
                    await self._ended.wait()
                with anyio.CancelScope(shield=True):
                    await self._commit(engine)
        finally:
            with anyio.CancelScope(shield=True):
                await self._commit(engine)
            self._finished = True
            self._has_committed.set()

    async def publish(self, engine: Engine) -> None:
        """Writes committed outcomes to the results, until ``end`` is called and all are written."""
        while self._committed or not self._finished:
            await self._has_committed.wait()
            self._has_committed = anyio.Event()
            batch, self._committed = self._committed, []
            try:
                await anyio.to_thread.run_sync(self._results.write, batch, abandon_on_cancel=True)
            except OSError as error:
                engine.stop(f"results: {error.strerror}")
                return

    async def _commit(self, engine: Engine) -> None:
        traffic = msgspec.structs.replace(engine.traffic, elapsed_s=self._elapsed())
        if (
            not self._pending
            and not self._seen
            and not _has_sent_more(traffic, self._stored_traffic)
        ):
            return
        batch, self._pending = self._pending, []
        seen, self._seen = self._seen, []
        on_commit, self._on_commit = self._on_commit, []
        try:
            await anyio.to_thread.run_sync(self._ledger.record, batch, traffic, seen)
        except RunFileError as error:
            self._pending = batch + self._pending
            self._seen, self._on_commit = seen + self._seen, on_commit + self._on_commit
            engine.stop(str(error))
            return
        self._stored_traffic = traffic
        self._committed += batch
        self._has_committed.set()
        if len(self._committed) > _MAX_UNWRITTEN:
            engine.stop("results: they are not being read")
        for callback in on_commit:
            callback()
        failed = sum(outcome.status in NOT_DONE for outcome in batch)
        planned = sum(target_seen.is_pending for _, target_seen in seen)
        self._progress.advance(len(batch) + planned, failed, traffic, engine.forecast)


def _has_sent_more(traffic: Traffic, stored: Traffic) -> bool:
    return msgspec.structs.replace(traffic, elapsed_s=stored.elapsed_s) != stored
