"""Charts of a benchmark, as plotly's own data: traces and a layout each.

Colours are names that begin with ``@``: the page knows what they are in the light and in the dark.
Plotly takes texts for a little HTML, so what comes from outside is escaped here.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from bulkeic.bench.model.measurements import LaneLimit, LaneMeasures, Measures, Spread
from bulkeic.bench.model.workload import Load
from bulkeic.bench.report.chart_axes import Part, percentile_axis, percentiles, time_axis
from bulkeic.bench.report.result_tables import PARTS, by_load, label
from bulkeic.output.formatting import figures, latency, share
from bulkeic.output.tables import markup

COLOURS = 6
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_PART_COLOURS = {"waiting": "@quiet", "call": "@c0", "retrying": "@c1"}
_ROW_PX, _FRAME_PX = 40, 110
_MARK_PX, _LIMIT_PX = 9, 5
_LONGEST_NAME = 24
_QUARTERS = (0, 25, 50, 75, 100)


class Chart(NamedTuple):
    """One chart.

    Attributes:
        name: an id that the page has but once.
        alt: what it shows, for those who cannot see it.
        height: pixels.
        traces: plotly's ``data``.
        layout: plotly's ``layout``.
    """

    name: str
    alt: str
    height: int
    traces: list[Part]
    layout: Part


def layout_of(**parts: Any) -> Part:
    """A layout, with what all charts have alike."""
    axis = {
        "gridcolor": "@edge", "linecolor": "@edge", "zerolinecolor": "@edge",
        "automargin": True, "fixedrange": False,
    }  # fmt: skip
    made: Part = {
        "font": {"color": "@ink", "family": "system-ui, sans-serif", "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "@card", "bordercolor": "@quiet", "font": {"color": "@ink"}},
        "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
    }
    for name, part in parts.items():
        usual = axis if name.startswith(("xaxis", "yaxis")) else made.get(name)
        made[name] = usual | part if isinstance(usual, dict) else part
    return made


def titled(text: str) -> Part:
    """An axis's title."""
    return {"text": text, "font": {"size": 12}, "standoff": 10}


def row_height(rows: int) -> int:
    """Pixels of a chart of so many rows."""
    return _FRAME_PX + _ROW_PX * rows


def colour_of(number: int) -> str:
    """The name of a load's colour."""
    return f"@c{number % COLOURS}"


def distribution(measures: Sequence[Measures]) -> Chart:
    """How long it took for which part of all requests, a curve for each load and repeat."""
    traces: list[Part] = []
    for number, (load, repeats) in enumerate(by_load(measures).items()):
        for each in repeats:
            trace = _curve(each, number)
            if trace["x"]:
                first = not any(it["name"] == label(load) for it in traces)
                traces.append(trace | {"showlegend": first})
    times = [time for trace in traces for time in trace["y"]]
    most = max((trace["x"][-1] for trace in traces), default=10.0)
    return Chart(
        "distribution",
        "Latency by percentile, a curve for each load. The figures are in the table of loads.",
        430,
        traces,
        layout_of(
            xaxis=percentile_axis(most) | {"title": titled("percentile of requests")},
            yaxis=time_axis(times) | {"title": titled("latency")},
            showlegend=True,
        ),
    )


def split(measures: Sequence[Measures]) -> Chart:
    """Which part of its time a request waits, is called, and is called again; by load."""
    loads = by_load(measures)
    names = [_named_mean(load, repeats) for load, repeats in loads.items()]
    traces = [_part_bars(part, loads) for part in PARTS]
    return Chart(
        "split",
        "Where the time of a request goes, in shares of the mean, by load. "
        "The figures are in the table below.",
        row_height(len(loads)),
        traces,
        layout_of(
            barmode="stack",
            bargap=0.35,
            xaxis={
                "range": [0, 100.5],
                "tickvals": _QUARTERS,
                "ticktext": [f"{each} %" for each in _QUARTERS],
            },
            yaxis=rows_axis(names),
            legend={"traceorder": "normal"},
            margin={"r": 28},
        ),
    )


