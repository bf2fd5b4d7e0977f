"""The page of a run: its grid, its timeline, its data, and no markup from outside."""

import base64
import gzip
import json
import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.change.reconcile import Action
from bulkeic.core.change.snapshot import FieldChange
from bulkeic.core.model import Lane, Status
from bulkeic.core.report.place_counts import PlaceCounts, counts_by
from bulkeic.core.report.run_end import SessionRecord
from bulkeic.core.report.run_report import RunKind
from bulkeic.core.report.target_entry import TargetChange, TargetEntry
from bulkeic.core.report.timeline import Timeline, TimelineStep
from bulkeic.core.rollout.waves import Wave
from bulkeic.core.summary import Tally
from bulkeic.core.targets.selection import JobState
from bulkeic.output.page.lane_grid import MOST_ACCOUNTS, CellState, grid_cell, lane_grid
from bulkeic.output.page.run_page import run_page, run_page_pieces
from bulkeic.output.page.target_table import TargetTable
from bulkeic.output.page.timeline_drawing import (
    CALLS_HEIGHT,
    FAILURES_HEIGHT,
    TimelineDrawing,
    timeline_drawing,
)
from tests.core.example_run_reports import run_report

MALICIOUS = (
    "</script><script>alert(1)</script><img src=x onerror=alert(1)><!--\"'{{7*7}}\x00\x1b[31m"
)
VOID = {"meta", "link", "input", "rect", "line", "br", "img"}
LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "style"}
START = 1_700_000_000
TIMELINE = Timeline(1, (TimelineStep(START, 3, 5, 1, 1), TimelineStep(START + 5, 2, 2, 0, 0)))


