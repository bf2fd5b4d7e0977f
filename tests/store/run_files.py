"""Run files, and the jobs and outcomes that fill them."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.errors import RunFileError
from bulkeic.core.model import LATEST, Job, Lane, Outcome, Settings, SourceLine, Status, Target
from bulkeic.core.summary import Traffic
from bulkeic.core.targets.names import partition_of
from bulkeic.store.jobs import JobFilter
from bulkeic.store.loader import Loader
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import RunMetadata
from bulkeic.store.run_rows import RunRows

SOURCE = "targets.csv"
EAST = Lane("111111111111", "us-east-1")
WEST = Lane("111111111111", "us-west-2")
CHINA = Lane("222222222222", "cn-north-1")
LANES = (EAST, WEST, CHINA)
ONCE = Settings(maximum_retry_attempts=1)


def make_job(
    seq: int,
    lane: Lane = EAST,
    function: str | None = None,
    qualifier: str = LATEST,
    settings: Settings = ONCE,
) -> Job:
    name = function or f"fn-{seq}"
    target = Target(lane, name, qualifier, partition_of(lane.region))
    return Job(seq, SourceLine(SOURCE, seq + 2), name, target, settings)


def outcome_of(job: Job, status: Status = Status.UPDATED, **fields: Any) -> Outcome:
    return Outcome(
        job.seq,
        job.source,
        job.function_name,
        job.target,
        status,
        settings=job.settings.to_api(),
        **fields,
    )


def record(
    run: RunFile,
    outcomes: Sequence[Outcome],
    traffic: Traffic,
    before_images: Sequence[tuple[Job, BeforeImage]] = (),
) -> None:
    """Stores outcomes and before-images, in the form in which another process sends them."""
    sent = msgspec.msgpack.encode(run.rows(outcomes, before_images))
    run.record(msgspec.msgpack.decode(sent, type=RunRows), traffic)


def load(path: Path, jobs: list[Job], **metadata: Any) -> Path:
    """A run file that is ready, with these jobs."""
    loader = Loader(path, RunMetadata(source=SOURCE, **metadata))
    for job in jobs:
        loader.add(job)
    loader.finish()
    return path


@contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[RunFile]:
    with closing(RunFile(path, read_only=read_only)) as run:
        yield run


def pending(
    run: RunFile, which: JobFilter = JobFilter.PENDING, wave: int | None = None, handful: int = 3
) -> list[Job]:
    """Every pending job, or some others, lane by lane, read in handfuls."""
    found: list[Job] = []
    ranges = run.jobs.seq_ranges(which, wave)
    for lane, count in run.jobs.lanes(which, wave).items():
        of_lane: list[Job] = []
        after, until = ranges[lane]
        while jobs := run.jobs.next_jobs(which, lane, after, until, handful, wave=wave):
            assert len(jobs) <= handful
            if after >= run.jobs.last_touched():
                same = run.jobs.next_jobs(
                    which, lane, after, until, handful, wave=wave, untouched=True
                )
                assert same == jobs
            of_lane += jobs
            after = jobs[-1].seq
        assert len(of_lane) == count
        found += of_lane
    return found


def refusal(path: Path, *, read_only: bool = False) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(RunFileError) as caught:
        RunFile(path, read_only=read_only)
    text = str(caught.value)
    assert text.isprintable()
    assert path.name in text
    return text


@contextmanager
def failing_inserts(path: Path, table: str, condition: str) -> Iterator[None]:
    """Fails the insertion of some rows into an open run."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            f"CREATE TRIGGER full BEFORE INSERT ON {table} WHEN {condition}"
            " BEGIN SELECT raise(ABORT, 'disk full'); END"
        )
        yield
        database.execute("DROP TRIGGER full")
