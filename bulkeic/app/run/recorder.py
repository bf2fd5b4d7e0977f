"""Outcomes on their way out: to the run file first, then to the results and the progress bar."""

from collections.abc import Callable, Sequence
from typing import Protocol

import anyio
import anyio.to_thread
import msgspec

from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Job, Outcome, Status
from bulkeic.core.reconcile import BeforeImage
from bulkeic.core.summary import Traffic
from bulkeic.engine.engine import Engine
from bulkeic.output.progress import Progress
from bulkeic.output.results import Results

_INTERVAL_S = 0.1
_MOST_UNREAD = 100_000


class OutcomeLedger(Protocol):
    """Where outcomes are kept."""

    def record(
        self, outcomes: Sequence[Outcome], traffic: Traffic, seen: Sequence[tuple[Job, BeforeImage]]
    ) -> None:
        """Keeps what targets had, outcomes, and what was sent so far; all of it or nothing.

        Raises:
            RunFileError: they cannot be kept.
        """


class Recorder:
    """Commits outcomes in batches, every tenth of a second, in a thread of their own.

    When they cannot be written any more, the engine is told to stop: what is in flight finishes,
    and what cannot be kept stays pending. Results are written by a task of their own: a slow reader
    holds up no commit.

    Args:
        ledger: where they are kept.
        results: where they are written.
        progress: where they are shown.
        elapsed: seconds since the session began.
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
        self._waiting: list[Outcome] = []
        self._seen: list[tuple[Job, BeforeImage]] = []
        self._then: list[Callable[[], None]] = []
        self._committed: list[Outcome] = []
        self._fresh = anyio.Event()
        self._ended = anyio.Event()
        self._finished = False
        self._known = Traffic()

    def put(self, outcome: Outcome) -> None:
        """Takes an outcome; it is committed within a fifth of a second."""
        self._waiting.append(outcome)

    def keep(self, job: Job, seen: BeforeImage, then: Callable[[], None]) -> None:
        """Takes what a target had; calls back when it has been committed."""
        self._seen.append((job, seen))
        self._then.append(then)

    def drop(self, jobs: int) -> None:
        """Does nothing: the jobs stay pending in the run file."""

    def end(self) -> None:
        """Tells that no more outcomes will come."""
        self._ended.set()

    async def commit(self, engine: Engine) -> None:
        """Commits until ``end`` is called, and once more then."""
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
            self._fresh.set()

    async def publish(self, engine: Engine) -> None:
        """Writes what is committed to the results, until ``end`` is called and all is written."""
        while self._committed or not self._finished:
            await self._fresh.wait()
            self._fresh = anyio.Event()
            batch, self._committed = self._committed, []
            try:
                await anyio.to_thread.run_sync(self._results.write, batch, abandon_on_cancel=True)
            except OSError as error:
                engine.stop(f"results: {error.strerror}")
                return

    async def _commit(self, engine: Engine) -> None:
        traffic = msgspec.structs.replace(engine.traffic, elapsed_s=self._elapsed())
        if not self._waiting and not self._seen and not _sent_more(traffic, self._known):
            return
        batch, self._waiting = self._waiting, []
        seen, self._seen = self._seen, []
        then, self._then = self._then, []
        try:
            await anyio.to_thread.run_sync(self._ledger.record, batch, traffic, seen)
        except RunFileError as error:
            self._waiting = batch + self._waiting
            self._seen, self._then = seen + self._seen, then + self._then
            engine.stop(str(error))
            return
        self._known = traffic
        self._committed += batch
        self._fresh.set()
        if len(self._committed) > _MOST_UNREAD:
            engine.stop("results: nobody reads them")
        for go_on in then:
            go_on()
        failed = sum(outcome.status is Status.FAILED for outcome in batch)
        planned = sum(each.is_pending for _, each in seen)
        self._progress.advance(len(batch) + planned, failed, traffic, engine.forecast)


def _sent_more(traffic: Traffic, known: Traffic) -> bool:
    return msgspec.structs.replace(traffic, elapsed_s=0) != msgspec.structs.replace(
        known, elapsed_s=0
    )