class Page(HTMLParser):
    """What a browser finds in a page.

    Attributes:
        tags: every element that is opened, with its attributes.
        scripts: what is in each script.
        text: all that can be read.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID or tag == "rect":
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            self.scripts[-1] += data
        elif inside != "style":
            self.text += data

    @property
    def data(self) -> Any:
        return json.loads(gzip.decompress(base64.b64decode(self.scripts[0])))


def entry(text: str = "orders", **fields: Any) -> TargetEntry:
    change = TargetChange((FieldChange(text, text, text),), is_made=False)
    values: dict[str, Any] = {
        "seq": 0, "line": 2, "function": text, "qualifier": text,
        "lane": Lane("111111111111", text), "state": JobState.FAILED, "change": change,
        "error_code": text, "error_message": text, "attempts": 3, "throttles": 1,
        "started_at": "2026-11-26T08:00:00.500Z", "duration_s": 1.25, "request_id": text,
        "managed_by": text,
    }  # fmt: skip
    return TargetEntry(**(values | fields))


def page_of(text: str = "orders", **fields: Any) -> Page:
    report = run_report(text, timeline=TIMELINE, **fields)
    pieces = run_page_pieces(report, TargetTable([entry(text)]).packed(), 1)
    return Page(b"".join(pieces).decode())


def test_no_foreign_text_becomes_markup() -> None:
    harmless, attacked = page_of(), page_of(MALICIOUS, flags={MALICIOUS: MALICIOUS})
    assert [tag for tag, _ in attacked.tags] == [tag for tag, _ in harmless.tags]
    names = [sorted(attributes) for _, attributes in attacked.tags]
    assert names == [sorted(attributes) for _, attributes in harmless.tags]
    assert not any(name.startswith("on") for attributes in names for name in attributes)
    assert "49" not in attacked.text
    assert "\x1b" not in attacked.text
    assert "\x00" not in attacked.text
    assert attacked.text.count("<img src=x onerror=alert(1)>") > 10
    assert "</script" not in "".join(attacked.scripts)


def test_the_page_loads_nothing() -> None:
    shown = page_of()
    loads = [value for _, all_ in shown.tags for name, value in all_.items() if name in LOADING]
    assert loads == ["data:,"]
    policy = next(all_["content"] for tag, all_ in shown.tags if "content" in all_ and tag == "meta"
                  and "default-src" in str(all_["content"]))  # fmt: skip
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "url(" not in page_of().text


def test_it_says_what_when_who_where_and_how_it_ended() -> None:
    shown = page_of("targets.csv")
    for text in (
        "bulkeic apply targets.csv",
        "stopped early",
        "targets.csv of account 111111111111",
        "2026-11-26 08:00:00 UTC",
        "this run can be rolled back",
        "Waves",
        "Failures that were retried",
    ):
        assert text in shown.text


def test_it_says_who_worked_on_the_run_and_what_the_gate_answered() -> None:
    page = run_page(run_report("orders"), 15)
    facts = {fact.name: fact.value for fact in page.facts}
    assert (facts["Rolled back by"], facts["Plan digest"]) == ("orders", "orders")
    (session,) = page.sessions.rows
    assert list(session[-4:]) == ["orders", "orders", "1.0", "--yes orders"]
    assert page.workers is not None
    assert [(row[0], row[-1]) for row in page.workers.rows] == [
        ("orders-1", "-"), ("orders-2", "orders"),
    ]  # fmt: skip
    assert run_page(run_report(workers=[]), 15).workers is None
    assert page.gates is not None
    assert page.gates.rows == [("gate after wave 1", "2", "orders", "halt", "orders", "")]
    assert page.gate_outputs == [("after wave 1, answered orders", ["orders", "all is lost"])]
    shown = page_of("orders").text
    assert "orders\nall is lost\n" in shown
    assert "\\n" not in shown


def test_the_data_holds_every_field_of_a_target() -> None:
    other = entry("mail", seq=1, change=None, error_code=None, error_message=None, lane=None,
                  qualifier=None, started_at=None, duration_s=None, request_id=None,
                  managed_by=None)  # fmt: skip
    again = entry("orders", seq=2)
    packed = "".join(TargetTable([entry(), other, again]).packed())
    data = json.loads(gzip.decompress(base64.b64decode(packed)))
    first, second, third = (dict(zip(data["columns"], row, strict=True)) for row in data["rows"])
    assert first == third
    assert (first["line"], first["function"], first["request"]) == (2, "orders", "orders")
    assert data["lanes"][first["lane"]] == ["111111111111", "orders", "aws"]
    assert data["states"][first["state"]] == "failed"
    assert data["codes"] == data["messages"] == data["owners"] == ["orders"]
    assert data["changes"] == [[False, True, [["orders", "orders", "orders"]]]]
    assert (first["started"], first["duration"]) == (1795680000500, 1250)
    assert [name for name, value in second.items() if value is None] == [
        "qualifier", "lane", "code", "message", "change", "started", "duration", "request",
        "owner",
    ]  # fmt: skip


@given(st.lists(st.text(), max_size=1200))
def test_the_data_is_whole_whatever_its_size(names: list[str]) -> None:
    packed = "".join(TargetTable(entry(name) for name in names).packed())
    data = json.loads(gzip.decompress(base64.b64decode(packed, validate=True)))
    assert len(data["rows"]) == len(names)
    assert re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", packed)


def test_a_page_of_4000_targets_in_800_lanes_is_small() -> None:
    lanes = {Lane(f"{n:012d}", f"eu-west-{region}"): 5 for n in range(100) for region in range(8)}
    tallies = [Tally(lane, Status.FAILED, "AccessDenied", 5) for lane in lanes]
    entries = [
        entry(
            f"orders-{seq:08x}",
            seq=seq,
            error_message=f"User arn:aws:iam::{seq:012d}:role/r is not authorized",
            request_id=f"{seq * 7919 % 2**32:08x}-{seq * 104729 % 2**48:012x}",
        )
        for seq in range(4000)
    ]
    report = run_report(
        timeline=steps_of([(0, 900, 90, 9)] * 240, 60),
        lanes=counts_by(lambda lane: lane, lanes, tallies),
        accounts=counts_by(lambda lane: lane.account_id, lanes, tallies),
        regions=counts_by(lambda lane: lane.region, lanes, tallies),
    )
    pieces = run_page_pieces(report, TargetTable(entries).packed(), 4000)
    assert sum(map(len, pieces)) < 1_500_000


@pytest.mark.parametrize(
    ("statuses", "needs", "is_plan", "state", "text"),
    [
        ({"updated": 5}, {}, False, CellState.GOOD, "5"),
        ({"updated": 3}, {}, False, CellState.MILD, "… 2"),
        ({"updated": 2, "failed": 1, "unknown": 1}, {}, False, CellState.BAD, "✗ 2"),
        ({}, {}, False, CellState.MILD, "… 5"),
        ({"unchanged": 1}, {"change": 3, "create": 1}, True, CellState.TODO, "~ 4"),
        ({"unchanged": 1}, {"change": 1, "unchanged": 1}, True, CellState.TODO, "~ 1"),
        ({"failed": 1}, {"change": 4}, True, CellState.BAD, "✗ 1"),
        ({"unchanged": 5}, {"unchanged": 5}, True, CellState.GOOD, "5"),
        ({"unchanged": 1}, {}, True, CellState.MILD, "… 4"),
    ],
)
def test_a_cell_shows_what_matters_most(
    statuses: dict[str, int], needs: dict[str, int], *, is_plan: bool, state: CellState, text: str
) -> None:
    counts = PlaceCounts(lanes=1, targets=5, needs=needs)
    counts.statuses.update(statuses)
    cell = grid_cell(counts, is_plan=is_plan)
    assert (cell.state, cell.text) == (state, text)
    assert cell.description.endswith("of 5 targets")
    assert set(needs) <= {action.value for action in Action}


def test_accounts_with_trouble_come_first_and_the_grid_stays_small() -> None:
    lanes = {Lane(f"{number:012d}", region): 1 for number in range(1000) for region in "ab"}
    failed = Lane(f"{999:012d}", "b")
    tallies = [Tally(lane, Status.UPDATED, None, 1) for lane in lanes if lane != failed]
    tallies.append(Tally(failed, Status.FAILED, "x", 1))
    grid = lane_grid(
        run_report(
            lanes=counts_by(lambda lane: lane, lanes, tallies),
            accounts=counts_by(lambda lane: lane.account_id, lanes, tallies),
            regions=counts_by(lambda lane: lane.region, lanes, tallies),
        )
    )
    assert len(grid.rows) == MOST_ACCOUNTS
    assert grid.rows[0].account_id == failed.account_id
    assert [cell and cell.text for cell in grid.rows[0].cells] == ["1", "✗ 1"]
    assert grid.note == "600 accounts with less trouble not shown"
    assert [cell.text for cell in grid.totals] == ["1,000", "✗ 1"]
    assert grid.total.description == "1 failed, 1,999 done of 2,000 targets"


def test_a_lane_that_is_not_in_the_run_has_an_empty_cell() -> None:
    grid = lane_grid(run_report())
    assert [[cell is None for cell in row.cells] for row in grid.rows] == [
        [False, True], [True, False]
    ]  # fmt: skip


def steps_of(counts: list[tuple[int, int, int, int]], step_s: int) -> Timeline:
    at, steps = START // step_s * step_s, []
    for pause, attempts, throttles, failed in counts:
        steps.append(TimelineStep(at, attempts, attempts, min(throttles, attempts), failed))
        at += (1 + pause) * step_s
    return Timeline(step_s, tuple(steps))


counts = st.tuples(
    st.sampled_from([0, 0, 0, 1, 5, 500]),
    st.integers(0, 900),
    st.integers(0, 90),
    st.integers(0, 9),
)


@given(st.lists(counts, min_size=1, max_size=60), st.sampled_from([1, 15, 3600]))
def test_every_shape_is_inside_the_drawing(
    some: list[tuple[int, int, int, int]], step_s: int
) -> None:
    timeline = steps_of(some, step_s)
    drawing = timeline_drawing(timeline, [])
    assert drawing is not None
    for shapes, height in ((drawing.calls, CALLS_HEIGHT), (drawing.failures, FAILURES_HEIGHT)):
        for shape in shapes:
            assert shape.x >= 0
            assert shape.x + shape.width <= 100 + 1e-6
            assert shape.y >= -1e-6
            assert 0 < shape.height <= height + 1e-6
            assert shape.y + shape.height <= height + 1e-6
    places = [area.x for area in drawing.areas]
    assert places == sorted(set(places))
    assert len(drawing.table.rows) == len(timeline.steps)


def drawing_of(timeline: Timeline, waves: list[Wave]) -> TimelineDrawing:
    drawing = timeline_drawing(timeline, waves)
    assert drawing is not None
    return drawing


def test_waves_are_bands_around_their_calls() -> None:
    timeline = Timeline(
        1, tuple(TimelineStep(START + at, 1, 1, 0, 0) for at in (*range(10), *range(20, 30)))
    )
    waves = [
        Wave(1, 10, "2023-11-14T22:13:20.400Z", "2023-11-14T22:13:30.000Z"),
        Wave(2, 10, "2023-11-14T22:13:40.000Z"),
        Wave(3, 10),
    ]
    drawing = drawing_of(timeline, waves)
    first, second = [shape for shape in drawing.bands if shape.kind in {"odd", "even"}]
    assert (first.x, round(first.width), round(second.x)) == (0, 33, 67)
    assert [label.text for label in drawing.wave_labels] == ["wave 1", "wave 2"]


def test_a_long_pause_is_short() -> None:
    busy = [TimelineStep(START + at, 1, 1, 0, 0) for at in range(20)]
    later = [TimelineStep(START + 86_400 + at, 1, 1, 0, 0) for at in range(20)]
    drawing = drawing_of(Timeline(1, (*busy, *later)), [])
    assert [shape.kind for shape in drawing.bands] == ["pause"]
    assert drawing.areas[0].width > 2
    assert [label.text for label in drawing.ticks][::4] == ["22:13:20", "22:13:40"]


def test_impossible_values_of_a_changed_run_file_are_shown_as_none() -> None:
    steps = (TimelineStep(START, 1, -5, 3, 0), TimelineStep(253_402_300_799, 1, 1, 9, 0))
    waves = [Wave(1, 1, "junk"), Wave(2, 1, "2023-11-14T22:13:20Z", "junk")]
    drawing = drawing_of(Timeline(1, steps), waves)
    assert [shape.kind for shape in drawing.bands] == ["even", "pause"]
    assert all(0 < bar.height <= CALLS_HEIGHT for bar in drawing.calls)
    sessions = [SessionRecord("apply", "junk", math.inf, None)]
    pieces = run_page_pieces(
        run_report(timeline=Timeline(1, steps), waves=waves, sessions=sessions),
        TargetTable([entry(started_at="junk", duration_s=math.inf)]).packed(),
        1,
    )
    page = Page(b"".join(pieces).decode())
    (row,) = page.data["rows"]
    columns = page.data["columns"]
    assert (row[columns.index("started")], row[columns.index("duration")]) == (None, None)


def test_nothing_sent_has_no_timeline() -> None:
    assert timeline_drawing(Timeline(1, ()), []) is None
    report = run_report(timeline=Timeline(1, ()), sessions=[], waves=[], errors=[])
    pieces = run_page_pieces(report, TargetTable([]).packed(), 0)
    assert "Sessions" in Page(b"".join(pieces).decode()).text


def test_many_codes_sessions_and_waves_are_cut() -> None:
    report = run_report(waves=[Wave(number, 1) for number in range(1, 300)])
    many = run_report(
        errors=list(report.errors) * 60, sessions=list(report.sessions) * 300, waves=report.waves,
        gates=list(report.gates) * 300, workers=list(report.workers) * 150,
    )  # fmt: skip
    page = run_page(many, 3)
    assert page.workers is not None
    assert (len(page.workers.rows), page.workers.note) == (200, "and 100 more workers")
    assert sum(row[-1] != "-" for row in page.workers.rows) == 150  # every lost one
    assert (len(page.errors), page.more_errors) == (50, "and 70 more error codes")
    assert (len(page.sessions.rows), page.sessions.note) == (200, "and 100 earlier sessions")
    assert page.gates is not None
    assert (len(page.gates.rows), page.gates.note) == (200, "and 100 earlier decisions")
    assert len(page.gate_outputs) == 20
    assert page.waves is not None
    assert (len(page.waves.rows), page.waves.note) == (200, "and 99 later waves")
    assert page.table_note.startswith("The table has 3 of 15 targets: those that failed, then")


def test_settings_of_equally_many_targets_have_a_line_between_them() -> None:
    (one,) = run_report().settings

    def lines(times: int) -> int:
        tags = page_of(settings=[one] * times, settings_kinds=times).tags
        return sum(name == "tr" and values.get("class") == "next" for name, values in tags)

    assert lines(3) == lines(1) + 2


def test_a_plan_shows_what_is_to_be_changed() -> None:
    assert "each read counts as one call" not in page_of().text
    assert "each read counts as one call" in page_of(kind=RunKind.PLAN, waves=[]).text
    page = run_page(run_report(kind=RunKind.PLAN), 15)
    assert page.grid.is_plan
    assert [tile.name for tile in page.tiles] == ["Targets", "Failed", "Calls", "Time"]
