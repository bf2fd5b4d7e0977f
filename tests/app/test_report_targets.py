"""The targets in the table of a page: all of them, or those that matter most."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.app.report.report_targets import shown_targets, target_entries
from bulkeic.core.change.reconcile import Action, BeforeImage
from bulkeic.core.model import Status
from bulkeic.core.report.target_entry import TargetEntry
from bulkeic.core.summary import Traffic
from bulkeic.core.targets.selection import JobState, Selection
from tests.store.run_files import CHINA, EAST, load, make_job, opened, outcome_of, record

TROUBLE = {JobState.FAILED, JobState.UNKNOWN}
states = st.lists(
    st.sampled_from([None, Status.UPDATED, Status.UNCHANGED, Status.FAILED, Status.UNKNOWN]),
    min_size=1,
    max_size=12,
)


def entries_of(
    path: Path, found: list[Status | None], limit: int, selection: Selection | None = None
) -> list[TargetEntry]:
    jobs = [make_job(seq, CHINA if seq % 2 else EAST) for seq in range(len(found))]
    with opened(load(path, jobs)) as run:
        pairs = zip(jobs, found, strict=True)
        record(
            run,
            [
                outcome_of(job, status, error_code="x" if status is Status.FAILED else None)
                for job, status in pairs
                if status is not None
            ],
            Traffic(),
        )
    with opened(path, read_only=True) as run:
        run.choose(selection or Selection())
        summary = run.summary()
        entries = list(target_entries(run, summary, limit))
        assert len(entries) == shown_targets(summary, limit)
    return entries


@settings(deadline=None, max_examples=60)
@given(states, st.integers(0, 14))
def test_failures_come_first_and_all_are_in_file_order(
    tmp_path_factory: pytest.TempPathFactory, found: list[Status | None], limit: int
) -> None:
    path = tmp_path_factory.mktemp("run") / "run.db"
    entries = entries_of(path, found, limit)
    seqs = [entry.seq for entry in entries]
    assert seqs == sorted(set(seqs))
    for entry in entries:
        status = found[entry.seq]
        assert entry.state == (JobState.PENDING if status is None else JobState(status.value))
    failed = [seq for seq, status in enumerate(found) if status in {Status.FAILED, Status.UNKNOWN}]
    shown = [entry.seq for entry in entries if entry.state in TROUBLE]
    assert shown == failed[:limit]
    others = [seq for seq in range(len(found)) if seq not in failed]
    assert [seq for seq in seqs if seq not in failed] == others[: max(0, limit - len(failed))]


def test_a_selection_restricts_them(tmp_path: Path) -> None:
    found = [Status.UPDATED, Status.FAILED, None, None]
    entries = entries_of(tmp_path / "run.db", found, 10, Selection(accounts=(CHINA.account_id,)))
    assert [(entry.seq, entry.lane) for entry in entries] == [(1, CHINA), (3, CHINA)]


def test_a_pending_target_that_was_read_shows_its_change(tmp_path: Path) -> None:
    job = make_job(0)
    with opened(load(tmp_path / "run.db", [job], planned=True)) as run:
        seen = BeforeImage({"MaximumRetryAttempts": 2}, Action.CHANGE)
        record(run, [], Traffic(), [(job, seen)])
        (entry,) = target_entries(run, run.summary(), 5)
    assert entry.change is not None
    assert [(each.before, each.after) for each in entry.change.fields] == [(2, 1)]
