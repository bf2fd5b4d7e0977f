"""Failed jobs that are made pending again, and the outcomes that they had."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.change.reconcile import Action, BeforeImage
from bulkeic.core.model import Outcome, Status
from bulkeic.core.summary import EarlierFailures, Traffic
from bulkeic.store.integrity.salvage import Salvage
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

from .run_files import LANES, failing_inserts, load, make_job, opened, outcome_of, record, refusal

NOW = 1_800_000_000.0
AT = "2027-01-15T08:00:00.000Z"
STARTED = "2026-01-01T00:00:00.000Z"


def finished(path: Path, codes: Sequence[str | None]) -> list[Outcome]:
    """A finished run: a job fails with each code, or is updated where there is none."""
    jobs = [make_job(seq, LANES[seq % 3]) for seq in range(len(codes))]
    outcomes = [
        outcome_of(
            job,
            Status.FAILED if code else Status.UPDATED,
            error_code=code,
            started_at=STARTED,
            duration_s=0.5,
        )
        for job, code in zip(jobs, codes, strict=True)
    ]
    with opened(load(path, jobs)) as run:
        record(run, outcomes, Traffic())
    return outcomes


def test_failed_jobs_are_pending_again_and_their_outcomes_are_kept(path: Path) -> None:
    finished(path, ["A", "B", None, "A"])
    with opened(path) as run:
        run.reopening.retry_failed([], NOW)
        assert sum(run.jobs.lanes().values()) == 3
        assert [each.seq for each in run.outcomes()] == [2]
    with opened(path, read_only=True) as run:  # every digest is right
        assert list(run.reopening.earlier_failures()) == [
            EarlierFailures(1, AT, "A", 2, STARTED, STARTED),
            EarlierFailures(1, AT, "B", 1, STARTED, STARTED),
        ]


def test_only_the_given_error_codes_are_retried(path: Path) -> None:
    finished(path, ["A", "B", None, "C"])
    with opened(path) as run:
        run.reopening.retry_failed(["A", "C", "D"], NOW)
        assert [each.seq for each in run.outcomes()] == [1, 2]


def test_each_retry_keeps_its_own_outcomes(path: Path) -> None:
    failed = finished(path, ["A", "B"])
    with opened(path) as run:
        run.reopening.retry_failed([], NOW)
        record(run, failed, Traffic())
        run.reopening.retry_failed(["B"], NOW + 1)
        assert [(each.retry, each.error_code) for each in run.reopening.earlier_failures()] == [
            (1, "A"),
            (1, "B"),
            (2, "B"),
        ]


def test_of_a_plan_only_jobs_that_were_read_are_retried(path: Path) -> None:
    jobs = [make_job(0), make_job(1)]
    with opened(load(path, jobs, planned=True)) as run:
        outcomes = [outcome_of(job, Status.FAILED, error_code="A") for job in jobs]
        record(run, outcomes, Traffic(), [(jobs[1], BeforeImage({}, Action.CHANGE))])
        assert [*run.reopening.failed_codes().values()] == [{"A": 1}]
        run.reopening.retry_failed([], NOW)
        assert [each.seq for each in run.outcomes()] == [0]


@settings(max_examples=20, deadline=None)
@given(
    codes=st.lists(st.sampled_from(["A", "B", None]), min_size=1, max_size=9),
    wanted=st.lists(st.sampled_from(["A", "B", "C"]), max_size=2),
)
def test_a_retry_that_is_undone_leaves_every_outcome_as_it_was(
    codes: list[str | None], wanted: list[str]
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run.db"
        finished(path, codes)
        with opened(path) as run:
            before = list(run.outcomes())
            could = {code: 0 for code in codes if code}
            for counts in run.reopening.failed_codes().values():
                for code, count in counts.items():
                    could[code] += count
            retry = run.reopening.retry_failed(wanted, NOW)
            retried = [code for code in codes if code and (not wanted or code in wanted)]
            assert sum(run.jobs.lanes(JobFilter.PENDING).values()) == len(retried)
            assert all(could[code] == codes.count(code) for code in could)
            run.reopening.undo_retry(retry)
            assert list(run.reopening.earlier_failures()) == []
        with opened(path, read_only=True) as run:
            assert list(run.outcomes()) == before


def test_a_retry_that_cannot_be_stored_changes_nothing(path: Path) -> None:
    finished(path, ["A", "B"])
    with closing(RunFile(path)) as run:
        with (
            failing_inserts(path, "earlier_outcome", "new.seq = 1"),
            pytest.raises(Exception, match="disk full"),
        ):
            run.reopening.retry_failed([], NOW)
        assert [each.seq for each in run.outcomes()] == [0, 1]


@pytest.mark.parametrize(
    "damage",
    [
        "error_code = 'B'",
        "retried_at = '2020-01-01T00:00:00.000Z'",
        "retry = 7",
        "lane_id = 2",
        "status = 'updated'",
    ],
)
def test_a_changed_earlier_outcome_is_damage_and_the_outcomes_can_be_saved(
    path: Path, damage: str
) -> None:
    finished(path, ["A", None, None])
    with opened(path) as run:
        run.reopening.retry_failed([], NOW)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"UPDATE earlier_outcome SET {damage}")
    assert "earlier_outcome: " in refusal(path)
    salvage = Salvage(path)
    assert [each.seq for each in salvage.outcomes()] == [1, 2]
    assert salvage.damaged == 0
