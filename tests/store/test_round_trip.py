"""Jobs and outcomes are read back as they were stored."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Job, Lane, Outcome, Status
from bulkeic.core.summary import Traffic
from bulkeic.store.integrity.digests import DIGEST_KEYS
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import RunMetadata

from .run_files import (
    CHINA,
    EAST,
    LANES,
    SOURCE,
    WEST,
    failing_inserts,
    load,
    make_job,
    opened,
    outcome_of,
    pending,
    record,
)
from .strategies import jobs_of_a_file, some_outcomes


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Paths of files that do not exist yet: one for each example that hypothesis tries."""
    folder = tmp_path_factory.mktemp("runs")
    numbers = iter(range(10**9))
    return lambda: folder / f"{next(numbers)}.db"


@settings(max_examples=40, deadline=None)
@given(data=st.data(), jobs=jobs_of_a_file())
def test_jobs_and_outcomes_come_back_as_they_went_in(
    fresh: Callable[[], Path], data: st.DataObject, jobs: list[Job]
) -> None:
    outcomes = data.draw(some_outcomes(jobs))
    path = load(fresh(), jobs)
    with opened(path) as run:
        by_lane = sorted(
            jobs, key=lambda job: [one.target.lane for one in jobs].index(job.target.lane)
        )
        assert pending(run) == by_lane
        assert run.counts.targets() == len(jobs)
        run.begin_session("apply", 0)
        half = len(outcomes) // 2
        record(run, outcomes[:half], Traffic())
        record(run, outcomes[half:], Traffic())
        check_outcomes(run, jobs, outcomes)
    with opened(path) as run:
        check_outcomes(run, jobs, outcomes)
    with opened(path, read_only=True) as run:
        check_outcomes(run, jobs, outcomes)


def check_outcomes(run: RunFile, jobs: list[Job], outcomes: list[Outcome]) -> None:
    in_order = sorted(outcomes, key=lambda outcome: outcome.seq)
    assert list(run.outcomes()) == in_order
    failed = [outcome for outcome in in_order if outcome.status is Status.FAILED]
    assert [each for each in run.outcomes() if each.status is Status.FAILED] == failed
    ended = {outcome.seq for outcome in outcomes}
    left = pending(run)
    assert sorted(job.seq for job in left) == [job.seq for job in jobs if job.seq not in ended]
    counts: Counter[tuple[Any, ...]] = Counter()
    for outcome in outcomes:
        lane = Lane(outcome.account_id or "", outcome.region or "")
        counts[lane, outcome.status, outcome.error_code] += 1
    assert {
        (one.lane, one.status, one.error_code): one.count for one in run.counts.tallies()
    } == counts


def test_every_target_has_its_partition(path: Path) -> None:
    jobs = [make_job(0), make_job(1, CHINA, "fn", "prod"), make_job(2, WEST)]
    with opened(load(path, jobs)) as run:
        record(run, [outcome_of(jobs[0])], Traffic())
        assert list(run.jobs.all_targets()) == [job.target for job in jobs]


def test_an_outcome_that_is_recorded_again_replaces_the_first(path: Path) -> None:
    job = make_job(0)
    with opened(load(path, [job])) as run:
        record(run, [outcome_of(job, Status.FAILED, error_code="x")], Traffic())
        record(run, [outcome_of(job)], Traffic())
        assert [outcome.status for outcome in run.outcomes()] == [Status.UPDATED]
        assert run.jobs.lanes() == {}


def test_invalid_unicode_is_recorded_or_refused_and_raises_nothing_else(
    path: Path,
) -> None:
    job = make_job(0)
    odd = outcome_of(
        job, Status.FAILED, error_message="half a pair: \ud83d", config={"a": "\ud83d"}
    )
    with opened(load(path, [job])) as run:
        try:
            record(run, [odd], Traffic())
        except RunFileError:
            assert list(run.outcomes()) == []
        else:
            assert [outcome.seq for outcome in run.outcomes()] == [0]


def test_a_batch_that_cannot_be_written_leaves_no_part_of_itself(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(3)]
    load(path, jobs)
    with opened(path) as run:
        with (
            failing_inserts(path, "outcome", "new.seq = 2"),
            pytest.raises(RunFileError, match=r"run\.db.*disk full"),
        ):
            record(run, [outcome_of(job) for job in jobs], Traffic())
        assert list(run.outcomes()) == []
        record(run, [outcome_of(job) for job in jobs[:2]], Traffic())
        assert [job.seq for job in pending(run)] == [2]


def test_metadata_comes_back(path: Path) -> None:
    given: dict[str, Any] = {"place": "AWS", "created_at": "now", "planned": True, "where": "a"}
    load(path, [make_job(0)], **given)
    with opened(path) as run:
        assert run.metadata == RunMetadata(source=SOURCE, **given)
        written = msgspec.structs.replace(run.metadata, results="/r.csv")
        run.save_metadata(written)
        assert run.metadata == written
    with opened(path) as run:
        assert run.metadata == written


def test_metadata_is_rows_that_name_only_what_is_set(path: Path) -> None:
    load(path, [make_job(0)], planned=True, restores="/old.db")
    with closing(sqlite3.connect(path)) as database:
        rows = dict(database.execute("SELECT key, value FROM run"))
    assert {name for name in rows if name.startswith("digest_")} == DIGEST_KEYS
    rows = {name: value for name, value in rows.items() if name not in DIGEST_KEYS}
    assert rows.pop("session") == "closed"
    assert rows == {"state": "ready", "source": SOURCE, "planned": "yes", "restores": "/old.db"}


def test_a_run_of_no_jobs(path: Path) -> None:
    with opened(load(path, [])) as run:
        assert (run.jobs.lanes(), run.counts.targets(), run.summary().lanes) == ({}, 0, [])
        assert (list(run.outcomes()), run.counts.tallies(), run.examples()) == ([], [], {})


def test_pending_jobs_are_read_in_file_order_a_handful_at_a_time(path: Path) -> None:
    jobs = [make_job(seq, LANES[seq % 2]) for seq in range(5000)]
    with opened(load(path, jobs)) as run:
        record(run, [outcome_of(job) for job in jobs[:3000:4]], Traffic())
        first = run.jobs.next_jobs(JobFilter.PENDING, EAST, -1, 5000, 500)
        assert [job.seq for job in first] == [
            seq for seq in range(0, 5000, 2) if seq >= 3000 or seq % 4
        ][:500]
        after = run.jobs.next_jobs(JobFilter.PENDING, EAST, first[-1].seq, 5000, 1)
        assert after[0].seq == first[-1].seq + 4
        assert run.jobs.lanes() == {EAST: 2500 - 750, WEST: 2500}
