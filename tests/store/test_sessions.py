"""What a run file records about its sessions: their traffic, and examples of what failed."""

from pathlib import Path

from msgspec.structs import replace

from bulkeic.core.model import Status
from bulkeic.core.summary import Traffic
from tests.core.example_run_reports import worker

from .run_files import LANES, load, make_job, opened, outcome_of, record


def test_the_traffic_of_all_sessions_adds_up(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(3)]
    load(path, jobs)
    with opened(path) as run:
        assert run.traffic() == Traffic()
        run.begin_session("plan", 1_700_000_000.25)
        record(run, [outcome_of(jobs[0])], Traffic(3, 1, 0, 2, 1.5))
        record(run, [], Traffic(5, 1, 1, 3, 2.5))
        run.end_session("interrupted")
    with opened(path) as run:
        run.begin_session("apply", 1_700_000_100.0)
        record(run, [outcome_of(jobs[1])], Traffic(1, 0, 0, 0, 0.25))
        assert run.traffic() == Traffic(6, 1, 1, 3, 2.75)
        sessions = [(one.doing, one.started_at, one.elapsed_s, one.ended) for one in run.sessions()]
        assert sessions == [
            ("plan", "2023-11-14T22:13:20.250Z", 2.5, "interrupted"),
            ("apply", "2023-11-14T22:15:00.000Z", 0.25, None),
        ]


def test_workers_are_stored_with_outcomes_and_at_the_end(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(3)]
    with opened(load(path, jobs)) as run:
        run.workers.replace([worker("w", 1)])
        record(run, [outcome_of(jobs[0])], Traffic(1))
        assert run.workers.all() == []  # there is no session
        run.begin_session("apply", 1_700_000_000.0)
        for calls in (60, 70):
            run.workers.replace([replace(worker("w", 1), calls=calls), worker("w", 2)])
            record(run, [], Traffic(calls))
        version = run.workers.version
        record(run, [], Traffic(80))
        assert run.workers.version == version  # nothing has changed
        assert [each.calls for each in run.workers.all()] == [70, 50]
        run.workers.replace([worker("w", 1), worker("w", 2, lost="ended")])
        run.end_session("done")
    with opened(path) as run:
        run.begin_session("apply", 1_700_000_100.0)
        run.end_session("done")
        assert run.workers.all() == [worker("w", 1), worker("w", 2, lost="ended")]


def test_examples_are_the_first_of_the_most_frequent_codes(path: Path) -> None:
    codes = ["A", "B", None, "B", "C", "C", "C"]
    jobs = [make_job(seq, LANES[seq % 3]) for seq in range(len(codes))]
    with opened(load(path, jobs)) as run:
        outcomes = [
            outcome_of(job, Status.FAILED if code else Status.UPDATED, error_code=code)
            for job, code in zip(jobs, codes, strict=True)
        ]
        record(run, outcomes[::-1], Traffic())
        assert list(run.examples().items()) == [
            ("C", outcomes[4]),
            ("B", outcomes[1]),
            ("A", outcomes[0]),
        ]
        assert list(run.examples(limit=1)) == ["C"]
