"""Outcomes on their way out: to the run file first, then to the results and the progress bar."""

import anyio
import anyio.to_thread

from bulkeic.core.errors import BulkeicError, RunFileError
from bulkeic.core.model import Outcome, Status
from bulkeic.engine import Engine
from bulkeic.output import Progress, Results
from bulkeic.store import RunFile

_INTERVAL_S = 0.1


class Recorder:
    """Commits outcomes in batches, every tenth of a second, in a thread of their own.

    When they cannot be written any more, the engine is told to stop: what is in flight finishes,
    and what cannot be kept stays pending.

    Args:
        run: where they are kept.
        results: where they are written.
        progress: where they are shown.
    """

    def __init__(self, run: RunFile, results: Results, progress: Progress) -> None:
        self.error: BulkeicError | None = None
        self._run = run
        self._results = results
        self._progress = progress
        self._waiting: list[Outcome] = []
        self._ended = anyio.Event()
        self._committed_calls = 0

    def put(self, outcome: Outcome) -> None:
        """Takes an outcome; it is committed within a fifth of a second."""
        self._waiting.append(outcome)

    async def work(self, engine: Engine) -> None:
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

    def end(self) -> None:
        """Tells that no more outcomes will come."""
        self._ended.set()

    async def _commit(self, engine: Engine) -> None:
        traffic = engine.traffic
        traffic.elapsed_s = engine.elapsed()
        if not self._waiting and traffic.calls == self._committed_calls:
            return
        batch, self._waiting = self._waiting, []
        try:
            await anyio.to_thread.run_sync(self._run.record, batch, traffic)
        except RunFileError as error:
            self._waiting = batch + self._waiting
            self._fail(engine, error)
            return
        self._committed_calls = traffic.calls
        try:
            await anyio.to_thread.run_sync(self._results.write, batch)
        except OSError as error:
            self._fail(engine, BulkeicError(f"results: {error.strerror}"))
        failed = sum(outcome.status is Status.FAILED for outcome in batch)
        self._progress.advance(len(batch), failed, traffic)

    def _fail(self, engine: Engine, error: BulkeicError) -> None:
        self.error = self.error or error
        engine.stop(str(error))
