"""Loading: duplicates, invalid rows, and a file that is complete or absent."""

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Lane, Settings, Status
from bulkeic.core.summary import Tally
from bulkeic.store.jobs import JobFilter
from bulkeic.store.loader import Duplicate, Loader
from bulkeic.store.run_metadata import RunMetadata

from .run_files import CHINA, EAST, LANES, SOURCE, WEST, load, make_job, opened, pending


def numbered(loader: Loader, lane: Lane, first: int, again: int, *, agree: bool) -> Duplicate:
    return Duplicate(loader.lane_id(lane), (first, again), (first + 2, again + 2), agree)


def test_duplicates_are_found_with_whether_they_agree(path: Path) -> None:
    twice = Settings(maximum_retry_attempts=2)
    jobs = [
        make_job(0, EAST, "fn"),
        make_job(1, WEST, "fn"),
        make_job(2, EAST, "fn", "prod"),
        make_job(3, EAST, "fn"),
        make_job(4, EAST, "fn", "prod", twice),
        make_job(5, EAST, "fn", settings=twice),
        make_job(6, EAST, "Fn"),
    ]
    loader = Loader(path, RunMetadata(source=SOURCE))
    for job in jobs:
        loader.add(job)
    found = sorted(loader.duplicates([EAST, WEST]), key=lambda duplicate: duplicate.seqs)
    assert found == [
        numbered(loader, EAST, 0, 3, agree=True),
        numbered(loader, EAST, 0, 5, agree=False),
        numbered(loader, EAST, 2, 4, agree=False),
    ]
    assert list(loader.duplicates([WEST])) == []
    loader.drop_duplicate(found[0])
    loader.finish()
    with opened(path) as run:
        assert run.counts.targets() == 6
        assert sorted(job.seq for job in pending(run)) == [0, 1, 2, 4, 5, 6]


