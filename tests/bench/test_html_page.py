"""The HTML page: its figures, its charts, and no active content from outside."""

import importlib.util
import json
import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import plotly.graph_objects
import plotly.offline
import pytest

from bulkeic.bench.model.measurements import BenchResult, ClientUsage, Second
from bulkeic.bench.report.chart_axes import percentile_axis, percentiles, time_axis
from bulkeic.bench.report.charts import COLORS
from bulkeic.bench.report.html_page import check_charts, page
from bulkeic.bench.report.timeline_chart import MAX_POINTS, merge_seconds, segments, timeline_chart
from bulkeic.core.errors import InputError, UsageError
from bulkeic.output.formatting import latency

from .random_results import (
    closed_load,
    forecast,
    limit_measures,
    measures,
    open_load,
    result,
    spread,
    steps,
)

MALICIOUS = "</script><script>alert(1)</script><img src=x onerror=alert(1)><!--"
LOADING = {"src", "href", "srcset", "data", "action", "poster", "background"}
VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """What a browser finds in a page.

    Attributes:
        tables: rows of cells, by the table's caption.
        loads: values of attributes that may load something.
        scripts: what is in each script.
        tags: every element that is opened, with its attributes.
        text: all that can be read.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.loads: list[str] = []
        self.scripts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.loads += [value or "" for name, value in attrs if name in LOADING]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")
        elif tag == "caption":
            self._title = ""
        elif tag == "tr":
            self.tables[self._title].append([])
        elif tag in {"th", "td"}:
            self.tables[self._title][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "caption":
            self.tables[self._title] = []

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            self.scripts[-1] += data
        elif inside != "style":
            self.text += data
        if inside == "caption":
            self._title += data
        elif inside in {"th", "td"}:
            self.tables[self._title][-1][-1] += data

    @property
    def drawings(self) -> dict[str, Any]:
        return {each["name"]: each for each in json.loads(self.scripts[0])}


def page_of(*args: Any, **other: Any) -> Page:
    return Page(page(result(*args, **other)))


def known_result() -> BenchResult:
    """A result with round figures."""
    return result([
        measures(
            open_load(15), lanes=2, done=1500, calls=1600, refused=100, failed=3, throughput=150.0,
            latency=spread([0.02] * 98 + [0.5, 1.5]), waiting=spread([0.001] * 100),
            call=spread([0.019] * 100), retrying=spread([0.0] * 99 + [1.0]), conflicts=7,
            errors={"TooManyRequestsException": 100, "ServiceException": 2}, unfinished=4,
            client=ClientUsage(cpu_s=9, cpu_share=0.97, rss_mb=200),
        )
    ])  # fmt: skip


def test_every_figure_of_a_load_is_in_its_tables() -> None:
    shown = Page(page(known_result()))
    assert shown.tables["throughput, latency"] == [
        ["load", "requests", "a second", "refused", "failed", "conflicts", "unfinished",
         "p50", "p90", "p99", "p99.9", "max"],
        ["15/s a lane", "1,500", "150", "6.2 %", "3", "7", "4",
         "20.0 ms", "20.0 ms", "500 ms", "1.50 s", "1.50 s"],
    ]  # fmt: skip
    assert shown.tables["where it went"][1] == [
        "15/s a lane", "1.00 ms", "1.00 ms", "19.0 ms", "19.0 ms", "0 ms", "0 ms",
    ]  # fmt: skip
    assert shown.tables["errors"][1:] == [
        ["TooManyRequestsException", "100"],
        ["ServiceException", "2"],
    ]
    lanes = shown.tables["lanes under the hardest load, 15/s a lane"]
    assert {row[0] for row in lanes[1:]} == {lane.lane for lane in known_result().measures[0].lanes}
    assert "this machine was the limit, not the server: 97 % of a core" in shown.text
    assert "4 requests had not ended" in shown.text


def test_the_page_shows_what_was_measured() -> None:
    made = steps()
    text = Page(page(made)).text
    facts = [*made.versions.values(), *made.machine.values(), made.endpoint, made.made_at]
    assert [fact for fact in facts if fact not in text] == []
    assert "bulkeic bench fleet.csv --rates 5,10,15,20 --step 30s" in text
    assert "Get calls to https://lambda.us-east-1.amazonaws.com, 1,200 targets in 3 lanes" in text


def test_a_curve_for_each_load_and_repeat() -> None:
    shown = Page(page(steps(repeats=3, rates=(5, 20))))
    curves = shown.drawings["distribution"]["traces"]
    assert [(it["name"], it["showlegend"]) for it in curves] == [
        ("5/s a lane", True), ("5/s a lane", False), ("5/s a lane", False),
        ("20/s a lane", True), ("20/s a lane", False), ("20/s a lane", False),
    ]  # fmt: skip
    assert len({it["line"]["color"] for it in curves}) == 2
    assert len({it["line"]["dash"] for it in curves}) == 2


def test_a_percentile_curve_ends_with_the_maximum() -> None:
    curve = percentiles(spread([number / 1000 for number in range(1, 10_001)]).histogram)
    assert curve[0][0] == 1
    assert curve[0][1] == pytest.approx(0.001, rel=0.01)
    assert curve[-1][0] == 10_000
    assert curve[-1][1] == pytest.approx(10, rel=0.01)
    for odds, seconds in curve[1:-1]:
        assert seconds == pytest.approx(10 * (1 - 1 / odds), rel=0.01, abs=0.002)
    assert percentiles(spread([]).histogram) == []


@pytest.mark.parametrize("damaged", ["", "no base64!", "AAAA", "HISTFAAAA"])
def test_a_damaged_histogram_is_an_error(damaged: str) -> None:
    with pytest.raises(InputError, match="histogram of latency is damaged"):
        percentiles(damaged)


def test_axes_have_readable_ticks() -> None:
    axis = percentile_axis(12_345)
    assert percentile_axis(200)["ticktext"] == ["0 %", "50 %", "90 %", "99 %", "99.9 %"]
    assert axis["ticktext"] == ["0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"]
    even, log, wide = (time_axis(times) for times in ((0.05, 0.1), (0.001, 0.2), (1e-5, None, 60)))
    assert even["type"] == "linear"
    assert even["ticktext"] == ["0", "20 ms", "40 ms", "60 ms", "80 ms", "100 ms"]
    assert log["type"] == wide["type"] == "log"
    assert {"1 ms", "2 ms", "5 ms", "10 ms", "100 ms"} <= set(log["ticktext"])
    assert {"10 µs", "1 ms", "1 s", "10 s"} <= set(wide["ticktext"])
    assert "20 ms" not in wide["ticktext"]
    assert {"10 ms", "30 ms"} <= set(time_axis((0.001, 0.2), few=True)["ticktext"])
    assert time_axis([None, 0])["ticktext"][0] == "0"


def test_shares_of_the_time_add_up() -> None:
    (waiting, call, retrying) = Page(page(known_result())).drawings["split"]["traces"]
    assert [it["name"] for it in (waiting, call, retrying)] == ["waiting", "call", "retrying"]
    assert waiting["x"] == pytest.approx([100 * 0.001 / 0.03])
    assert call["x"] == pytest.approx([100 * 0.019 / 0.03])
    assert sum(it["x"][0] for it in (waiting, call, retrying)) == pytest.approx(100)


def test_the_timeline_has_all_seconds_one_load_after_another() -> None:
    made = steps()
    traces = {it["name"]: it for it in timeline_chart(made.measures).traces}
    for name, field in (("rate", "done"), ("p99", "p99_s"), ("refused", "refused")):
        drawn = [y for x, y in zip(traces[name]["x"], traces[name]["y"], strict=True) if x]
        assert drawn == [getattr(it, field) for each in made.measures for it in each.seconds]
    assert [x for x in traces["rate"]["x"] if x] == [at + 0.5 for at in range(120)]


def test_a_long_timeline_merges_seconds_and_keeps_every_request() -> None:
    several = [measures(seconds=4001), measures(closed_load(8), seconds=50)]
    parts = segments(several)
    assert sum(len(part.points) for part in parts) <= MAX_POINTS + len(parts)
    for part, each in zip(parts, several, strict=True):
        assert sum(it.done for it in part.points) == sum(it.done for it in each.seconds)
    rates = [y for y in timeline_chart(several).traces[0]["y"] if y is not None]
    assert min(rates[:1300]) > 10
    assert "One point stands for 3 seconds" in page_of(several).text


def test_merged_seconds() -> None:
    seconds = [
        Second(second=4, done=1, calls=2, refused=1, failed=0, p50_s=0.1, p99_s=0.2, max_s=0.3),
        Second(second=5, done=0, calls=0, refused=0, failed=0),
        Second(second=6, done=3, calls=3, refused=0, failed=1, p50_s=0.2, p99_s=0.1, max_s=0.4),
    ]
    assert merge_seconds(seconds) == Second(
        second=4, done=4, calls=5, refused=1, failed=1, p50_s=0.2, p99_s=0.2, max_s=0.4
    )
    assert merge_seconds(seconds[1:2]) == seconds[1]


def test_limits_show_their_bounds_and_lanes_without_a_limit_are_listed() -> None:
    shown = page_of([limit_measures([40, 5, 15], unlimited=1)])
    (dots,) = shown.drawings["limits-rate"]["traces"]
    assert dots["x"] == sorted(dots["x"])
    first = next(it.limit for it in limit_measures([40, 5, 15]).lanes if "eu-west" in it.lane)
    assert first is not None
    assert dots["x"][0] == first.rate
    assert dots["error_x"]["array"][0] == pytest.approx(first.high - first.rate)
    assert dots["error_x"]["arrayminus"][0] == pytest.approx(first.rate - first.low)
    assert shown.drawings["limits-burst"]["traces"][0]["x"] == [10, 30, 80]
    assert shown.tables["limits found, calls a second"][1] == [
        "111111111111/eu-west-1", "5.05", "4.90 to 5.25", "10.0", "93", "11", "18.4",
    ]  # fmt: skip
    assert "222222222222/us-east-1: no limit was found: 812 calls a second" in shown.text
    (dots,) = page_of([limit_measures([], unlimited=2)]).drawings["limits-rate"]["traces"]
    assert dots["name"] == "no limit found: at least"


def test_thousands_of_lanes_stay_readable() -> None:
    made = [measures(lanes=3000, slow=2, requests=10, seconds=5)]
    shown = page_of(made, forecast=forecast(3000))
    assert all(len(it["x"]) == 25 for it in shown.drawings["lanes-rate"]["traces"])
    assert "25 lanes of 3,000 drawn." in shown.text
    assert "2,500 lanes not shown" in shown.text
    assert len(shown.tables["apply fleet.csv --rate auto: about 2 min"]) == 502


def test_cpu_and_memory_of_the_client_by_load() -> None:
    several = [
        measures(
            open_load(5), repeat, client=ClientUsage(cpu_s=2, cpu_share=cpu, rss_mb=80 + repeat)
        )
        for repeat, cpu in enumerate((0.25, 0.95))
    ]
    calls = several[0].calls
    shown = page_of(several)
    assert shown.tables["CPU and memory of this client"][:2] == [
        ["load", "repeat", "CPU, of a core", "CPU time", "CPU time a call", "peak memory"],
        ["5/s a lane", "1", "25 %", "2.00 s", latency(2 / calls), "80 MB"],
    ]
    assert shown.drawings["client-cpu"]["traces"][0]["x"] == pytest.approx([95])
    assert shown.drawings["client-cpu"]["layout"]["shapes"][0]["x0"] == pytest.approx(90)
    assert shown.drawings["client-memory"]["traces"][0]["x"] == [81]
    assert "this machine was the limit" in shown.text
    assert page_of([measures(calls=0)]).tables["CPU and memory of this client"][1][3] == "-"


def test_failed_requests_are_not_stacked_on_refused_calls() -> None:
    made = measures(slow=3)
    layout = timeline_chart([made]).layout
    traces = {it["name"]: it for it in timeline_chart([made]).traces}
    assert traces["failed"]["mode"] == "markers"
    assert [y for y in traces["failed"]["y"] if y] == [
        it.failed for it in made.seconds if it.failed
    ]
    assert "barmode" not in layout


def test_a_forecast() -> None:
    shown = page_of([], forecast=forecast())
    assert shown.tables["apply fleet.csv --rate auto: about 2 min"] == [
        ["lane", "targets", "a second", "the rate is", "time"],
        ["111111111111/us-east-1", "1,200", "10.0", "measured", "2 min"],
        ["111111111111/eu-west-1", "1,199", "11.0", "measured", "120 s"],
        ["111111111111/ap-southeast-2", "1,198", "12.0", "documented quota", "120 s"],
        ["all lanes at once", "3,597", "", "", "2 min"],
    ]
    assert "apply fleet.csv --rate auto would take about 2 min" in shown.text


def malicious_result() -> BenchResult:
    """A result whose texts try to inject markup and scripts."""
    made = measures(lanes=2, slow=2, stopped=MALICIOUS, errors={MALICIOUS: 3})
    lanes = [
        msgspec.structs.replace(lane, lane=f"{MALICIOUS}{at}", stopped=MALICIOUS)
        for at, lane in enumerate(made.lanes)
    ]
    return result(
        [msgspec.structs.replace(made, lanes=lanes)], made_at=MALICIOUS,
        versions={MALICIOUS: MALICIOUS},
        machine={MALICIOUS: MALICIOUS}, flags=[MALICIOUS], endpoint=MALICIOUS,
        forecast=msgspec.structs.replace(forecast(1), source=MALICIOUS),
    )  # fmt: skip


def test_text_from_outside_never_becomes_markup() -> None:
    shown, harmless = (
        Page(page(malicious_result())),
        Page(page(result([measures(lanes=2, slow=2)]))),
    )
    assert len(shown.scripts) == len(harmless.scripts) == 3
    assert shown.scripts[1:] == harmless.scripts[1:]
    assert {tag for tag, _ in shown.tags} <= {tag for tag, _ in harmless.tags} | {"ul", "li"}
    assert MALICIOUS in shown.text
    assert "<" not in shown.scripts[0]
    ticks = shown.drawings["lanes-rate"]["layout"]["yaxis"]["ticktext"]
    assert all(re.findall(r"<[^>]*>", tick) == ["<br>"] for tick in ticks)


@pytest.mark.parametrize("made", [steps(), malicious_result()], ids=["harmless", "malicious"])
def test_a_page_loads_nothing_and_allows_no_other_script(made: BenchResult) -> None:
    shown = Page(page(made))
    assert shown.loads == ["data:,"]
    (policy,) = [
        attributes["content"] or ""
        for tag, attributes in shown.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert "http" not in policy


def test_control_characters_and_invalid_unicode_are_escaped() -> None:
    made = msgspec.structs.replace(measures(lanes=2), stopped="a\x1b[2J")
    lanes = [msgspec.structs.replace(made.lanes[0], lane="\udcff/" + "x" * 200), made.lanes[1]]
    text = page(result([msgspec.structs.replace(made, lanes=lanes)], flags=["\udcff\u202e"]))
    text.encode()
    shown = Page(text)
    assert "\\udcff\\u202e" in shown.text
    assert "ended early: a\\x1b[2J" in shown.text
    ticks = shown.drawings["lanes-rate"]["layout"]["yaxis"]["ticktext"]
    assert f"\\udcff<br>{'x' * 24}…" in ticks


def test_a_script_cannot_close_its_element(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotly.offline, "get_plotlyjs", lambda: "'</SCRIPT>'\r\n")
    shown = Page(page(result([])))
    assert shown.scripts[1] == "'<\\/SCRIPT>'\n"


def test_headings_are_in_order_and_every_chart_has_a_text_alternative() -> None:
    shown = page_of([limit_measures([5]), measures(slow=2)], forecast=forecast())
    headings = [tag for tag, _ in shown.tags if re.fullmatch("h[1-6]", tag)]
    assert headings == ["h1", "h2", "h2", "h3", *["h2"] * (len(headings) - 4)]
    charts = [it for tag, it in shown.tags if tag == "div" and it.get("class") == "chart"]
    assert {it["id"] for it in charts} == set(shown.drawings)
    assert all(it["role"] == "img" and it["aria-label"] for it in charts)
    names = [it["id"] for _, it in shown.tags if it.get("id")]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "made", [steps(), steps(2, (5, 10, 15, 20)), result([limit_measures([5, 15])]), result([])]
)
def test_plotly_accepts_every_chart(made: BenchResult) -> None:
    for drawing in Page(page(made)).drawings.values():
        text = json.dumps([drawing["traces"], drawing["layout"]])
        plain = re.sub(r'"color": "@\w+"', '"color": "#123456"', text)
        plain = re.sub(r'color": "@[\w-]+"', 'color": "#123456"', plain)
        assert "@" not in plain
        plotly.graph_objects.Figure(*json.loads(plain))


def test_every_color_has_a_light_and_a_dark_value() -> None:
    text = page(steps(rates=range(1, COLORS + 3)))
    used = set(re.findall(r'"@(\w+)(?:-faint)?"', Page(text).scripts[0]))
    style = text.split("<style>")[1].split("</style>")[0]
    assert used >= {f"c{at}" for at in range(COLORS)}
    assert {name: len(re.findall(rf"--{name}: #", style)) for name in used} == dict.fromkeys(
        used, 2
    )


@pytest.mark.parametrize("made", [result([]), result([measures(requests=0, seconds=0, lanes=1)])])
def test_a_result_without_measurements_has_a_page(made: BenchResult) -> None:
    assert "What was measured" in Page(page(made)).text


def test_without_plotly_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check_charts()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'bulkeic\[charts\]'"):
        page(steps())
