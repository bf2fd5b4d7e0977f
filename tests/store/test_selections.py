"""Some of a run's jobs, and the waves that they are dealt out to."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.change.reconcile import Action, BeforeImage
from bulkeic.core.change.snapshot import ABSENT
from bulkeic.core.errors import RunFileError
from bulkeic.core.model import CLEARED, Job, Lane, Settings, Status
from bulkeic.core.rollout.waves import Wave, cumulative_counts, parse_waves, spread_over_lanes
from bulkeic.core.summary import Traffic
from bulkeic.store.jobs import JobFilter
from bulkeic.store.loader import Loader
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

HAD = Settings(2, None, CLEARED, CLEARED)
AFTER = {"MaximumRetryAttempts": 1, "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}}}
replace = msgspec.structs.replace


def seqs(run: RunFile, which: JobFilter, wave: int | None = None) -> list[int]:
    return [job.seq for job in pending(run, which, wave)]


def test_each_selection_has_its_jobs(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(7)]
    statuses = [Status.UPDATED, Status.CREATED, Status.NOT_MATCHED, Status.UNCHANGED]
    with opened(load(path, jobs)) as run:
        outcomes = [outcome_of(job, status) for job, status in zip(jobs, statuses, strict=False)]
        record(run, outcomes, Traffic(), [(jobs[4], BeforeImage(None, Action.CREATE))])
        assert seqs(run, JobFilter.PENDING) == [4, 5, 6]
        assert seqs(run, JobFilter.UNREAD) == [5, 6]
        assert seqs(run, JobFilter.WRITTEN) == [0, 1]
        assert seqs(run, JobFilter.EVERY) == [0, 1, 3, 4, 5, 6]


def test_invalid_rows_are_in_no_selection(path: Path) -> None:
    loader = Loader(path, RunMetadata(source=SOURCE))
    loader.add(make_job(0))
    loader.add_invalid(1, 3, "x", "no")
    loader.finish()
    with opened(path) as run:
        assert (
            seqs(run, JobFilter.PENDING)
            == seqs(run, JobFilter.UNREAD)
            == seqs(run, JobFilter.EVERY)
            == [0]
        )


def test_a_changed_target_is_verified_against_the_answered_configuration(path: Path) -> None:
    odd = "arn:aws:s3:::{account}"
    config = {"DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": odd}}}
    jobs = [make_job(seq) for seq in range(3)]
    with opened(load(path, jobs)) as run:
        record(
            run,
            [
                outcome_of(jobs[0], config=AFTER),
                outcome_of(jobs[1], Status.CREATED, config=config),
                outcome_of(jobs[2]),
            ],
            Traffic(),
        )
        wanted = [job.settings for job in pending(run, JobFilter.WRITTEN)]
        assert wanted == [Settings(1, None, "", ""), Settings(None, None, "", odd), ABSENT]


def test_the_expected_snapshot_of_a_job_is_loaded_with_it(path: Path) -> None:
    jobs = [
        replace(make_job(0), expected=HAD),
        replace(make_job(1), expected=ABSENT),
        make_job(2),
    ]
    with opened(load(path, jobs, restores="other.db")) as run:
        assert pending(run) == jobs
        assert run.counts.common_settings(9)[1] == 1  # what is expected is not wanted


def test_waves_are_spread_over_pending_jobs(path: Path) -> None:
    jobs = [make_job(seq, EAST if seq < 6 else WEST) for seq in range(10)]
    with opened(load(path, jobs)) as run:
        record(run, [outcome_of(jobs[0]), outcome_of(jobs[7])], Traffic())
        assert run.waves.all() == []
        run.waves.create([{EAST: 1, WEST: 0}, {EAST: 2, WEST: 2}, {EAST: 5, WEST: 3}])
        waves = [Wave(1, 1), Wave(2, 3), Wave(3, 4)]
        assert run.waves.all() == waves
        assert [seqs(run, JobFilter.PENDING, wave) for wave in (1, 2, 3)] == [
            [1],
            [1, 2, 6, 8],
            [1, 2, 3, 4, 5, 6, 8, 9],
        ]
        assert run.jobs.lanes(JobFilter.PENDING, 1) == {EAST: 1}
        assert run.jobs.lanes(JobFilter.PENDING, 3) == {EAST: 5, WEST: 3}
        done = Wave(1, 1, "a", "b", 1, 0)
        run.waves.save(done)
        assert run.waves.all() == [done, *waves[1:]]
    with opened(path, read_only=True) as run:
        assert run.waves.all() == [done, *waves[1:]]


def test_a_wave_verifies_only_the_targets_that_it_changed(path: Path) -> None:
    jobs = [make_job(seq, EAST if seq % 2 else WEST) for seq in range(8)]
    with opened(load(path, jobs)) as run:
        run.waves.create([{EAST: 1, WEST: 1}, {EAST: 2, WEST: 4}, {EAST: 4, WEST: 4}])
        failed = outcome_of(jobs[4], Status.FAILED)
        record(run, [outcome_of(jobs[n]) for n in (0, 1, 2, 6, 7)], Traffic())
        record(run, [failed], Traffic())
        found = [seqs(run, JobFilter.WRITTEN, wave) for wave in (1, 2, 3)]
        assert [sorted(wave) for wave in found] == [[0, 1], [2, 6], [7]]
        assert run.jobs.lanes(JobFilter.WRITTEN, 2) == {WEST: 2}
        # Of what is pending, all up to the end of a wave: one that was left behind is still done.
        assert seqs(run, JobFilter.PENDING, 2) == [3]
        assert seqs(run, JobFilter.PENDING, 3) == [3, 5]


def test_a_region_that_is_in_no_wave_yet_has_no_jobs_in_it(path: Path) -> None:
    jobs = [make_job(seq, LANES[seq]) for seq in range(3)]
    with opened(load(path, jobs)) as run:
        run.waves.create([{EAST: 1, WEST: 0, CHINA: 0}, {EAST: 1, WEST: 1, CHINA: 1}])
        assert run.jobs.lanes(JobFilter.PENDING, 1) == {EAST: 1}
        assert run.jobs.seq_ranges(JobFilter.PENDING, 1) == {
            EAST: (-1, 0),
            WEST: (-1, -1),
            CHINA: (-1, -1),
        }
        assert run.jobs.seq_ranges(JobFilter.WRITTEN, 2) == {
            EAST: (0, 0),
            WEST: (-1, 1),
            CHINA: (-1, 2),
        }


def test_a_lane_without_pending_jobs_is_in_no_wave(path: Path) -> None:
    jobs = [make_job(0), make_job(1, WEST)]
    with opened(load(path, jobs)) as run:
        record(run, [outcome_of(jobs[0])], Traffic())
        run.waves.create([{WEST: 1}])
        assert run.jobs.lanes(JobFilter.PENDING, 1) == {WEST: 1}
        assert seqs(run, JobFilter.PENDING, 1) == [1]
        assert run.jobs.lanes(JobFilter.WRITTEN, 1) == {}


@settings(max_examples=12, deadline=None)
@given(
    places=st.lists(st.sampled_from(LANES), min_size=1, max_size=25),
    done=st.sets(st.integers(0, 24)),
    words=st.sampled_from(["1,100%", "1,10%,50%,100%", "30%,3,100%", "100%"]),
)
def test_the_waves_of_any_run_have_each_pending_job_once(
    tmp_path_factory: pytest.TempPathFactory, places: list[Lane], done: set[int], words: str
) -> None:
    jobs: list[Job] = [make_job(seq, lane) for seq, lane in enumerate(places)]
    path = load(tmp_path_factory.mktemp("waves") / "run.db", jobs)
    with opened(path) as run:
        record(run, [outcome_of(job) for job in jobs if job.seq in done], Traffic())
        lanes = run.jobs.lanes()
        ends = cumulative_counts(parse_waves(words), sum(lanes.values()))
        run.waves.create(spread_over_lanes(lanes, ends))
        waves = run.waves.all()
        left = {job.seq for job in jobs if job.seq not in done}
        for wave in waves:
            of_wave = seqs(run, JobFilter.PENDING, wave.number)
            assert set(of_wave) <= left
            assert len(of_wave) == wave.targets > 0
            record(run, [outcome_of(jobs[seq]) for seq in of_wave], Traffic())
            assert set(of_wave) <= set(seqs(run, JobFilter.WRITTEN, wave.number))
            left -= set(of_wave)
        assert not left


@settings(max_examples=12, deadline=None)
@given(
    places=st.lists(
        st.tuples(st.sampled_from(LANES), st.sampled_from([None, 2, 3, 7])), min_size=1
    ),
    done=st.sets(st.integers(0, 24)),
)
def test_the_waves_that_rows_give_have_each_job_once_in_file_order(
    tmp_path_factory: pytest.TempPathFactory,
    places: list[tuple[Lane, int | None]],
    done: set[int],
) -> None:
    jobs = [replace(make_job(seq, lane), wave=wave) for seq, (lane, wave) in enumerate(places)]
    path = load(tmp_path_factory.mktemp("waves") / "run.db", jobs)
    last = max((job.wave or 0 for job in jobs), default=0) + 1
    with opened(path) as run:
        record(run, [outcome_of(job) for job in jobs if job.seq in done], Traffic())
        assert run.jobs.have_waves == (last > 1)
        if last == 1:
            return
        run.waves.create_by_rows()
        for wave in run.waves.all():
            own = [job for job in jobs if (job.wave or last) == wave.number]
            left = [job.seq for job in own if job.seq not in done]
            found = seqs(run, JobFilter.PENDING, wave.number)
            assert (sorted(found), wave.targets) == (left, len(left))
            assert sum(run.jobs.lanes(JobFilter.PENDING, wave.number).values()) == len(left)
            record(run, [outcome_of(jobs[seq]) for seq in found], Traffic())
            written = seqs(run, JobFilter.WRITTEN, wave.number)
            assert sorted(written) == [job.seq for job in own]
        assert seqs(run, JobFilter.PENDING) == []


def test_jobs_that_become_pending_later_are_in_a_wave(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(3)]
    with opened(load(path, jobs)) as run:
        record(run, [outcome_of(jobs[2], Status.FAILED)], Traffic())
        run.waves.create([{EAST: 1}, {EAST: 2}])
        run.reopening.retry_failed((), 0)
        assert seqs(run, JobFilter.PENDING, 1) == [0]
        assert seqs(run, JobFilter.PENDING, 2) == [0, 1, 2]


def test_a_wave_that_cannot_be_written_leaves_none(path: Path) -> None:
    load(path, [make_job(0), make_job(1)])
    with opened(path) as run:
        with (
            failing_inserts(path, "wave", "new.number = 2"),
            pytest.raises(RunFileError, match="disk full"),
        ):
            run.waves.create([{EAST: 1}, {EAST: 2}])
        assert run.waves.all() == []
