"""The result of a run or a plan, as text."""

from collections import Counter

import pytest

from bulkeic.core.model import Lane
from bulkeic.core.reconcile import Action
from bulkeic.core.summary import LaneSummary
from bulkeic.output.summary_text import ACTIONS, lane_lines, plan_lane_lines


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
    assert len(troubled) == min(10, failed + pending)
    assert rows[: len(troubled)] == troubled
    if not failed + pending:
        slowest = [f"{number:,.1f}" for number in reversed(range(len(lanes)))][:5]
        assert [row[5] for row in rows] == slowest
