"""The drawings of a benchmark's page, as plotly figures.

Paper and ink get their colours in the page, by its light or dark scheme.

Plotly reads a little HTML in its texts, so every text of a result goes through ``label``.
"""

import html
from collections.abc import Iterable
from typing import Any, NamedTuple

from hdrh.histogram import HdrHistogram

from bulkeic.core.errors import printable
from bulkeic.core.measures import LaneMeasures, Measures, Second, Spread

SHOWN_LANES = 50
# Okabe and Ito's, which people with any colour vision tell apart; without black and yellow, which
# vanish on one of the two papers.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8A8A8A")
_DASHES = ("solid", "dash", "dot", "dashdot")
_SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "star", "x")
_REFUSED = "#D55E00"
_TICKS = {1: "0 %", 10: "90 %", 100: "99 %", 1000: "99.9 %", 10_000: "99.99 %"}
_MOST_POINTS = 2000
_MOST_DASHED = 300
# Names of loads are this far apart at least, as a share of the axis.
_MARKS_APART = 0.05
_LABEL_CHARACTERS = 60
# Points of a distribution are this much apart at least, which is less than a pixel.
_APART = 1.01
_US_A_MS = 1000.0
_MS_A_S = 1000.0
_ROW_PX, _BESIDE_ROWS_PX = 24, 110
_AXIS = {"automargin": True, "title": {"standoff": 10}}


class Lane(NamedTuple):
    """A lane in one load, over all repeats: the mean of its rates, the sum of its counts.

    Attributes:
        load: what was put on.
        measures: of each repeat.
    """

    load: str
    lane: str
    measures: list[LaneMeasures]

    @property
    def throughput(self) -> float:
        """Requests a second."""
        return sum(each.throughput for each in self.measures) / len(self.measures)

    @property
    def refused(self) -> int:
        """Calls that were throttled."""
        return sum(each.refused for each in self.measures)


def label(text: str) -> str:
    """A text of a result for plotly, one line without markup."""
    cut = text if len(text) <= _LABEL_CHARACTERS else f"{text[:_LABEL_CHARACTERS]}…"
    return html.escape(printable(cut), quote=False)


def loads(measures: Iterable[Measures]) -> list[str]:
    """The loads' names, each once, in the order in which they were put on."""
    return list(dict.fromkeys(str(each.load) for each in measures))


def lanes(measures: list[Measures]) -> tuple[list[Lane], int]:
    """The busiest lanes in every load, and how many lanes are left out."""
    calls: dict[str, int] = {}
    found: dict[tuple[str, str], list[LaneMeasures]] = {}
    for each in measures:
        for lane in each.lanes:
            calls[lane.lane] = calls.get(lane.lane, 0) + lane.calls
            found.setdefault((str(each.load), lane.lane), []).append(lane)
    order = sorted(calls, key=lambda name: (-calls[name], name))[:SHOWN_LANES]
    shown = [
        Lane(load, name, found[load, name])
        for load in loads(measures)
        for name in order
        if (load, name) in found
    ]
    return shown, len(calls) - len(order)


def distribution(measures: list[Measures]) -> Any:
    """Latency by percentile, one line for each load and repeat."""
    figure = _figure(380)
    names = loads(measures)
    told: set[str] = set()
    for each in measures:
        points = quantiles(each.latency)
        if not points:
            continue
        load = str(each.load)
        number = names.index(load)
        figure.add_scatter(
            x=[x for x, _ in points],
            y=[y for _, y in points],
            name=label(load),
            legendgroup=load if load.isprintable() else str(number),
            showlegend=load not in told,
            mode="lines",
            opacity=1 if load not in told else 0.55,
            line={"shape": "hv", "width": 2} | _stroke(number),
            customdata=[f"{100 * (1 - 1 / x):.4g} %" for x, _ in points],
            hovertemplate=f"repeat {each.repeat + 1}, %{{customdata}}: %{{y:.4~g}} ms",
        )
        told.add(load)
    figure.update_xaxes(
        type="log", tickvals=list(_TICKS), ticktext=list(_TICKS.values()), title_text="percentile"
    )
    figure.update_yaxes(title_text="latency, ms", rangemode="tozero")
    return figure


