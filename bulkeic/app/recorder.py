"""Outcomes on their way out: to the run file first, then to the results and the progress bar."""

import anyio
import anyio.to_thread
import msgspec

from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Outcome, Status
from bulkeic.core.summary import Traffic
from bulkeic.engine import Engine
from bulkeic.output import Progress, Results
from bulkeic.store import RunFile

_INTERVAL_S = 0.1
_MOST_UNREAD = 100_000


class Recorder:
    """Commits outcomes in batches, every tenth of a second, in a thread of their own.

    When they cannot be written any more, the engine is told to stop: what is in flight finishes,
    and what cannot be kept stays pending. Results are written by a task of their own: a slow reader
    holds up no commit.

    Args:
        run: where they are kept.
        results: where they are written.
        progress: where they are shown.
    """

    def __init__(self, run: RunFile, results: Results, progress: Progress) -> None:
        self._run = run
        self._results = results
        self._progress = progress
        self._waiting: list[Outcome] = []
        self._committed: list[Outcome] = []
        self._fresh = anyio.Event()
        self._ended = anyio.Event()
        self._finished = False
        self._known = Traffic()

    def put(self, outcome: Outcome) -> None:
        """Takes an outcome; it is committed within a fifth of a second."""
        self._waiting.append(outcome)

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
        traffic = msgspec.structs.replace(engine.traffic, elapsed_s=engine.elapsed())
        if not self._waiting and not _sent_more(traffic, self._known):
            return
        batch, self._waiting = self._waiting, []
        try:
            await anyio.to_thread.run_sync(self._run.record, batch, traffic)
        except RunFileError as error:
            self._waiting = batch + self._waiting
            engine.stop(str(error))
            return
        self._known = traffic
        self._committed += batch
        self._fresh.set()
        if len(self._committed) > _MOST_UNREAD:
            engine.stop("results: nobody reads them")
        failed = sum(outcome.status is Status.FAILED for outcome in batch)
        self._progress.advance(len(batch), failed, traffic, engine.forecast)


def _sent_more(traffic: Traffic, known: Traffic) -> bool:
    return msgspec.structs.replace(traffic, elapsed_s=0) != msgspec.structs.replace(
        known, elapsed_s=0
    )
