"""The model of a report: how a run ended, and its counts by place."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Lane, Status, rfc3339
from bulkeic.core.report.place_counts import counts_by
from bulkeic.core.report.run_end import RunEnd, RunState, SessionRecord, run_end
from bulkeic.core.report.run_report import RunKind, run_kind
from bulkeic.core.report.timeline import MOST_STEPS, step_length
from bulkeic.core.summary import Summary, Tally, Traffic, summarize

from .example_run_reports import run_report

LANES = {Lane(account, region): 50 for account in ("1" * 12, "2" * 12) for region in "ab"}
tallies = st.lists(
    st.builds(
        Tally,
        st.none() | st.sampled_from(list(LANES)),
        st.sampled_from(Status),
        st.sampled_from([None, "AccessDeniedException", "Timeout"]),
        st.integers(1, 3),
        st.integers(0, 3),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=100)
@given(tallies)
def test_counts_of_every_place_add_up_to_the_run(some: list[Tally]) -> None:
    placed = [tally for tally in some if tally.lane is not None]
    statuses = Counter({status.value: 0 for status in Status})
    errors: Counter[str] = Counter()
    for tally in placed:
        statuses[tally.status] += tally.count
        if tally.error_code is not None:
            errors[tally.error_code] += tally.count
    by_lane = counts_by(lambda lane: lane, LANES, some)
    by_account = counts_by(lambda lane: lane.account_id, LANES, some)
    by_region = counts_by(lambda lane: lane.region, LANES, some)
    for counts in (by_lane.values(), by_account.values(), by_region.values()):
        assert sum(each.lanes for each in counts) == len(LANES)
        assert sum(each.targets for each in counts) == sum(LANES.values())
        assert sum(each.throttles for each in counts) == sum(tally.throttles for tally in placed)
        for status in Status:
            assert sum(each.statuses[status] for each in counts) == statuses[status]
        for code in errors:
            assert sum(each.errors.get(code, 0) for each in counts) == errors[code]
        assert all(each.pending == each.targets - each.done for each in counts)
    assert list(by_lane) == sorted(LANES)
    assert list(by_region) == ["a", "b"]


def summary(pending: int = 0, **statuses: int) -> Summary:
    counts = [Tally(None, Status(name), None, count) for name, count in statuses.items()]
    targets = sum(statuses.values()) + pending
    return summarize(counts, run="r", targets=targets, lanes={}, traffic=Traffic())


def session(doing: str = "apply", ended: str | None = "done") -> SessionRecord:
    return SessionRecord(doing, "2026-11-26T08:00:00.000Z", 1.0, ended)


@pytest.mark.parametrize(
    ("sessions", "numbers", "is_plan", "has_unread", "expected"),
    [
        ([], summary(3), False, False, RunEnd(RunState.NOT_STARTED)),
        ([session(ended=None)], summary(3), False, False, RunEnd(RunState.OPEN)),
        ([session(ended="interrupted"), session(ended=None)], summary(updated=1), False, False,
         RunEnd(RunState.OPEN)),
        ([session(ended="interrupted")], summary(3), False, False,
         RunEnd(RunState.STOPPED, "interrupted")),
        ([session()], summary(3, failed=1), False, False, RunEnd(RunState.STOPPED)),
        ([session("plan", "interrupted")], summary(3), True, True,
         RunEnd(RunState.STOPPED, "interrupted")),
        ([session("plan")], summary(3), True, False, RunEnd(RunState.PLANNED)),
        ([session("plan")], summary(3, failed=1), True, False, RunEnd(RunState.FAILED)),
        ([session()], summary(unknown=1), False, False, RunEnd(RunState.FAILED)),
        ([session()], summary(updated=1, invalid=1), False, False, RunEnd(RunState.FAILED)),
        ([session(ended="halted")], summary(updated=1, failed=1), False, False,
         RunEnd(RunState.FAILED, "halted")),
        ([session("plan", "interrupted")], summary(3), True, False,
         RunEnd(RunState.PLANNED, "interrupted")),
        ([session(ended="halted")], summary(updated=1), False, False,
         RunEnd(RunState.STOPPED, "halted")),
        ([session(ended="halted"), session()], summary(updated=1), False, False,
         RunEnd(RunState.DONE)),
        ([session()], summary(updated=1), False, False, RunEnd(RunState.DONE)),
    ],
)  # fmt: skip
def test_how_a_run_ended(
    sessions: list[SessionRecord],
    numbers: Summary,
    *,
    is_plan: bool,
    has_unread: bool,
    expected: RunEnd,
) -> None:
    assert run_end(sessions, numbers, is_plan=is_plan, has_unread=has_unread) == expected


@pytest.mark.parametrize(
    ("doing", "planned", "restores", "expected"),
    [
        (["plan"], True, None, RunKind.PLAN),
        ([], True, "run.db", RunKind.PLAN),
        (["plan", "apply"], True, None, RunKind.APPLY),
        ([], False, None, RunKind.APPLY),
        (["apply"], False, "run.db", RunKind.ROLLBACK),
        (["plan", "apply"], True, "run.db", RunKind.ROLLBACK),
    ],
)
def test_what_a_run_does(
    doing: list[str], *, planned: bool, restores: str | None, expected: RunKind
) -> None:
    found = run_kind(map(session, doing), planned=planned, restores=restores)
    assert found is expected


@given(st.integers(0, 4_000_000_000), st.integers(0, 86400 * (MOST_STEPS - 1)))
def test_a_timeline_has_few_steps(start: int, span: int) -> None:
    step = step_length([rfc3339(start + span), None, rfc3339(start)])
    assert (start + span) // step - start // step + 1 <= MOST_STEPS


def test_a_timeline_of_nothing_has_a_step() -> None:
    assert step_length([None]) == 1


def test_each_error_has_its_example_and_hint() -> None:
    report = run_report("AccessDeniedException")
    denied, invalid = report.errors
    assert (denied.code, denied.count, denied.accounts) == ("AccessDeniedException", 3, 2)
    assert denied.example is not None
    assert "the credentials lack a permission" in str(denied.hint)
    assert (invalid.code, invalid.accounts, invalid.example, invalid.hint) == (
        "InvalidRow", 0, None, None
    )  # fmt: skip
    assert list(report.examples) == ["AccessDeniedException"]
