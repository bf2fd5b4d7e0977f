"""Charts of a benchmark as plotly's data: each has traces and a layout.

Colors are names that begin with ``@``; the page replaces them by those of the light or dark theme.
Plotly interprets some HTML in texts, so texts from outside are escaped here.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple

from bulkeic.bench.model.measurements import LaneLimit, LaneMeasures, Measures, Spread
from bulkeic.bench.model.workload import Load
from bulkeic.bench.report.chart_axes import Part, percentile_axis, percentiles, time_axis
from bulkeic.bench.report.result_tables import TIME_PARTS, FoundLimit, by_load, label
from bulkeic.core.errors import printable
from bulkeic.output.formatting import figures, latency, share

COLORS = 6
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_PART_COLORS = {"waiting": "@quiet", "call": "@c0", "retrying": "@c1"}
_ROW_PX, _FRAME_PX = 40, 110
_MARK_PX, _LIMIT_PX = 9, 5
_MAX_NAME_CHARACTERS = 24
_QUARTERS = (0, 25, 50, 75, 100)


class Chart(NamedTuple):
    """One chart.

    Attributes:
        name: an id that is unique on the page.
        alt: text alternative for people who cannot see the chart.
        height: pixels.
        traces: plotly's ``data``.
        layout: plotly's ``layout``.
    """

    name: str
    alt: str
    height: int
    traces: list[Part]
    layout: Part


def chart_layout(**parts: Any) -> Part:
    """A layout with the settings that all charts share."""
    axis = {
        "gridcolor": "@edge", "linecolor": "@edge", "zerolinecolor": "@edge",
        "automargin": True, "fixedrange": False,
    }  # fmt: skip
    layout: Part = {
        "font": {"color": "@ink", "family": "system-ui, sans-serif", "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "@card", "bordercolor": "@quiet", "font": {"color": "@ink"}},
        "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
    }
    for name, part in parts.items():
        default = axis if name.startswith(("xaxis", "yaxis")) else layout.get(name)
        layout[name] = default | part if isinstance(default, dict) else part
    return layout


def axis_title(text: str) -> Part:
    """The title of an axis."""
    return {"text": text, "font": {"size": 12}, "standoff": 10}


def rows_height(rows: int) -> int:
    """The height in pixels of a chart with this number of rows."""
    return _FRAME_PX + _ROW_PX * rows


def color_of(number: int) -> str:
    """The name of the color of a load, by its number."""
    return f"@c{number % COLORS}"


def distribution_chart(measures: Sequence[Measures]) -> Chart:
    """Latency by percentile, with a curve for each repeat of each load."""
    traces: list[Part] = []
    for number, (load, repeats) in enumerate(by_load(measures).items()):
        for each in repeats:
            trace = _curve(each, number)
            if trace["x"]:
                first = not any(other["name"] == label(load) for other in traces)
                traces.append(trace | {"showlegend": first})
    times = [time for trace in traces for time in trace["y"]]
    count = max((trace["x"][-1] for trace in traces), default=10.0)
    return Chart(
        "distribution",
        "Latency by percentile, a curve for each load. The figures are in the table of loads.",
        430,
        traces,
        chart_layout(
            xaxis=percentile_axis(count) | {"title": axis_title("percentile of requests")},
            yaxis=time_axis(times) | {"title": axis_title("latency")},
            showlegend=True,
        ),
    )


def time_shares_chart(measures: Sequence[Measures]) -> Chart:
    """Where the time of a request goes, as shares of the mean, by load."""
    loads = by_load(measures)
    names = [_mean_label(load, repeats) for load, repeats in loads.items()]
    traces = [_time_part_bars(part, loads) for part in TIME_PARTS]
    return Chart(
        "split",
        "Where the time of a request goes, in shares of the mean, by load. "
        "The figures are in the table below.",
        rows_height(len(loads)),
        traces,
        chart_layout(
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


def lanes_rate_chart(lanes: Sequence[LaneMeasures], elapsed_s: float) -> Chart:
    """Calls a second of each lane: those let through and those refused."""
    elapsed_s = elapsed_s or 1.0
    kinds = (
        ("let through", "@c0", [lane.calls - lane.refused for lane in lanes]),
        ("refused", "@c1", [lane.refused for lane in lanes]),
    )
    traces = [
        {
            "type": "bar", "orientation": "h", "name": name, "marker": {"color": color},
            "y": _row_numbers(lanes), "x": [count / elapsed_s for count in counts],
            "text": [
                f"{figures(count / elapsed_s)}/s {name}, {share(count, lane.calls)} of the calls"
                for lane, count in zip(lanes, counts, strict=True)
            ],
            "textposition": "none", "hovertemplate": "%{text}<extra></extra>",
        }
        for name, color, counts in kinds
    ]  # fmt: skip
    return Chart(
        "lanes-rate",
        "Calls a second of each lane, let through and refused.",
        rows_height(len(lanes)),
        traces,
        chart_layout(
            barmode="stack",
            bargap=0.35,
            xaxis={"title": axis_title("calls a second"), "rangemode": "tozero", "nticks": 6},
            yaxis=rows_axis([_lane_label(lane.lane) for lane in lanes]),
            legend={"traceorder": "normal"},
        ),
    )


def lanes_latency_chart(lanes: Sequence[LaneMeasures]) -> Chart:
    """Latency of each lane: p50, p99 and max."""
    kinds = (
        ("p50", "@c0", "circle", [lane.p50_s for lane in lanes]),
        ("p99", "@c1", "diamond", [lane.p99_s for lane in lanes]),
        ("max", "@quiet", "line-ns-open", [lane.max_s for lane in lanes]),
    )
    dots = [
        {
            "type": "scatter", "mode": "markers", "name": name,
            "x": times, "y": _row_numbers(lanes),
            "marker": _marker(color, symbol),
            "text": [f"{name} {latency(time)}" for time in times],
            "hovertemplate": "%{text}<extra></extra>",
        }
        for name, color, symbol, times in kinds
    ]  # fmt: skip
    all_times = [time for *_, times in kinds for time in times]
    return Chart(
        "lanes-latency",
        "Latency of each lane: p50, p99 and max.",
        rows_height(len(lanes)),
        [_range_lines(lanes), *dots],
        chart_layout(
            xaxis=time_axis(all_times, few=True) | {"title": axis_title("latency")},
            yaxis=rows_axis([_lane_label(lane.lane) for lane in lanes]),
        ),
    )


def limits_rate_chart(names: Sequence[str], limits: Iterable[FoundLimit]) -> Chart:
    """The rate that each lane sustains, with its lower and upper bound.

    Args:
        names: lanes to show, in order.
        limits: of any lanes.
    """
    rows = {name: row for row, name in enumerate(names)}
    shown = [(rows[each.lane], each.limit) for each in limits if each.lane in rows]
    found = [(row, limit) for row, limit in shown if limit.found]
    others = [(row, limit) for row, limit in shown if not limit.found]
    traces = [
        _limit_dots("limit, low to high", "circle", found),
        _limit_dots("no limit found: at least", "triangle-right-open", others),
    ]
    return Chart(
        "limits-rate",
        "Calls a second that each lane sustains. The figures are in the table of limits.",
        rows_height(len(names)),
        [trace for trace in traces if trace["x"]],
        chart_layout(
            xaxis={"title": axis_title("calls a second"), "rangemode": "tozero", "nticks": 6},
            yaxis=rows_axis(list(map(_lane_label, names))),
            showlegend=True,
        ),
    )


def limits_burst_chart(names: Sequence[str], limits: Iterable[FoundLimit]) -> Chart:
    """The burst that each lane lets through at once, the maximum of all repeats."""
    bursts = dict.fromkeys(names, 0.0)
    for lane, _, limit in limits:
        if lane in bursts and limit.burst is not None:
            bursts[lane] = max(bursts[lane], limit.burst)
    bars = {
        "type": "bar", "orientation": "h", "name": "burst", "marker": {"color": "@c2"},
        "x": list(bursts.values()), "y": list(range(len(bursts))),
        "text": [f"{figures(each)} calls" if each else "not found" for each in bursts.values()],
        "hovertemplate": "%{text}<extra></extra>", "textposition": "auto",
    }  # fmt: skip
    return Chart(
        "limits-burst",
        "Calls that each lane lets through at once. The figures are in the table of limits.",
        rows_height(len(names)),
        [bars],
        chart_layout(
            bargap=0.35,
            showlegend=True,
            xaxis={"title": axis_title("calls at once"), "rangemode": "tozero", "nticks": 6},
            yaxis=rows_axis(list(map(_lane_label, names))),
        ),
    )


def _curve(measures: Measures, number: int) -> Part:
    points = percentiles(measures.latency.histogram)
    name = label(measures.load)
    prefix = f"{name}, repeat {measures.repeat + 1}: " if measures.repeat else f"{name}: "
    return {
        "type": "scatter", "mode": "lines", "name": name, "legendgroup": name,
        "x": [x for x, _ in points], "y": [y for _, y in points],
        "line": {
            "color": color_of(number), "dash": _DASHES[number % len(_DASHES)],
            "width": 1.2 if measures.repeat else 2.2,
        },
        "text": [f"{prefix}{100 * (1 - 1 / x):.5g} % within {latency(y)}" for x, y in points],
        "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _time_part_bars(part: str, loads: dict[Load, list[Measures]]) -> Part:
    means = [_mean([getattr(each, part) for each in repeats]) for repeats in loads.values()]
    totals = [
        sum(_mean([getattr(each, name) for each in repeats]) for name in TIME_PARTS)
        for repeats in loads.values()
    ]
    texts = [
        f"{part}: {latency(mean)} of {latency(total)} on average ({share(mean, total)})"
        for mean, total in zip(means, totals, strict=True)
    ]
    return {
        "type": "bar", "orientation": "h", "name": part, "y": list(range(len(loads))),
        "x": [100 * mean / (total or 1) for mean, total in zip(means, totals, strict=True)],
        "marker": {"color": _PART_COLORS[part]},
        "text": texts, "textposition": "none", "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _mean(spreads: Sequence[Spread]) -> float:
    count = sum(each.count for each in spreads)
    return sum(each.count * each.mean_s for each in spreads) / count if count else 0.0


def _mean_label(load: Load, repeats: Sequence[Measures]) -> str:
    return f"{label(load)}<br>mean {latency(_mean([each.latency for each in repeats]))}"


def _range_lines(lanes: Sequence[LaneMeasures]) -> Part:
    """A thin line from p50 to max of each lane."""
    return {
        "type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False,
        "line": {"color": "@edge", "width": 3},
        "x": [time for lane in lanes for time in (lane.p50_s, lane.max_s, None)],
        "y": [y for row in range(len(lanes)) for y in (row, row, None)],
    }  # fmt: skip


def _limit_dots(name: str, symbol: str, shown: Sequence[tuple[int, LaneLimit]]) -> Part:
    limits = [limit for _, limit in shown]
    return {
        "type": "scatter", "mode": "markers", "name": name,
        "x": [limit.rate for limit in limits], "y": [row for row, _ in shown],
        "marker": _marker("@c0", symbol) | {"size": _LIMIT_PX},
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


def _marker(color: str, symbol: str) -> Part:
    return {
        "color": color, "symbol": symbol, "size": _MARK_PX, "line": {"color": color, "width": 2},
    }  # fmt: skip


def rows_axis(names: Sequence[str]) -> Part:
    """An axis of named rows, from top to bottom."""
    return {
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "range": [len(names) - 0.5, -0.5],
        "showgrid": False,
        "zeroline": False,
    }


def _row_numbers(lanes: Sequence[LaneMeasures]) -> list[int]:
    return list(range(len(lanes)))


def _lane_label(name: str) -> str:
    """The name of a lane in two lines, to save space on a narrow page."""
    return "<br>".join(
        escape(
            printable(
                line if len(line) <= _MAX_NAME_CHARACTERS else f"{line[:_MAX_NAME_CHARACTERS]}…"
            )
        )
        for line in name.split("/", 1)
    )
