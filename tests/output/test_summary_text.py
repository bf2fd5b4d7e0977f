"""The result of a run or a plan, as text."""

from collections import Counter

import pytest

from bulkeic.core.change.reconcile import Action
from bulkeic.core.model import Lane, Outcome, SourceLine, Status
from bulkeic.core.report.run_report import error_groups
from bulkeic.core.summary import LaneSummary, SessionNumbers, Tally, Traffic, summarize
from bulkeic.output.summary_text import (
    ACTIONS,
    lane_lines,
    plan_lane_lines,
    stopped_lane_lines,
    summary_lines,
)
from bulkeic.output.terminal.error_text import error_lines
from bulkeic.output.terminal.screen import ANY_SCREEN


def lane(number: int) -> Lane:
    return Lane("123456789012", f"xx-test-{number}")


def test_every_action_has_a_heading_and_a_text_of_its_own() -> None:
    assert set(ACTIONS) == set(Action)
    for texts in zip(*ACTIONS.values(), strict=True):
        assert len(set(texts)) == len(ACTIONS)


@pytest.mark.parametrize("action", Action)
def test_each_count_of_a_plan_is_below_the_heading_of_its_action(action: Action) -> None:
    head, first, second = plan_lane_lines({lane(0): Counter({action: 7}), lane(1): Counter()})
    column = head.split().index(ACTIONS[action][0])
    assert first.split()[column] == "7"
    counts = [word for at, word in enumerate(first.split()) if at not in {0, column}]
    assert set(counts) == set(second.split()[1:]) == {"0"}


def test_lanes_with_the_most_changes_come_first_and_one_lane_needs_no_table() -> None:
    needs = {
        lane(0): Counter({Action.UNCHANGED: 9}),
        lane(1): Counter({Action.CHANGE: 1, Action.DELETE: 1}),
        lane(2): Counter({Action.CREATE: 1}),
    }
    rows = [line.split()[0] for line in plan_lane_lines(needs)[1:]]
    assert rows == [str(lane(number)) for number in (1, 2, 0)]
    assert plan_lane_lines({lane(0): Counter({Action.CHANGE: 1})}) == []
    many = {lane(number): Counter({Action.CHANGE: 1}) for number in range(23)}
    assert plan_lane_lines(many)[21:] == ["  3 lanes not shown"]


def test_one_lane_needs_no_table() -> None:
    assert lane_lines([]) == lane_lines([LaneSummary(lane(0), 5, failed=5)]) == []


@pytest.mark.parametrize(
    ("good", "failed", "pending"), [(2, 0, 0), (9, 0, 0), (9, 4, 0), (3, 9, 9)]
)
def test_every_lane_is_shown_or_counted_once(good: int, failed: int, pending: int) -> None:
    kinds = [(10, 0)] * good + [(10, 2)] * failed + [(3, 0)] * pending
    lanes = [
        LaneSummary(lane(number), 10, done, bad, 1, float(number))
        for number, (done, bad) in enumerate(kinds)
    ]
    head, *rest = lane_lines(lanes)
    assert head.split() == ["lane", "targets", "failed", "pending", "throttled", "seconds"]
    rows = [line.split() for line in rest if "/xx-test-" in line]
    assert len({row[0] for row in rows}) == len(rows)
    hidden = [
        int(word) for line in rest if "/xx" not in line for word in line.split() if word.isdigit()
    ]
    assert len(rows) + sum(hidden) == len(lanes)
    troubled = [row for row in rows if row[2] != "0" or row[3] != "0"]
    assert len(troubled) == min(5, failed + pending)
    assert rows[: len(troubled)] == troubled
    if not failed + pending:
        slowest = [f"{number:,.1f}" for number in reversed(range(len(lanes)))][:3]
        assert [row[5] for row in rows] == slowest


def test_stopped_lanes_are_grouped_by_the_reason() -> None:
    stopped = {
        Lane(f"{number:012}", "us-east-1"): f"role of {number:012} is denied"
        for number in range(300)
    } | {lane(0): "no answer for 2 s"}
    assert stopped_lane_lines(stopped) == [
        (
            "300 lanes stopped: role of 000000000000 is denied "
            "(for example 000000000000/us-east-1); their jobs are pending"
        ),
        f"lane {lane(0)} stopped: no answer for 2 s; its jobs are pending",
    ]
    reasons = {lane(number): "x" * number for number in range(9)}
    assert stopped_lane_lines(reasons)[3:] == ["6 lanes stopped for other reasons"]
    assert stopped_lane_lines({}) == []


def test_the_numbers_of_this_session_and_of_the_whole_run_are_apart() -> None:
    first, whole = Traffic(45, 0, 0, 0, 4.5), Traffic(50, 1, 0, 1, 10.0)
    tallies = [Tally(lane(0), Status.UPDATED, None, 50)]
    session = SessionNumbers(45, first)
    summary = summarize(
        tallies, run="r.db", targets=50, lanes={lane(0): 50}, traffic=whole, session=session
    )
    assert summary_lines(summary) == [
        "50 targets: 50 updated",
        (
            "this session: 45 targets, 45 calls in 1 lane, 0 throttled, 0 conflicting, 0 retried; "
            "4.5 s, 10.0 targets/s"
        ),
        (
            "whole run: 50 calls in 1 lane, 1 throttled, 0 conflicting, 1 retried; "
            "10.0 s, 5.0 targets/s"
        ),
    ]
    printed = summary.to_json()
    assert printed["calls"] == 45
    assert isinstance(printed["total"], dict)
    assert printed["total"]["calls"] == 50


def test_an_error_code_counts_its_accounts() -> None:
    lanes = {Lane(f"{number:012}", "us-east-1"): 10 for number in range(399)}
    tallies = [Tally(each, Status.FAILED, "Denied", 10) for each in lanes]
    summary = summarize(tallies, run="r", targets=3990, lanes=lanes, traffic=Traffic())
    example = Outcome(0, SourceLine("t.csv", 2), "f", None, Status.FAILED, error_message="no")
    errors = error_groups(summary, {"Denied": example}, creates_missing=False)
    line = "    3,990 Denied in 399 accounts, for example t.csv:2 f: no"
    assert line in error_lines(errors, ANY_SCREEN)
