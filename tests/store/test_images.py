"""Before-images are stored durably before targets change, and later with their outcomes."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bulkeic.core.change.reconcile import Action, BeforeImage
from bulkeic.core.change.snapshot import ABSENT, snapshot_of
from bulkeic.core.errors import RunFileError
from bulkeic.core.model import CLEARED, Job, Settings, Status
from bulkeic.core.summary import ActionCount, Traffic
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

from .run_files import (
    EAST,
    WEST,
    failing_inserts,
    load,
    make_job,
    opened,
    outcome_of,
    pending,
    record,
)

QUEUE = "arn:aws:sqs:us-east-1:111111111111:dead"
CONFIG: dict[str, Any] = {
    "MaximumRetryAttempts": 2,
    "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}},
    "LastModified": "2026-01-01T00:00:00.000Z",
}
AFTER = {**CONFIG, "MaximumRetryAttempts": 1}
HAD = Settings(2, None, CLEARED, QUEUE)
WRITTEN = BeforeImage(CONFIG, Action.CHANGE, may_be_sent=True)
PLANNED = BeforeImage(CONFIG, Action.CHANGE)
MARKED = BeforeImage(msgspec.UNSET, Action.CHANGE, may_be_sent=True)

replace = msgspec.structs.replace


def keep(run: RunFile, *seen: tuple[Job, BeforeImage]) -> None:
    record(run, [], Traffic(), seen)


@pytest.mark.parametrize(
    ("metadata", "seen", "known"),
    [
        ({}, PLANNED, {"before_snapshot": HAD}),
        ({}, WRITTEN, {"before_snapshot": HAD, "may_be_sent": True, "expected": HAD}),
        ({"planned": True}, PLANNED, {"before_snapshot": HAD, "expected": HAD}),
        ({"restores": "other.db"}, PLANNED, {"before_snapshot": HAD, "expected": HAD}),
        ({}, BeforeImage(None, Action.CREATE), {"before_snapshot": ABSENT}),
    ],
)
def test_a_job_knows_what_its_target_had(
    path: Path, metadata: dict[str, Any], seen: BeforeImage, known: dict[str, Any]
) -> None:
    jobs = [make_job(0), make_job(1)]
    with opened(load(path, jobs, **metadata)) as run:
        keep(run, (jobs[0], seen))
    with opened(path) as run:
        before = seen.config or {}
        assert pending(run) == [replace(jobs[0], before=before, **known), jobs[1]]


def test_a_mark_leaves_the_stored_before_image_unchanged(path: Path) -> None:
    jobs = [make_job(0), make_job(1)]
    with opened(load(path, jobs)) as run:
        keep(run, *((job, PLANNED) for job in jobs))
        assert not run.has_changes_to_roll_back()
        keep(run, (jobs[1], MARKED))
        assert run.has_changes_to_roll_back()
        assert [(job.before_snapshot, job.may_be_sent) for job in pending(run)] == [
            (HAD, False),
            (HAD, True),
        ]


def test_a_second_read_replaces_the_stored_before_image(path: Path) -> None:
    job = make_job(0)
    with opened(load(path, [job])) as run:
        keep(run, (job, PLANNED))
        keep(run, (job, BeforeImage(None, Action.CREATE, may_be_sent=True)))
        [found] = pending(run)
        assert (found.before_snapshot, found.may_be_sent) == (ABSENT, True)


def test_images_and_outcomes_are_written_together_or_not_at_all(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(2)]
    load(path, jobs)
    with opened(path) as run:
        with (
            failing_inserts(path, "outcome", "new.seq = 1"),
            pytest.raises(RunFileError, match="disk full"),
        ):
            record(run, [outcome_of(jobs[1])], Traffic(), [(jobs[0], WRITTEN)])
        assert run.counts.needs() == []
        record(run, [outcome_of(jobs[0])], Traffic(), [(jobs[0], WRITTEN)])
    with opened(path) as run:
        assert [outcome.before for outcome in run.outcomes()] == [CONFIG]


KEEP = """
import os, signal, sys
from pathlib import Path
from bulkeic.core.change.reconcile import Action, BeforeImage
from bulkeic.core.summary import Traffic
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile
run = RunFile(Path(sys.argv[1]))
for lane in run.jobs.lanes():
    for job in run.jobs.next_jobs(JobFilter.PENDING, lane, -1, 9, 9):
        image = BeforeImage(None, Action.CREATE, may_be_sent=True)
        run.record(run.rows([], [(job, image)]), Traffic())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_stored_before_images_survive_a_kill(path: Path) -> None:
    load(path, [make_job(0), make_job(1, WEST)])
    process = subprocess.run([sys.executable, "-c", KEEP, str(path)], check=False)
    assert process.returncode == -9
    with opened(path) as run:
        assert [(job.before_snapshot, job.may_be_sent) for job in pending(run)] == [
            (ABSENT, True)
        ] * 2


