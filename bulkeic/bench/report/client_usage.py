"""The CPU and memory that the benchmark used, by load."""

from collections.abc import Sequence

from bulkeic.bench.model.measurements import Measures
from bulkeic.bench.model.workload import Load
from bulkeic.bench.report.chart_axes import Part
from bulkeic.bench.report.charts import Chart, axis_title, chart_layout, rows_axis, rows_height
from bulkeic.bench.report.result_tables import (
    BUSY_SHARE,
    by_load,
    key_columns,
    label,
    ordered_by_load,
)
from bulkeic.output.formatting import figures, latency, share
from bulkeic.output.tables import Group, Table, beside

_MIN_SCALE_PERCENT = 105


def client_table(measures: Sequence[Measures]) -> Table:
    """CPU and memory of each repeat of each load."""
    rows = ordered_by_load(measures)
    columns = (
        [share(each.client.cpu_share, 1) for each in rows],
        [latency(each.client.cpu_s) for each in rows],
        [latency(each.client.cpu_s / each.calls if each.calls else None) for each in rows],
        [f"{each.client.rss_mb:,.0f} MB" for each in rows],
    )
    head = ("CPU, of a core", "CPU time", "CPU time a call", "peak memory")
    return beside(key_columns(rows), [Group("CPU and memory of this client", head, columns)])


def client_cpu_chart(measures: Sequence[Measures]) -> Chart:
    """CPU of the client by load, with a line from which on the client may be the limit."""
    peaks = _peaks(measures, "cpu_share")
    percents = [100 * each for each in peaks.values()]
    layout = _layout("CPU, % of a core", peaks)
    layout["xaxis"]["range"] = [0, max([_MIN_SCALE_PERCENT, *percents])]
    layout["shapes"] = [
        {
            "type": "line", "yref": "paper", "y0": 0, "y1": 1,
            "x0": 100 * BUSY_SHARE, "x1": 100 * BUSY_SHARE,
            "line": {"color": "@c1", "width": 2, "dash": "dot"},
        }
    ]  # fmt: skip
    texts = [f"{share(each, 1)} of a core" for each in peaks.values()]
    return Chart(
        "client-cpu",
        "CPU that the client used, as a share of one core, by load. "
        "The figures are in the table below.",
        rows_height(len(peaks)),
        [_bars("CPU", "@c0", percents, texts)],
        layout,
    )


def client_memory_chart(measures: Sequence[Measures]) -> Chart:
    """Peak memory of the client by the end of each load."""
    peaks = _peaks(measures, "rss_mb")
    texts = [f"{figures(each)} MB" for each in peaks.values()]
    return Chart(
        "client-memory",
        "Peak memory of the client, by load. The figures are in the table below.",
        rows_height(len(peaks)),
        [_bars("memory", "@c2", list(peaks.values()), texts)],
        _layout("peak memory, MB", peaks),
    )


def _peaks(measures: Sequence[Measures], name: str) -> dict[Load, float]:
    return {
        load: max(getattr(each.client, name) for each in repeats)
        for load, repeats in by_load(measures).items()
    }


def _bars(name: str, color: str, values: Sequence[float], texts: Sequence[str]) -> Part:
    return {
        "type": "bar", "orientation": "h", "name": name, "marker": {"color": color},
        "x": list(values), "y": list(range(len(values))), "text": list(texts),
        "hovertemplate": "%{text}<extra></extra>", "textposition": "auto",
        "insidetextanchor": "start",
    }  # fmt: skip


def _layout(title: str, peaks: dict[Load, float]) -> Part:
    return chart_layout(
        bargap=0.35,
        xaxis={"title": axis_title(title), "rangemode": "tozero", "nticks": 6},
        yaxis=rows_axis([label(load) for load in peaks]),
    )
