"""Workers as text: one line when all is well, and one for each that is lost."""

import pytest

from bulkeic.output.report.report_text import report_lines
from bulkeic.output.tables import lines
from bulkeic.output.terminal.screen import Screen
from bulkeic.output.terminal.styles import rendered
from bulkeic.output.worker_text import ready_text, team_lines, worker_table
from tests.core.example_run_reports import run_report, worker


@pytest.mark.parametrize(
    ("lanes", "text"),
    [
        ([1], "1 worker: 1 lane"),
        ([400, 400], "2 workers: 400 and 400 lanes"),
        ([2, 1], "2 workers: 2 and 1 lane"),
        ([3889, 3889, 3888, 0], "4 workers: 3,889, 3,889, 3,888 and 0 lanes"),
        ([7] * 5, "5 workers: 7 lanes each"),
        ([970, 980, 1975, 975, 971, 970], "6 workers: 970 to 1,975 lanes each"),
    ],
)
def test_many_workers_that_are_ready_are_one_short_line(lanes: list[int], text: str) -> None:
    assert ready_text(lanes) == text


def test_a_lost_worker_is_one_line() -> None:
    well = [worker("w", 1), worker("w", 2)]
    assert team_lines(well) == ["2 workers: 40 targets, 100 calls, 10.0/s"]
    found = [
        rendered(line, in_color=False) for line in team_lines([*well, worker("w", 3, lost="gone")])
    ]
    assert found == [
        "3 workers: 60 targets, 150 calls, 15.0/s, 1 lost",
        "w-3 lost: gone; last heard 2026-11-26T08:00:10.000Z, its 3 lanes moved",
    ]


def test_the_table_has_each_worker() -> None:
    head, first, second = lines(worker_table([worker("w", 1), worker("w", 2, lost="gone")]))
    assert head == (
        "  worker  lanes  targets  calls  calls/s  throttled     last heard (UTC)  lost"
    )
    assert first == ("  w-1         1       20     50     5.00          3  2026-11-26 08:00:10  -")
    assert second.endswith("  gone")


def test_a_report_lists_each_worker_below_its_session_in_full_only() -> None:
    report = run_report(workers=[worker("w", 1), worker("w", 2)])
    short, full = (
        [rendered(line, in_color=False) for line in report_lines(report, Screen(in_full=in_full))]
        for in_full in (False, True)
    )
    assert [line for line in short if "w-1" in line] == []
    assert len([line for line in full if "w-1" in line]) == 1
    at = short.index("    2 workers: 40 targets, 100 calls, 10.0/s")
    assert short[at - 2].startswith("  apply from")
    assert not any("worker" in line for line in report_lines(run_report(workers=[])))