def quantiles(spread: Spread) -> list[tuple[float, float]]:
    """Where each latency begins on an axis of 1 / (1 - quantile); milliseconds."""
    if not spread.count:
        return []
    histogram = HdrHistogram.decode(spread.histogram)
    total = histogram.get_total_count()
    points: list[tuple[float, float]] = []
    below = 0
    for item in histogram.get_recorded_iterator():
        x = total / (total - below)
        if not points or x >= points[-1][0] * _APART:
            points.append((x, item.value_iterated_to / _US_A_MS))
        below += item.count_at_value_iterated_to
    return [*points, (float(max(total, 1)), spread.max_s * _MS_A_S)]


def timeline_rate(measures: list[Measures]) -> Any:
    """Requests and refused calls by second, the loads one after the other."""
    rows, each_s = _rows(measures)
    figure = _figure(300)
    rates = {
        "requests/s": [None if row is None else row.done / each_s for _, row in rows],
        "refused/s": [None if row is None else row.refused / each_s for _, row in rows],
    }
    for (name, values), colour, dash in zip(
        rates.items(), (COLOURS[0], _REFUSED), _DASHES, strict=False
    ):
        _line(figure, rows, values, name, {"color": colour, "dash": dash})
    _mark(figure, measures)
    figure.update_yaxes(title_text="a second", rangemode="tozero")
    return figure


def timeline_latency(measures: list[Measures]) -> Any:
    """Latency by second, the loads one after the other."""
    rows, _ = _rows(measures)
    figure = _figure(300)
    for number, name in enumerate(("p50", "p99", "max")):
        values = [None if row is None else getattr(row, f"{name}_s") for _, row in rows]
        values = [None if value is None else value * _MS_A_S for value in values]
        _line(figure, rows, values, name, _stroke(number))
    _mark(figure, measures)
    figure.update_yaxes(title_text="latency, ms", rangemode="tozero")
    return figure


def lane_throughput(shown: list[Lane]) -> Any:
    """Requests a second of each lane."""
    return _dots(shown, [lane.throughput for lane in shown], "requests a second")


def lane_refused(shown: list[Lane]) -> Any:
    """Calls of each lane that were refused, over all repeats."""
    return _dots(shown, [float(lane.refused) for lane in shown], "calls refused")


def lane_limits(shown: list[Lane]) -> Any:
    """What each lane lets through, from the least to the most that it may be; ``None``: unknown."""
    found = [(lane.lane, each.limit) for lane in shown for each in lane.measures if each.limit]
    if not found:
        return None
    figure = _figure(_BESIDE_ROWS_PX + _ROW_PX * len({lane for lane, _ in found}))
    figure.add_scatter(
        x=[limit.rate for _, limit in found],
        y=[label(lane) for lane, _ in found],
        name="rate",
        mode="markers",
        marker={"size": 9, "color": COLOURS[0]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, limit.high - limit.rate) for _, limit in found],
            "arrayminus": [max(0.0, limit.rate - limit.low) for _, limit in found],
        },
        hovertemplate="%{y}: %{x:.4~g} calls/s",
    )
    bursts = [(lane, limit.burst) for lane, limit in found if limit.burst is not None]
    figure.add_scatter(
        x=[burst for _, burst in bursts],
        y=[label(lane) for lane, _ in bursts],
        name="burst",
        mode="markers",
        marker={"size": 9, "color": COLOURS[1], "symbol": "diamond-open", "line": {"width": 2}},
        hovertemplate="%{y}: burst of %{x:.4~g} calls",
    )
    return _by_lane(figure, "calls a second; burst: calls")


