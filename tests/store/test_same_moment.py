"""Reads of one moment: work on the run goes on, and the numbers still agree."""

from pathlib import Path

from bulkeic.core.model import Status
from bulkeic.core.summary import Traffic
from bulkeic.store.jobs import JobFilter

from .run_files import load, make_job, opened, outcome_of, record


def test_reads_of_one_moment_do_not_see_later_outcomes(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(3)]
    with opened(load(path, jobs)) as run, opened(path, read_only=True) as reader:
        record(run, [outcome_of(jobs[0])], Traffic(1))
        with reader.same_moment():
            assert reader.summary().statuses[Status.UPDATED] == 1
            record(run, [outcome_of(jobs[1])], Traffic(2))
            assert reader.summary().statuses[Status.UPDATED] == 1
            assert [each.seq for each in reader.outcomes()] == [0]
            assert [each.seq for each in reader.jobs.in_file_order(JobFilter.PENDING)] == [1, 2]
        assert reader.summary().statuses[Status.UPDATED] == 2