def test_outcomes_have_the_before_image_and_the_sent_settings(path: Path) -> None:
    jobs = [make_job(seq, settings=Settings(on_failure="arn:{function}")) for seq in range(5)]
    sent = {"DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": "arn:fn-0"}}}
    filled = [Settings(on_failure=f"arn:fn-{seq}").to_api() for seq in range(5)]
    outcomes = [
        replace(outcome_of(jobs[0], config=AFTER, before=CONFIG), settings=sent),
        replace(outcome_of(jobs[1], Status.CREATED, config=AFTER, before={}), settings=sent),
        replace(outcome_of(jobs[2], Status.UNCHANGED, config=CONFIG), settings=filled[2]),
        replace(outcome_of(jobs[3], Status.FAILED), settings=filled[3]),
        replace(outcome_of(jobs[4]), settings=filled[4]),
    ]
    seen = [
        (jobs[0], WRITTEN),
        (jobs[1], BeforeImage(None, Action.CREATE, may_be_sent=True)),
        (jobs[2], BeforeImage(CONFIG, Action.UNCHANGED)),
        (jobs[3], BeforeImage(None, Action.MISSING)),
    ]
    with opened(load(path, jobs)) as run:
        record(run, outcomes, Traffic(), seen)
        assert list(run.outcomes()) == outcomes
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT sent IS NULL FROM outcome ORDER BY seq").fetchall()
    assert rows == [(0,), (0,), (1,), (1,), (1,)]