def _dots(shown: list[Lane], values: list[float], title: str) -> Any:
    figure = _figure(_BESIDE_ROWS_PX + _ROW_PX * len({lane.lane for lane in shown}))
    for number, load in enumerate(dict.fromkeys(lane.load for lane in shown)):
        rows = [
            (lane, value) for lane, value in zip(shown, values, strict=True) if lane.load == load
        ]
        figure.add_scatter(
            x=[value for _, value in rows],
            y=[label(lane.lane) for lane, _ in rows],
            name=label(load),
            showlegend=True,
            mode="markers",
            cliponaxis=False,
            marker={
                "size": 9,
                "color": COLOURS[number % len(COLOURS)],
                "symbol": _SYMBOLS[number % len(_SYMBOLS)],
            },
            hovertemplate="%{y}: %{x:.4~g}",
        )
    return _by_lane(figure, title)


def _by_lane(figure: Any, title: str) -> Any:
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title_text=title, rangemode="tozero")
    rows = len({name for trace in figure.data for name in trace.y})
    figure.update_yaxes(type="category", range=[rows - 0.5, -0.5])
    return figure


def seconds_a_point(measures: list[Measures]) -> int:
    """How many seconds each point of the timelines stands for."""
    return max(1, -(-sum(len(each.seconds) for each in measures) // _MOST_POINTS))


def _rows(measures: list[Measures]) -> tuple[list[tuple[float, Second | None]], int]:
    """All seconds, where they are on the axis, with gaps; and how many each row stands for."""
    each_s = seconds_a_point(measures)
    rows: list[tuple[float, Second | None]] = []
    for each, start in zip(measures, _starts(measures), strict=True):
        rows.extend(
            (start + first, _merged(each.seconds[first : first + each_s]))
            for first in range(0, len(each.seconds), each_s)
        )
        rows.append((start + len(each.seconds), None))
    return rows, each_s


def _merged(seconds: list[Second]) -> Second:
    def worst(name: str) -> float | None:
        return max((v for each in seconds if (v := getattr(each, name)) is not None), default=None)

    return Second(
        second=seconds[0].second,
        done=sum(each.done for each in seconds),
        calls=sum(each.calls for each in seconds),
        refused=sum(each.refused for each in seconds),
        failed=sum(each.failed for each in seconds),
        p50_s=worst("p50_s"),
        p99_s=worst("p99_s"),
        max_s=worst("max_s"),
    )


def _starts(measures: list[Measures]) -> list[int]:
    starts, at = [], 0
    for each in measures:
        starts.append(at)
        at += len(each.seconds)
    return starts


def _line(
    figure: Any,
    rows: list[tuple[float, Second | None]],
    values: list[Any],
    name: str,
    stroke: dict[str, str],
) -> None:
    figure.add_scatter(
        x=[x for x, _ in rows],
        y=values,
        name=name,
        mode="lines+markers" if len(rows) <= len(_TICKS) else "lines",
        line={"width": 2} | stroke | ({"dash": "solid"} if len(rows) > _MOST_DASHED else {}),
        hovertemplate="%{y:.4~g}",
    )


def _mark(figure: Any, measures: list[Measures]) -> None:
    """Tells where each load begins."""
    if len(measures) > 1:
        apart = _MARKS_APART * sum(len(each.seconds) for each in measures)
        named = -apart
        for number, start in enumerate(_starts(measures), 1):
            figure.add_vline(x=start, line={"width": 1, "dash": "dot", "color": COLOURS[-1]})
            if start - named >= apart:
                named = start
                figure.add_annotation(
                    x=start, y=1, yref="paper", text=f"#{number}", showarrow=False,
                    xanchor="left", yanchor="top",
                )  # fmt: skip
    figure.update_xaxes(title_text="seconds measured", rangemode="tozero")


def _stroke(number: int) -> dict[str, str]:
    return {"color": COLOURS[number % len(COLOURS)], "dash": _DASHES[number % len(_DASHES)]}


def _figure(height: int) -> Any:
    import plotly.graph_objects as go  # noqa: PLC0415  # an extra

    return go.Figure(
        layout={
            "template": "none",
            "height": height,
            "margin": {"l": 20, "r": 16, "t": 30, "b": 20},
            "xaxis": _AXIS,
            "yaxis": _AXIS,
            "hovermode": "x unified",
            "showlegend": True,
            "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        }
    )