def lanes_rate(lanes: Sequence[LaneMeasures], elapsed_s: float) -> Chart:
    """Calls a second of each lane: let through, and refused."""
    elapsed_s = elapsed_s or 1.0
    kinds = (
        ("let through", "@c0", [lane.calls - lane.refused for lane in lanes]),
        ("refused", "@c1", [lane.refused for lane in lanes]),
    )
    traces = [
        {
            "type": "bar", "orientation": "h", "name": name, "marker": {"color": colour},
            "y": _places(lanes), "x": [count / elapsed_s for count in counts],
            "text": [
                f"{figures(count / elapsed_s)}/s {name}, {share(count, lane.calls)} of the calls"
                for lane, count in zip(lanes, counts, strict=True)
            ],
            "textposition": "none", "hovertemplate": "%{text}<extra></extra>",
        }
        for name, colour, counts in kinds
    ]  # fmt: skip
    return Chart(
        "lanes-rate",
        "Calls a second of each lane, let through and refused.",
        row_height(len(lanes)),
        traces,
        layout_of(
            barmode="stack",
            bargap=0.35,
            xaxis={"title": titled("calls a second"), "rangemode": "tozero", "nticks": 6},
            yaxis=rows_axis([_lane(lane.lane) for lane in lanes]),
            legend={"traceorder": "normal"},
        ),
    )


def lanes_latency(lanes: Sequence[LaneMeasures]) -> Chart:
    """How long it took in each lane: p50, p99, max."""
    kinds = (
        ("p50", "@c0", "circle", [lane.p50_s for lane in lanes]),
        ("p99", "@c1", "diamond", [lane.p99_s for lane in lanes]),
        ("max", "@quiet", "line-ns-open", [lane.max_s for lane in lanes]),
    )
    dots = [
        {
            "type": "scatter", "mode": "markers", "name": name, "x": times, "y": _places(lanes),
            "marker": _mark(colour, symbol),
            "text": [f"{name} {latency(time)}" for time in times],
            "hovertemplate": "%{text}<extra></extra>",
        }
        for name, colour, symbol, times in kinds
    ]  # fmt: skip
    all_times = [time for *_, times in kinds for time in times]
    return Chart(
        "lanes-latency",
        "Latency of each lane: p50, p99 and the longest.",
        row_height(len(lanes)),
        [_reaches(lanes), *dots],
        layout_of(
            xaxis=time_axis(all_times, few=True) | {"title": titled("latency")},
            yaxis=rows_axis([_lane(lane.lane) for lane in lanes]),
        ),
    )


def limits_rate(names: Sequence[str], found: Iterable[tuple[str, int, LaneLimit]]) -> Chart:
    """What each lane sustains, with the least and the most that it may be.

    Args:
        names: of the lanes that are shown, in their order.
        found: name, repeat and limit.
    """
    places = {name: at for at, name in enumerate(names)}
    shown = [(places[name], limit) for name, _, limit in found if name in places]
    traces = [
        _limit_dots("limit, low to high", "circle", [it for it in shown if it[1].found]),
        _limit_dots("no limit found: at least", "triangle-right-open", [
            it for it in shown if not it[1].found
        ]),
    ]  # fmt: skip
    return Chart(
        "limits-rate",
        "Calls a second that each lane sustains. The figures are in the table of limits.",
        row_height(len(names)),
        [trace for trace in traces if trace["x"]],
        layout_of(
            xaxis={"title": titled("calls a second"), "rangemode": "tozero", "nticks": 6},
            yaxis=rows_axis(list(map(_lane, names))),
            showlegend=True,
        ),
    )


def limits_burst(names: Sequence[str], found: Iterable[tuple[str, int, LaneLimit]]) -> Chart:
    """How many calls each lane lets through at once, the most of all repeats."""
    most = dict.fromkeys(names, 0.0)
    for name, _, limit in found:
        if name in most and limit.burst is not None:
            most[name] = max(most[name], limit.burst)
    bars = {
        "type": "bar", "orientation": "h", "name": "burst", "marker": {"color": "@c2"},
        "x": list(most.values()), "y": list(range(len(most))),
        "text": [f"{figures(each)} calls" if each else "not found" for each in most.values()],
        "hovertemplate": "%{text}<extra></extra>", "textposition": "auto",
    }  # fmt: skip
    return Chart(
        "limits-burst",
        "Calls that each lane lets through at once. The figures are in the table of limits.",
        row_height(len(names)),
        [bars],
        layout_of(
            bargap=0.35,
            showlegend=True,
            xaxis={"title": titled("calls at once"), "rangemode": "tozero", "nticks": 6},
            yaxis=rows_axis(list(map(_lane, names))),
        ),
    )


