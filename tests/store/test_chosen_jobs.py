"""The jobs of a run that a selection selects: every reading method agrees on them."""

import math
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.change.reconcile import Action, BeforeImage
from bulkeic.core.model import Job, Status
from bulkeic.core.rollout.waves import Size
from bulkeic.core.summary import Traffic
from bulkeic.core.targets.selection import JobState, Selection
from bulkeic.store.jobs import JobFilter
from bulkeic.store.loader import Loader
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import RunMetadata

from .run_files import EAST, LANES, SOURCE, load, make_job, opened, outcome_of, pending, record

STATES = [None, Status.UPDATED, Status.FAILED]
selections = st.builds(
    Selection,
    names=st.sampled_from([(), ("fn-1*",), ("!fn-2*", "!fn-?")]),
    accounts=st.sampled_from([(), ("111111111111",)]),
    regions=st.sampled_from([(), ("us-*",), ("!us-east-1",)]),
    statuses=st.sampled_from([(), (JobState.PENDING,), (JobState.UPDATED, JobState.FAILED)]),
    error_codes=st.sampled_from([(), (), (), ("A",), ("A", "B", "C")]),
    sample=st.sampled_from([None, Size(4), Size(50, 100)]),
    seed=st.integers(0, 3),
    limit=st.sampled_from([None, 1, 5]),
)


def filled(path: Path, states: list[Status | None]) -> list[Job]:
    jobs = [make_job(seq, LANES[seq % 3]) for seq in range(len(states))]
    with opened(load(path, jobs)) as run:
        ended = [(job, state) for job, state in zip(jobs, states, strict=True) if state]
        images = [(job, BeforeImage({}, Action.CHANGE, may_be_sent=True)) for job, _ in ended]
        outcomes = [
            outcome_of(job, state, error_code=code_of(job.seq, state)) for job, state in ended
        ]
        record(run, outcomes, Traffic(), images)
    return jobs


def code_of(seq: int, state: Status | None) -> str | None:
    return "ABX"[seq % 3] if state is Status.FAILED else None


def matches(selection: Selection, job: Job, state: Status | None) -> bool:
    return (
        selection.matches_lane(job.target.lane)
        and selection.matches_function(job.target.function)
        and selection.matches_outcome(state, code_of(job.seq, state))
    )


def chosen(run: RunFile) -> list[int]:
    return [job.seq for job in run.jobs.in_file_order()]


@settings(max_examples=40, deadline=None)
@given(selections, st.lists(st.sampled_from(STATES), max_size=30))
def test_a_selection_of_a_run(selection: Selection, states: list[Status | None]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run.db"
        jobs = filled(path, states)
        with opened(path, read_only=True) as run:
            run.choose(selection)
            found = chosen(run)
            pairs = zip(jobs, states, strict=True)
            matching = [job.seq for job, state in pairs if matches(selection, job, state)]
            size = len(matching)
            if selection.sample is not None:
                size = min(size, selection.sample.of(size))
            assert len(found) == min(size, selection.limit or math.inf)
            assert set(found) <= set(matching)
            if selection.sample is None:
                assert found == matching[: len(found)]
            assert run.left_out() == len(jobs) - len(found)

            by_state = {seq: states[seq] for seq in found}
            assert run.counts.targets() == len(found)
            assert sorted(job.seq for job in pending(run)) == [
                seq for seq in found if by_state[seq] is None
            ]
            written = [seq for seq in found if by_state[seq] is Status.UPDATED]
            assert sorted(job.seq for job in pending(run, JobFilter.WRITTEN)) == written
            ended = [seq for seq in found if by_state[seq] is not None]
            assert [one.seq for one in run.outcomes(only_chosen=True)] == ended
            assert sum(one.count for one in run.counts.tallies()) == len(ended)
            assert sorted(job.seq for job, _ in run.jobs.changed_jobs()) == ended
            assert run.jobs.count_changed() == len(ended)
            assert run.jobs.has_changed() == bool(ended)
            assert run.summary().pending == len(found) - len(ended)
            assert run.jobs.pending_left_out() == (
                0 if selection.is_everything() else states.count(None) - (len(found) - len(ended))
            )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 9), st.randoms(), st.integers(1, 12))
def test_a_sample_depends_on_neither_the_order_nor_the_outcomes(
    seed: int, shuffle: Random, size: int
) -> None:
    numbers = list(range(20))
    with TemporaryDirectory() as folder:
        found = []
        for name in ("one.db", "two.db"):
            jobs = [
                make_job(seq, LANES[number % 2], f"fn-{number}")
                for seq, number in enumerate(numbers)
            ]
            with opened(load(Path(folder) / name, jobs)) as run:
                if name == "two.db":
                    record(run, [outcome_of(job) for job in jobs[:9]], Traffic())
                run.choose(Selection(sample=Size(size), seed=seed))
                found.append({job.target for job in run.jobs.in_file_order()})
            shuffle.shuffle(numbers)
        sizes = [sum(target.lane == lane for target in found[0]) for lane in LANES[:2]]
        assert sum(sizes) == size
        assert found[0] == found[1]


@settings(max_examples=15, deadline=None)
@given(selections, st.integers(0, 20))
def test_a_targets_file_loads_what_a_run_would_choose(selection: Selection, count: int) -> None:
    jobs = [make_job(seq, LANES[seq % 3]) for seq in range(count)]
    with TemporaryDirectory() as folder:
        with opened(load(Path(folder) / "all.db", jobs)) as run:
            run.choose(selection)
            expected = chosen(run)
        loader = Loader(Path(folder) / "some.db", RunMetadata(source=SOURCE))
        for job in jobs:
            loader.add(job)
        assert loader.keep_only(selection) == count - len(expected)
        loader.finish()
        with opened(Path(folder) / "some.db") as run:  # its digests are right
            assert chosen(run) == expected


def test_only_selected_failures_are_retried(path: Path) -> None:
    filled(path, [Status.FAILED] * 6)
    with opened(path) as run:
        run.choose(Selection(regions=(EAST.region,)))
        assert sum(sum(codes.values()) for codes in run.reopening.failed_codes().values()) == 2
        run.reopening.retry_failed([], 0.0)
        assert [each.seq for each in run.outcomes()] == [1, 2, 4, 5]
        assert sorted(job.seq for job in pending(run)) == [0, 3]