def test_with_replaced_destinations_the_sent_settings_are_always_stored(path: Path) -> None:
    job = make_job(0, settings=Settings(on_failure=QUEUE))
    sent = {"DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}}}
    outcome = replace(outcome_of(job), settings=sent)
    with opened(load(path, [job], replace_destinations=True)) as run:
        record(run, [outcome], Traffic())
        assert list(run.outcomes()) == [outcome]


@pytest.mark.parametrize("status", [Status.UPDATED, Status.UNCHANGED, Status.FAILED])
def test_braces_in_a_restored_configuration_are_not_templates(path: Path, status: Status) -> None:
    odd = "arn:aws:s3:::{account}-{function}"
    job = replace(make_job(0, settings=Settings(2, 60, CLEARED, odd)), expected=HAD)
    changed = status is Status.UPDATED
    outcome = outcome_of(job, status, config=CONFIG, before=CONFIG if changed else None)
    with opened(load(path, [job], restores="other.db")) as run:
        assert pending(run) == [job]
        keep(run, (job, PLANNED))
        assert next(run.jobs.planned_jobs()).settings == job.settings
        record(run, [outcome], Traffic(), [(job, WRITTEN)] if changed else [])
        assert list(run.outcomes()) == [outcome]
        assert run.jobs.next_jobs(JobFilter.EVERY, EAST, -1, 9, 9)[0].settings == job.settings


def test_a_template_is_filled_in_for_a_job_that_is_planned_or_changed(path: Path) -> None:
    wish = Settings(on_failure="arn:aws:sqs:{region}:{account}:{function}")
    job = make_job(0, WEST, settings=wish)
    with opened(load(path, [job])) as run:
        keep(run, (job, WRITTEN))
        arn = "arn:aws:sqs:us-west-2:111111111111:fn-0"
        assert next(run.jobs.planned_jobs()).settings.on_failure == arn
        assert next(run.jobs.changed_jobs())[0].settings.on_failure == arn


def test_changed_jobs_have_the_snapshot_of_the_answer(path: Path) -> None:
    jobs = [make_job(seq, EAST if seq % 2 else WEST) for seq in range(7)]
    create = BeforeImage(None, Action.CREATE, may_be_sent=True)
    seen = [(jobs[0], WRITTEN), (jobs[1], create), *((job, WRITTEN) for job in jobs[2:5])]
    outcomes = [
        outcome_of(jobs[0], config=AFTER, before=CONFIG),
        outcome_of(jobs[1], Status.CREATED, config=AFTER, before={}),
        outcome_of(jobs[2], Status.FAILED, before=CONFIG),
        outcome_of(jobs[3], before=CONFIG),  # deleted: there is nothing that could be answered
        outcome_of(jobs[5], Status.UNCHANGED, config=CONFIG),
    ]
    with opened(load(path, jobs)) as run:
        record(run, outcomes, Traffic(), [*seen, (jobs[5], PLANNED)])
        assert {
            job.seq: (job.before_snapshot, after) for job, after in run.jobs.changed_jobs()
        } == {
            0: (HAD, snapshot_of(AFTER)),
            1: (ABSENT, snapshot_of(AFTER)),
            2: (HAD, None),
            3: (HAD, ABSENT),
            4: (HAD, None),  # killed before it had an outcome
        }


def test_planned_jobs_are_in_file_order_and_have_their_lane(path: Path) -> None:
    jobs = [make_job(seq, EAST if seq % 3 else WEST) for seq in range(6)]
    actions = (Action.CHANGE, Action.UNCHANGED, Action.CREATE, Action.MISSING, Action.DELETE)
    with opened(load(path, jobs)) as run:
        keep(
            run,
            *(
                (job, BeforeImage(None if action is Action.CREATE else CONFIG, action))
                for job, action in zip(jobs, actions, strict=False)
            ),
        )
        assert list(run.jobs.planned_jobs()) == [
            replace(jobs[0], before_snapshot=HAD),
            replace(jobs[2], before_snapshot=ABSENT),
            replace(jobs[4], before_snapshot=HAD),
        ]


def test_needs_are_counted_for_each_lane(path: Path) -> None:
    jobs = [make_job(seq, EAST if seq < 3 else WEST) for seq in range(6)]
    actions = (Action.CHANGE, Action.CHANGE, Action.CREATE, Action.MISSING, Action.UNCONFIGURED)
    with opened(load(path, jobs)) as run:
        assert run.counts.needs() == []
        keep(
            run, *((job, BeforeImage(None, what)) for job, what in zip(jobs, actions, strict=False))
        )
        assert set(run.counts.needs()) == {
            ActionCount(EAST, Action.CHANGE, 2),
            ActionCount(EAST, Action.CREATE, 1),
            ActionCount(WEST, Action.MISSING, 1),
            ActionCount(WEST, Action.UNCONFIGURED, 1),
        }
        summary = replace(run.summary(), needs=run.counts.needs()).to_json()
        assert summary["plan"] == {
            "change": 2, "create": 1, "delete": 0, "unchanged": 0, "not_matched": 0,
            "unconfigured": 1, "missing": 1,
        }  # fmt: skip


def test_the_last_image_that_is_known_of_each_target(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(5)]
    jobs[3] = replace(jobs[3], expected=HAD)
    with opened(load(path, jobs)) as run:
        keep(
            run, (jobs[0], PLANNED), (jobs[1], WRITTEN), (jobs[2], BeforeImage(None, Action.CREATE))
        )
        record(run, [outcome_of(jobs[1], config=AFTER, before=CONFIG)], Traffic())
        assert dict(run.jobs.known_snapshots()) == {
            jobs[0].target: HAD,
            jobs[1].target: snapshot_of(AFTER),
            jobs[2].target: ABSENT,
            jobs[3].target: HAD,
        }