def _curve(measures: Measures, number: int) -> Part:
    points = percentiles(measures.latency.histogram)
    name = label(measures.load)
    told = f"{name}, repeat {measures.repeat + 1}: " if measures.repeat else f"{name}: "
    return {
        "type": "scatter", "mode": "lines", "name": name, "legendgroup": name,
        "x": [x for x, _ in points], "y": [y for _, y in points],
        "line": {
            "color": colour_of(number), "dash": _DASHES[number % len(_DASHES)],
            "width": 1.2 if measures.repeat else 2.2,
        },
        "text": [f"{told}{100 * (1 - 1 / x):.5g} % within {latency(y)}" for x, y in points],
        "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _part_bars(part: str, loads: dict[Load, list[Measures]]) -> Part:
    means = [_mean([getattr(each, part) for each in repeats]) for repeats in loads.values()]
    wholes = [
        sum(_mean([getattr(each, name) for each in repeats]) for name in PARTS)
        for repeats in loads.values()
    ]
    told = [
        f"{part}: {latency(mean)} of {latency(whole)} on average ({share(mean, whole)})"
        for mean, whole in zip(means, wholes, strict=True)
    ]
    return {
        "type": "bar", "orientation": "h", "name": part, "y": list(range(len(loads))),
        "x": [100 * mean / (whole or 1) for mean, whole in zip(means, wholes, strict=True)],
        "marker": {"color": _PART_COLOURS[part]},
        "text": told, "textposition": "none", "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _mean(spreads: Sequence[Spread]) -> float:
    count = sum(each.count for each in spreads)
    return sum(each.count * each.mean_s for each in spreads) / count if count else 0.0


def _named_mean(load: Load, repeats: Sequence[Measures]) -> str:
    return f"{label(load)}<br>mean {latency(_mean([each.latency for each in repeats]))}"


def _reaches(lanes: Sequence[LaneMeasures]) -> Part:
    """A thin line from p50 to max of each lane."""
    return {
        "type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False,
        "line": {"color": "@edge", "width": 3},
        "x": [time for lane in lanes for time in (lane.p50_s, lane.max_s, None)],
        "y": [place for at in range(len(lanes)) for place in (at, at, None)],
    }  # fmt: skip


def _limit_dots(name: str, symbol: str, shown: Sequence[tuple[int, LaneLimit]]) -> Part:
    limits = [limit for _, limit in shown]
    return {
        "type": "scatter", "mode": "markers", "name": name,
        "x": [limit.rate for limit in limits], "y": [place for place, _ in shown],
        "marker": _mark("@c0", symbol) | {"size": _LIMIT_PX},
        "error_x": {
            "type": "data", "symmetric": False, "color": "@c0", "thickness": 2, "width": 7,
            "array": [max(0.0, limit.high - limit.rate) for limit in limits],
            "arrayminus": [max(0.0, limit.rate - limit.low) for limit in limits],
            "visible": any(limit.found for limit in limits),
        },
        "text": [
            f"{figures(limit.rate)}/s ({figures(limit.low)} to {figures(limit.high)})"
            if limit.found
            else f"{figures(limit.rate)}/s got through, no limit found"
            for limit in limits
        ],
        "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _mark(colour: str, symbol: str) -> Part:
    return {
        "color": colour, "symbol": symbol, "size": _MARK_PX, "line": {"color": colour, "width": 2},
    }  # fmt: skip


def rows_axis(names: Sequence[str]) -> Part:
    """Rows from the top down, each with its name."""
    return {
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "range": [len(names) - 0.5, -0.5],
        "showgrid": False,
        "zeroline": False,
    }


def _places(lanes: Sequence[LaneMeasures]) -> list[int]:
    return list(range(len(lanes)))


def _lane(name: str) -> str:
    """A lane's name in two lines, so that it leaves room on a narrow page."""
    return "<br>".join(
        markup(line if len(line) <= _LONGEST_NAME else f"{line[:_LONGEST_NAME]}…")
        for line in name.split("/", 1)
    )
