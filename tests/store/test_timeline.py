"""A run file in time: the outcomes by the second in which their jobs started."""

from pathlib import Path

from bulkeic.core.change.reconcile import Action, BeforeImage
from bulkeic.core.model import Status, rfc3339
from bulkeic.core.report.timeline import Timeline, TimelineStep
from bulkeic.core.summary import Traffic
from bulkeic.core.targets.selection import Selection

from .run_files import load, make_job, opened, outcome_of, record

START = 1_700_000_000


def test_steps_count_outcomes_and_what_was_retried(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(5)]
    with opened(load(path, jobs)) as run:
        assert run.counts.timeline([]) == Timeline(1, ())
        started = {0: 0.25, 1: 0.75, 2: 2.0}
        outcomes = [
            outcome_of(
                job,
                Status.FAILED if job.seq == 2 else Status.UPDATED,
                started_at=rfc3339(START + started[job.seq]),
                attempts=job.seq + 1,
                throttles=job.seq,
            )
            for job in jobs[:3]
        ]
        record(run, [*outcomes, outcome_of(jobs[3], Status.FAILED)], Traffic())
        assert run.reopening.retry_failed([], START + 10) == 1
        again = outcome_of(jobs[2], started_at=rfc3339(START + 11), attempts=1)
        record(run, [again], Traffic())

        assert run.counts.timeline(run.counts.tallies()) == Timeline(
            1,
            (
                TimelineStep(START, 2, 3, 1, 0),
                TimelineStep(START + 2, 1, 3, 2, 1),
                TimelineStep(START + 11, 1, 1, 0, 0),
            ),
        )


def test_a_selection_restricts_it(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(3)]
    with opened(load(path, jobs)) as run:
        record(
            run,
            [outcome_of(job, started_at=rfc3339(START + 600 * job.seq)) for job in jobs],
            Traffic(),
        )
    with opened(path, read_only=True) as run:
        run.choose(Selection(limit=2))
        assert run.counts.timeline(run.counts.tallies()) == Timeline(
            5, (TimelineStep(START, 1, 0, 0, 0), TimelineStep(START + 600, 1, 0, 0, 0))
        )


def test_what_was_read_and_has_no_outcome_counts_when_it_was_read(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(3)]
    seen = BeforeImage({"MaximumRetryAttempts": 2}, Action.CHANGE)
    with opened(load(path, jobs)) as run:
        rows = run.rows(
            [outcome_of(jobs[0], started_at=rfc3339(START))], [(job, seen) for job in jobs[:2]]
        )
        run.record(rows, Traffic())
        timeline = run.counts.timeline(run.counts.tallies())
    done, read = timeline.steps
    assert (done.targets, done.attempts) == (1, 0)
    assert (read.targets, read.attempts, read.throttles, read.failed) == (1, 1, 0, 0)
