"""When the recorder commits: as soon as the store is idle, and never without a reason."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import anyio
import anyio.to_thread

from bulkeic.app.run.recorder import Recorder
from bulkeic.core.change.reconcile import Action, BeforeImage
from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Job, Lane, Outcome, Settings, SourceLine, Status, Target
from bulkeic.core.summary import Traffic
from bulkeic.engine.engine import Engine
from bulkeic.output.files.results import NoResults
from bulkeic.output.progress.run_progress import CombinedProgress

TARGET = Target(Lane("111111111111", "us-east-1"), "fn")
IMAGE = BeforeImage(None, Action.CREATE, may_be_sent=True)


def outcome(seq: int) -> Outcome:
    return Outcome(seq, SourceLine("t.csv", seq), "fn", TARGET, Status.UPDATED)


class HeldLedger:
    """Stores outcomes in memory; each commit waits until the test lets it end."""

    def __init__(self) -> None:
        self.commits: list[list[int]] = []
        self.images = 0
        self.fails = False
        self._started = threading.Semaphore(0)
        self._may_end = threading.Semaphore(0)

    def rows(
        self, outcomes: Sequence[Outcome], before_images: Sequence[tuple[Job, BeforeImage]]
    ) -> tuple[list[int], int]:
        return [each.seq for each in outcomes], len(before_images)

    def record(self, rows: tuple[list[int], int], traffic: Traffic) -> None:
        del traffic
        self._started.release()
        self._may_end.acquire()
        if self.fails:
            raise RunFileError("the disk is full")
        self.commits.append(rows[0])
        self.images += rows[1]

    async def started(self) -> None:
        await anyio.to_thread.run_sync(self._started.acquire)

    def end_commit(self, commits: int = 1) -> None:
        self._may_end.release(commits)


class FakeEngine:
    """What the recorder needs of an engine."""

    def __init__(self) -> None:
        self.traffic = Traffic()
        self.stopped: list[str] = []

    def stop(self, reason: str) -> None:
        self.stopped.append(reason)

    def forecast(self) -> None:
        return None


class Recording:
    """A recorder at work."""

    def __init__(self, recorder: Recorder, ledger: HeldLedger, engine: FakeEngine) -> None:
        self.recorder, self.ledger, self.engine = recorder, ledger, engine


@asynccontextmanager
async def recording() -> AsyncIterator[Recording]:
    ledger, fake = HeldLedger(), FakeEngine()
    engine = cast("Engine", fake)
    recorder = Recorder(ledger, NoResults(), CombinedProgress(), lambda: 0.0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.commit, engine)
        tasks.start_soon(recorder.publish, engine)
        yield Recording(recorder, ledger, fake)
        ledger.end_commit(10)
        recorder.end()


async def test_a_commit_takes_all_that_came_during_the_one_before_it() -> None:
    async with recording() as at_work:
        recorder, ledger = at_work.recorder, at_work.ledger
        recorder.put(outcome(0))
        await ledger.started()
        for seq in (1, 2, 3):
            recorder.put(outcome(seq))
        assert ledger.commits == []
        ledger.end_commit()
        await ledger.started()  # nothing else has to arrive for it
        assert ledger.commits == [[0]]
        recorder.put(outcome(4))
        ledger.end_commit()
        await ledger.started()
        assert ledger.commits == [[0], [1, 2, 3]]
    assert ledger.commits == [[0], [1, 2, 3], [4]]


async def test_a_before_image_is_reported_after_its_commit_and_not_before() -> None:
    stored = asyncio.Event()
    job = Job(0, SourceLine("t.csv", 2), "fn", TARGET, Settings(1))
    async with recording() as at_work:
        at_work.recorder.store_before_image(job, IMAGE, stored.set)
        await at_work.ledger.started()
        assert not stored.is_set()
        at_work.ledger.end_commit()
        await stored.wait()
        assert at_work.ledger.images == 1


async def test_nothing_is_written_without_an_outcome_an_image_or_traffic() -> None:
    job = Job(0, SourceLine("t.csv", 2), "fn", TARGET, Settings(1))
    async with recording() as at_work:
        at_work.ledger.end_commit(10)
        for _ in range(3):
            stored = asyncio.Event()
            at_work.recorder.store_before_image(job, IMAGE, stored.set)
            await stored.wait()
    assert at_work.ledger.commits == [[]] * 3


async def test_what_a_failed_commit_held_is_stored_by_a_later_one() -> None:
    async with recording() as at_work:
        recorder, ledger = at_work.recorder, at_work.ledger
        ledger.fails = True
        recorder.put(outcome(0))
        await ledger.started()
        recorder.put(outcome(1))
        ledger.end_commit()
        await ledger.started()
        assert at_work.engine.stopped == ["the disk is full"]
        ledger.fails = False
        ledger.end_commit()
    assert ledger.commits == [[0, 1]]


async def test_traffic_is_stored_even_if_no_job_ends() -> None:
    async with recording() as at_work:
        at_work.engine.traffic.throttles += 1
        await at_work.ledger.started()
        at_work.ledger.end_commit()
    assert at_work.ledger.commits == [[]]
