"""The owners of targets in a run file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bulkeic.core.code.ownership import Manager, NextDeployment, Owner, StackCount
from bulkeic.core.model import Job
from bulkeic.core.summary import Traffic
from bulkeic.core.targets.selection import Selection
from bulkeic.store.loader import Loader
from bulkeic.store.run_metadata import RunMetadata

from .run_files import LANES, SOURCE, make_job, opened, outcome_of, pending, record, refusal

OWNERS = [
    None,
    Owner(Manager.CLOUDFORMATION, "shop"),
    Owner(Manager.CLOUDFORMATION, "café"),
    Owner(Manager.TERRAFORM),
    Owner(Manager.TERRAFORM, 'aws_x.y["a"]', NextDeployment.REVERTS),
]
READ = {LANES[0], LANES[2]}


def load_owned(path: Path, owners: list[Owner | None], selection: Selection) -> list[Job]:
    """Loads a run like the tags of its functions are read: lane by lane, in batches."""
    jobs = [make_job(seq, LANES[seq % 3]) for seq in range(len(owners))]
    loader = Loader(path, RunMetadata(source=SOURCE, owner_sources="tags"))
    for job in jobs:
        loader.add(job)
    for lane in loader.lanes():
        number = loader.lane_id(lane)
        for batch in loader.owners.jobs(lane, number, 2):
            named = [(job.seq, owners[job.seq]) for job in batch]
            loader.owners.save(number, [(seq, owner) for seq, owner in named if owner])
        if lane in READ:
            loader.owners.mark_read(number)
    loader.keep_only(selection)
    loader.finish()
    owned = [replace(job, owner=owner) for job, owner in zip(jobs, owners, strict=True)]
    return [job for job in owned if is_selected(selection, job)]


def is_selected(selection: Selection, job: Job) -> bool:
    return not (selection.skip_managed and job.owner) and not (
        selection.only_managed and not job.owner
    )


selections = st.sampled_from(
    [Selection(), Selection(skip_managed=True), Selection(only_managed=True)]
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(OWNERS), min_size=1, max_size=12), selections, selections)
def test_every_reader_knows_the_owners(
    owners: list[Owner | None], loaded: Selection, chosen: Selection
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run.db"
        jobs = [job for job in load_owned(path, owners, loaded) if is_selected(chosen, job)]
        with opened(path) as run:
            run.choose(chosen)
            assert {job.seq: job for job in pending(run)} == {job.seq: job for job in jobs}
            record(run, list(map(outcome_of, jobs)), Traffic())
            named = {each.seq: each.managed_by for each in run.outcomes()}
            assert named == {job.seq: job.managed_by for job in jobs}
            managed = run.owners.count()
            assert managed is not None
            assert sum(each.targets for each in managed.owners) == sum(
                job.owner is not None for job in jobs
            )
            others = [job.target.lane in READ for job in jobs if job.owner is None]
            assert (managed.unmanaged, managed.unread) == (sum(others), others.count(False))
            assert set(run.owners.unread_lanes()) == set(run.lanes()) - READ


def test_the_largest_stacks_are_named(tmp_path: Path) -> None:
    names = ["a"] * 4 + ["b"] * 3 + ["c"] * 2 + ["d", ""]
    Random(1).shuffle(names)
    path = tmp_path / "run.db"
    load_owned(path, [Owner(Manager.SAM, name) for name in names], Selection())
    with opened(path) as run:
        managed = run.owners.count()
        assert managed is not None
        (sam,) = managed.owners
        assert (sam.targets, sam.names) == (11, 4)
        assert list(sam.largest) == [("a", 4), ("b", 3), ("c", 2)]


def test_a_stack_counts_once(tmp_path: Path) -> None:
    """Several tools may deploy it, and code may declare other settings for some of its targets."""
    path, reverts, unknown = tmp_path / "run.db", NextDeployment.REVERTS, NextDeployment.UNKNOWN
    owners = [
        *[
            Owner(manager, name)
            for manager in (Manager.SAM, Manager.CLOUDFORMATION)
            for name in "abcde"
        ],
        Owner(Manager.SAM, "e"),
        Owner(Manager.SAM, "a", reverts),
        Owner(Manager.SAM),
        Owner(Manager.TERRAFORM, "aws_x.y"),
    ]
    load_owned(path, [*owners], Selection())
    with opened(path) as run:
        managed = run.owners.count()
        assert managed is not None
        assert managed.stacks_of == {Manager.SAM: 5, Manager.CLOUDFORMATION: 5}
        assert managed.stacks == {
            reverts: StackCount(1, 1, [("a", 1)]),
            unknown: StackCount(5, 11, [("e", 3), ("a", 2), ("b", 2)]),
        }


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE owner SET name = 'other'", "owner"),
        ("DELETE FROM managed WHERE seq = 0", "managed"),
        ("UPDATE lane SET tags_read = 1", "lane"),
    ],
)
def test_another_owner_is_damage(tmp_path: Path, statement: str, table: str) -> None:
    path = tmp_path / "run.db"
    load_owned(path, [OWNERS[1]] * 3, Selection())
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)
    assert f"damaged: {table}: not as it was stored" in refusal(path)