def test_rows_with_the_same_settings_agree_at_any_distance(path: Path) -> None:
    loader = Loader(path, RunMetadata(source=SOURCE))
    ages = [60 + number % 9000 for number in range(18000)]
    for seq, age in enumerate(ages):
        wanted = Settings(maximum_event_age_in_seconds=age)
        loader.add(make_job(seq, LANES[seq // 9000], f"fn-{age}", settings=wanted))
    for seq, age in ((18000, 60), (18001, 61)):
        wanted = Settings(maximum_event_age_in_seconds=age if seq == 18000 else 60)
        loader.add(make_job(seq, EAST, f"fn-{age}", settings=wanted))
    found = sorted(loader.duplicates(loader.lanes()), key=lambda duplicate: duplicate.seqs)
    assert found == [
        numbered(loader, EAST, 0, 18000, agree=True),
        numbered(loader, EAST, 1, 18001, agree=False),
    ]
    loader.discard()


def test_finding_duplicates_takes_no_time_for_each_pair_of_rows(path: Path) -> None:
    loader = Loader(path, RunMetadata(source=SOURCE))
    for seq in range(12_000):
        loader.add(make_job(seq, EAST, f"fn-{seq % 6_000}"))
    begun = time.process_time()
    assert sum(1 for _ in loader.duplicates([EAST])) == 6_000
    assert time.process_time() - begun < 10  # of which it needs a small part
    loader.discard()


def test_set_account_merges_lanes_in_file_order(path: Path) -> None:
    unknown, other = Lane("", "us-east-1"), Lane("", "us-west-2")
    jobs = [
        make_job(seq, lane, f"fn-{seq // 2}")
        for seq, lane in enumerate([unknown, EAST, EAST, unknown, other, unknown, CHINA])
    ]
    loader = Loader(path, RunMetadata(source=SOURCE))
    for job in jobs:
        loader.add(job)
    assert list(loader.duplicates(loader.lanes())) == []
    loader.set_account(EAST.account_id)
    assert sorted(loader.lanes()) == sorted(LANES)
    assert list(loader.duplicates([EAST])) == [
        numbered(loader, EAST, 0, 1, agree=True),
        numbered(loader, EAST, 2, 3, agree=True),
    ]
    loader.finish()
    with opened(path) as run:
        assert len(run.summary().lanes) == 3
        assert run.jobs.lanes() == {EAST: 5, WEST: 1, CHINA: 1}
        in_east = run.jobs.next_jobs(JobFilter.PENDING, EAST, -1, 10, 10)
        assert [job.seq for job in in_east] == [0, 1, 2, 3, 5]
        assert all(job.target.lane == EAST for job in in_east)


def test_invalid_rows_have_outcomes_of_their_own(path: Path) -> None:
    loader = Loader(path, RunMetadata(source=SOURCE))
    loader.add(make_job(0))
    loader.add_invalid(1, 3, "bad name\x00\ud83d" + "x" * 1000, "FunctionName: no")
    loader.add(make_job(2, WEST))
    loader.add(make_job(3, WEST))
    list(loader.duplicates([EAST]))
    loader.invalidate(0, loader.lane_id(EAST), "the same target as line 9")
    loader.invalidate_lane(WEST, "not yours")
    loader.finish()
    with opened(path) as run:
        assert run.jobs.lanes() == {}
        assert run.counts.targets() == 4
        assert [
            (
                outcome.seq,
                str(outcome.source),
                outcome.status,
                outcome.error_code,
                outcome.error_message,
            )
            for outcome in run.outcomes()
        ] == [
            (0, f"{SOURCE}:2", Status.INVALID, "InvalidInput", "the same target as line 9"),
            (1, f"{SOURCE}:3", Status.INVALID, "InvalidInput", "FunctionName: no"),
            (2, f"{SOURCE}:4", Status.INVALID, "InvalidInput", "not yours"),
            (3, f"{SOURCE}:5", Status.INVALID, "InvalidInput", "not yours"),
        ]
        outcome = next(outcome for outcome in run.outcomes() if outcome.seq == 1)
        assert outcome.function_name.startswith("bad name")
        assert len(outcome.function_name) == 256
        assert (outcome.function_arn, outcome.account_id, outcome.region) == (None, None, None)
        assert run.counts.tallies() == [Tally(None, Status.INVALID, "InvalidInput", 4)]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), lanes=st.lists(st.sampled_from(LANES), min_size=6))
@example(order=[0, 5, 1, 2, 3, 4], lanes=[EAST, WEST, EAST, EAST, EAST, EAST])
def test_rows_may_come_in_any_order_as_those_of_a_rollback_do(
    path: Path, order: list[int], lanes: list[Lane]
) -> None:
    path.unlink(missing_ok=True)
    load(path, [make_job(seq, lanes[seq]) for seq in order])
    with opened(path) as run:
        assert sorted(job.seq for job in pending(run)) == list(range(6))


def test_an_invalid_row_leaves_the_rest_of_its_lane_intact(path: Path) -> None:
    loader = Loader(path, RunMetadata(source=SOURCE))
    for seq, lane in enumerate((EAST, WEST, EAST, EAST)):
        loader.add(make_job(seq, lane))
    list(loader.duplicates([EAST]))
    loader.invalidate(2, loader.lane_id(EAST), "the same target as line 9")
    loader.finish()
    with opened(path) as run:
        assert [job.seq for job in pending(run)] == [0, 3, 1]


def test_jobs_are_loaded_in_any_order(path: Path) -> None:
    jobs = [make_job(2), make_job(0), make_job(1, WEST), make_job(3)]
    with opened(load(path, jobs)) as run:
        assert [job.seq for job in pending(run)] == [0, 2, 3, 1]


def test_jobs_with_function_destinations_have_their_lines(path: Path) -> None:
    arn = "arn:aws:lambda:us-east-1:111111111111:function:sink"
    jobs = [
        make_job(0),
        make_job(1, settings=Settings(on_failure=arn)),
        make_job(2, settings=Settings(on_success="arn:aws:sqs:us-east-1:111111111111:q")),
        make_job(3, WEST, settings=Settings(on_failure=arn)),
    ]
    loader = Loader(path, RunMetadata(source=SOURCE))
    for job in jobs:
        loader.add(job)
    assert list(loader.jobs_with_function_destinations(EAST)) == [jobs[1]]
    assert loader.first_line(WEST) == 5
    loader.discard()


def test_discard_leaves_nothing_behind(tmp_path: Path) -> None:
    loader = Loader(tmp_path / "run.db", RunMetadata(source=SOURCE))
    for seq in range(5000):
        loader.add(make_job(seq))
    loader.discard()
    assert list(tmp_path.iterdir()) == []
    load(tmp_path / "run.db", [make_job(0)])


def test_a_run_file_is_never_overwritten(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(RunFileError, match=r"run\.db' exists"):
        Loader(path, RunMetadata(source=SOURCE))
    assert path.read_text() == "precious"


def test_a_run_file_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunFileError, match="cannot be created") as caught:
        Loader(tmp_path / "file" / "run.db", RunMetadata(source=SOURCE))
    assert str(caught.value).isprintable()
