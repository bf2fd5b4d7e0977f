"""The timeline of a benchmark: all loads one after another, by second."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from bulkeic.bench.model.measurements import Measures, Second
from bulkeic.bench.report.chart_axes import Part, time_axis
from bulkeic.bench.report.charts import Chart, colour_of, layout_of, titled
from bulkeic.bench.report.result_tables import by_load, has_repeats, label, title_of
from bulkeic.output.formatting import figures, latency

MOST_POINTS = 1500
_MOST_CHARACTERS, _MOST_NAMES = 46, 40
_PANELS = ((0.70, 1.0), (0.32, 0.62), (0.0, 0.24))
KEYS = (("p50", "c0"), ("p99", "c1"), ("max", "quiet"), ("refused", "c1"), ("failed", "c3"))
# Where there are few requests, the longest of a second is its p99 as well.
_BEHIND = {"color": "@quiet", "width": 3.5}
# Most failed requests are refused calls as well, and not to be added to them.
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


class Stretch(NamedTuple):
    """A load on the timeline.

    Attributes:
        load: its name; ``name`` tells the repeat, too.
        begin: seconds, of all that were measured before.
        size: seconds that are one point.
        points: the seconds, as many taken together.
    """

    load: str
    name: str
    colour: str
    begin: int
    length: int
    size: int
    points: list[Second]


def timeline(measures: Sequence[Measures]) -> Chart:
    """Rate, latency and refusals, second by second."""
    parts = stretches(measures)
    upright = _upright(parts)
    rates = (
        _line(parts, "rate", "@c0", 1, lambda it, size: it.done / size),
        _line(parts, "max", "@quiet", 2, lambda it, _: it.max_s)
        | {"line": _BEHIND, "opacity": 0.5},
        _line(parts, "p99", "@c1", 2, lambda it, _: it.p99_s),
        _line(parts, "p50", "@c0", 2, lambda it, _: it.p50_s),
        _bars(parts, "refused", "@c1", lambda it, size: it.refused / size),
        _line(parts, "failed", "@c3", 3, lambda it, size: it.failed / size or None) | _DIAMONDS,
    )
    times = [time for trace in rates[1:4] for time in trace["y"]]
    return Chart(
        "timeline",
        "Requests a second, latency (p50, p99, max) and refused calls, second by second, "
        "one load after another.",
        600 + (64 if upright else 0),
        list(rates),
        layout_of(
            xaxis={
                "title": titled("seconds that were measured"),
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
            margin={"t": 104 if upright else 40},
            showlegend=False,
            shapes=_bands(parts),
            annotations=[*_panel_names(), *(_labels(parts) if len(parts) <= _MOST_NAMES else ())],
        ),
    )


def stretches(measures: Sequence[Measures]) -> list[Stretch]:
    """Every load in the order in which it was put on; no more points than can be told apart."""
    colours = {load: colour_of(at) for at, load in enumerate(by_load(measures))}
    repeats = has_repeats(measures)
    total = sum(len(each.seconds) for each in measures)
    size = max(1, -(-total // MOST_POINTS))
    made: list[Stretch] = []
    begin = 0
    for each in measures:
        points = [
            together(each.seconds[at : at + size]) for at in range(0, len(each.seconds), size)
        ]
        load, name = label(each.load), title_of(each, repeats=repeats)
        made.append(Stretch(load, name, colours[each.load], begin, len(each.seconds), size, points))
        begin += len(each.seconds)
    return made


def together(seconds: Sequence[Second]) -> Second:
    """Some seconds as one: their counts in all, the median p50, the worst p99 and max."""
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


def _line(parts: Iterable[Stretch], name: str, colour: str, panel: int, height: Height) -> Part:
    return _points(parts, name, panel, height) | {
        "type": "scatter", "mode": "lines",
        "line": {"color": colour, "width": 1.8},
    }  # fmt: skip


def _bars(parts: Iterable[Stretch], name: str, colour: str, height: Height) -> Part:
    trace = _points(parts, name, 3, height)
    return trace | {
        "type": "bar",
        "marker": {"color": colour, "line": {"width": 0}},
        "textposition": "none",
    }


def _points(parts: Iterable[Stretch], name: str, panel: int, height: Height) -> Part:
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
            told = latency(value) if panel == 2 else figures(value or 0.0)  # noqa: PLR2004
            text.append(f"{told} ({part.name}, second {point.second:,})")
        x.append(None)
        y.append(None)
        text.append("")
    return {
        "name": name, "x": x, "y": y, "text": text, "xaxis": "x", "yaxis": f"y{panel}",
        "hovertemplate": f"{name} %{{text}}<extra></extra>",
    }  # fmt: skip


def _bands(parts: Sequence[Stretch]) -> list[Part]:
    return [
        {
            "type": "rect", "layer": "below", "xref": "x", "yref": "paper", "y0": 0, "y1": 1,
            "x0": part.begin, "x1": part.begin + part.length,
            "line": {"width": 0}, "fillcolor": f"{part.colour}-faint", "opacity": 0.5,
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


def _upright(parts: Sequence[Stretch]) -> bool:
    """Whether the names of the loads would not fit side by side on a narrow page."""
    return sum(len(part.name) for part in parts) > _MOST_CHARACTERS


def _labels(parts: Sequence[Stretch]) -> list[Part]:
    """The names of the loads above their bands; upright where there are many."""
    upright = _upright(parts)
    usual = {
        "xref": "x", "yref": "paper", "y": 1, "yshift": 18, "xanchor": "center",
        "yanchor": "bottom", "showarrow": False, "textangle": -90 if upright else 0,
    }  # fmt: skip
    names = [
        usual
        | {
            "text": part.load if upright else part.name,
            "x": part.begin + part.length / 2,
            "font": {"color": part.colour, "size": 11},
        }
        for part in parts
    ]
    return names if len(parts) > 1 else []
