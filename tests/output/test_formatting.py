"""Texts for people: numbers, what a run is going to do, the table of lanes."""

import pytest

from bulkeic.core.model import Lane, Settings
from bulkeic.core.pacing.forecast import Forecast, LaneBacklog
from bulkeic.core.summary import LaneSummary
from bulkeic.output.console import changes, intention, lane_lines
from bulkeic.output.formatting import counted, duration

QUEUE = "arn:aws:sqs:{region}:{account}:q"


def lane(number: int) -> Lane:
    return Lane("123456789012", f"xx-test-{number}")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 s"), (0.2, "1 s"), (7, "7 s"), (7.1, "8 s"), (119.9, "120 s"), (120, "2 min"),
        (121, "3 min"), (7199, "120 min"), (7200, "2.0 h"), (12600, "3.5 h"),
        (2 * 86400, "2.0 days"), (216000, "2.5 days"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 lanes"), (1, "1 lane"), (2, "2 lanes"), (12345, "12,345 lanes")]
)
def test_counts(number: int, text: str) -> None:
    assert counted(number, "lane") == text


def test_an_intention_tells_targets_lanes_time_and_place() -> None:
    longest = LaneBacklog(lane(1), 2000, 15.0, 0.0)
    lanes = {lane(0): 1, lane(1): 2000, Lane("210987654321", "xx-test-1"): 5}
    plain, crowded = (Forecast(134.0, longest, crowded) for crowded in (False, True))
    (line,) = intention(lanes, plain, "AWS")
    assert line == (
        "2,006 targets in 3 lanes (2 accounts, 2 Regions), about 3 min; the longest lane is "
        "123456789012/xx-test-1 with 2,000; on AWS"
    )
    assert intention(lanes, crowded, "AWS")[0] == line
    assert "--concurrency" in intention(lanes, crowded, "AWS")[1]


def test_changes_tell_every_setting_and_how_many_more_there_are() -> None:
    wanted = [(Settings(1, 60, "", QUEUE), 1200), (Settings(maximum_retry_attempts=0), 1)]
    first, second = changes(wanted, 2)
    assert first == (
        "    1,200 x MaximumRetryAttempts 1, MaximumEventAgeInSeconds 60, OnSuccess none, "
        f"OnFailure {QUEUE}"
    )
    assert second == "        1 x MaximumRetryAttempts 0"
    assert changes(wanted, 3)[2] == "  and 1 other combination of settings"
    assert changes(wanted, 9)[2] == "  and 7 other combinations of settings"


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
