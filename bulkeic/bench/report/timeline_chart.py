"""The timeline of a benchmark: one load after another, second by second."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from bulkeic.bench.model.measurements import Measures, Second
from bulkeic.bench.report.chart_axes import Part, time_axis
from bulkeic.bench.report.charts import Chart, axis_title, chart_layout, color_of
from bulkeic.bench.report.result_tables import by_load, has_repeats, label, title_of
from bulkeic.output.formatting import figures, latency

MAX_POINTS = 1500
_MAX_CHARACTERS, _MAX_NAMES = 46, 40
_PANELS = ((0.70, 1.0), (0.32, 0.62), (0.0, 0.24))
TIMELINE_LEGEND = (
    ("p50", "c0"),
    ("p99", "c1"),
    ("max", "quiet"),
    ("refused", "c1"),
    ("failed", "c3"),
)
# With few requests a second, max equals p99, so its line is wider and lies behind.
_WIDE_LINE = {"color": "@quiet", "width": 3.5}
# Most failed requests are refused calls, too; markers do not add up with their bars.
_DIAMONDS = {
    "mode": "markers",
    "cliponaxis": False,
    "marker": {
        "color": "@c3",
        "symbol": "diamond",
        "size": 8,
        "line": {"color": "@card", "width": 1},
    },
}
_NAMES = ("requests a second", "latency", "refused and failed a second")


class Segment(NamedTuple):
    """A load on the timeline.

    Attributes:
        load: description of the load.
        name: description of the load and its repeat.
        color: color of the load.
        begin: seconds that were measured before.
        length: seconds of this load.
        size: seconds of one point.
        points: merged seconds.
    """

    load: str
    name: str
    color: str
    begin: int
    length: int
    size: int
    points: list[Second]


def timeline_chart(measures: Sequence[Measures]) -> Chart:
    """Rate, latency and refused calls, second by second."""
    parts = segments(measures)
    vertical = _is_vertical(parts)
    traces = (
        _line(parts, "rate", "@c0", 1, lambda point, size: point.done / size),
        _line(parts, "max", "@quiet", 2, lambda point, _: point.max_s)
        | {"line": _WIDE_LINE, "opacity": 0.5},
        _line(parts, "p99", "@c1", 2, lambda point, _: point.p99_s),
        _line(parts, "p50", "@c0", 2, lambda point, _: point.p50_s),
        _bars(parts, "refused", "@c1", lambda point, size: point.refused / size),
        _line(parts, "failed", "@c3", 3, lambda point, size: point.failed / size or None)
        | _DIAMONDS,
    )
    times = [time for trace in traces[1:4] for time in trace["y"]]
    return Chart(
        "timeline",
        "Requests a second, latency (p50, p99, max) and refused calls, second by second, "
        "one load after another.",
        600 + (64 if vertical else 0),
        list(traces),
        chart_layout(
            xaxis={
                "title": axis_title("measured seconds"),
                "anchor": "y3",
                "nticks": 8,
                "range": [0, sum(part.length for part in parts)],
            },
            yaxis={"domain": _PANELS[0], "rangemode": "tozero", "nticks": 5},
            yaxis2=time_axis(times) | {"domain": _PANELS[1]},
            yaxis3={"domain": _PANELS[2], "rangemode": "tozero", "nticks": 5},
            hovermode="x unified",
            hoversubplots="axis",
            bargap=0,
            margin={"t": 104 if vertical else 40},
            showlegend=False,
            shapes=_bands(parts),
            annotations=[*_panel_names(), *(_labels(parts) if len(parts) <= _MAX_NAMES else ())],
        ),
    )


def segments(measures: Sequence[Measures]) -> list[Segment]:
    """The loads in the order of measuring, with at most ``MAX_POINTS`` points or a few more."""
    colors = {load: color_of(at) for at, load in enumerate(by_load(measures))}
    repeats = has_repeats(measures)
    total = sum(len(each.seconds) for each in measures)
    size = max(1, -(-total // MAX_POINTS))
    made: list[Segment] = []
    begin = 0
    for each in measures:
        points = [
            merge_seconds(each.seconds[at : at + size]) for at in range(0, len(each.seconds), size)
        ]
        load, name = label(each.load), title_of(each, repeats=repeats)
        made.append(Segment(load, name, colors[each.load], begin, len(each.seconds), size, points))
        begin += len(each.seconds)
    return made


def merge_seconds(seconds: Sequence[Second]) -> Second:
    """Merges seconds into one: summed counts, the median p50, the worst p99 and max."""
    p50s = sorted(each.p50_s for each in seconds if each.p50_s is not None)
    return Second(
        second=seconds[0].second,
        done=sum(each.done for each in seconds),
        calls=sum(each.calls for each in seconds),
        refused=sum(each.refused for each in seconds),
        failed=sum(each.failed for each in seconds),
        p50_s=p50s[len(p50s) // 2] if p50s else None,
        p99_s=_worst(each.p99_s for each in seconds),
        max_s=_worst(each.max_s for each in seconds),
    )


def _worst(times: Iterable[float | None]) -> float | None:
    return max((time for time in times if time is not None), default=None)


Height = Callable[[Second, int], float | None]


def _line(parts: Iterable[Segment], name: str, color: str, panel: int, height: Height) -> Part:
    return _points(parts, name, panel, height) | {
        "type": "scatter", "mode": "lines",
        "line": {"color": color, "width": 1.8},
    }  # fmt: skip


def _bars(parts: Iterable[Segment], name: str, color: str, height: Height) -> Part:
    trace = _points(parts, name, 3, height)
    return trace | {
        "type": "bar",
        "marker": {"color": color, "line": {"width": 0}},
        "textposition": "none",
    }


def _points(parts: Iterable[Segment], name: str, panel: int, height: Height) -> Part:
    x: list[float | None] = []
    y: list[float | None] = []
    text: list[str] = []
    for part in parts:
        for point in part.points:
            begin = point.second - part.points[0].second
            size = min(part.size, part.length - begin)
            value = height(point, size)
            x.append(part.begin + begin + size / 2)
            y.append(value)
            shown = latency(value) if panel == 2 else figures(value or 0.0)  # noqa: PLR2004
            text.append(f"{shown} ({part.name}, second {point.second:,})")
        x.append(None)
        y.append(None)
        text.append("")
    return {
        "name": name, "x": x, "y": y, "text": text, "xaxis": "x", "yaxis": f"y{panel}",
        "hovertemplate": f"{name} %{{text}}<extra></extra>",
    }  # fmt: skip


def _bands(parts: Sequence[Segment]) -> list[Part]:
    return [
        {
            "type": "rect", "layer": "below", "xref": "x", "yref": "paper", "y0": 0, "y1": 1,
            "x0": part.begin, "x1": part.begin + part.length,
            "line": {"width": 0}, "fillcolor": f"{part.color}-faint", "opacity": 0.5,
        }
        for part in parts
    ] if len(parts) > 1 else []  # fmt: skip


def _panel_names() -> list[Part]:
    return [
        {
            "text": f"<b>{name}</b>", "xref": "paper", "yref": "paper", "x": 0, "y": top,
            "xanchor": "left", "yanchor": "bottom", "showarrow": False, "font": {"color": "@ink"},
        }
        for name, (_, top) in zip(_NAMES, _PANELS, strict=True)
    ]  # fmt: skip


def _is_vertical(parts: Sequence[Segment]) -> bool:
    """Whether the names of the loads do not fit side by side on a narrow page."""
    return sum(len(part.name) for part in parts) > _MAX_CHARACTERS


def _labels(parts: Sequence[Segment]) -> list[Part]:
    """The names of the loads above their bands; vertical if they do not fit."""
    vertical = _is_vertical(parts)
    usual = {
        "xref": "x", "yref": "paper", "y": 1, "yshift": 18, "xanchor": "center",
        "yanchor": "bottom", "showarrow": False, "textangle": -90 if vertical else 0,
    }  # fmt: skip
    names = [
        usual
        | {
            "text": part.load if vertical else part.name,
            "x": part.begin + part.length / 2,
            "font": {"color": part.color, "size": 11},
        }
        for part in parts
    ]
    return names if len(parts) > 1 else []
