"""What a benchmark took of the machine that it ran on, load by load."""

from collections.abc import Sequence

from bulkeic.bench.model.measurements import Measures
from bulkeic.bench.model.workload import Load
from bulkeic.bench.report.chart_axes import Part
from bulkeic.bench.report.charts import Chart, layout_of, row_height, rows_axis, titled
from bulkeic.bench.report.result_tables import BUSY_SHARE, by_load, keys_of, label, rows_of
from bulkeic.output.formatting import figures, latency, share
from bulkeic.output.tables import Group, Table, beside

_LEAST_SCALE = 105


def client_table(measures: Sequence[Measures]) -> Table:
    """CPU and memory of each load of each repeat."""
    rows = rows_of(measures)
    columns = (
        [share(each.client.cpu_share, 1) for each in rows],
        [latency(each.client.cpu_s) for each in rows],
        [latency(each.client.cpu_s / each.calls if each.calls else None) for each in rows],
        [f"{each.client.rss_mb:,.0f} MB" for each in rows],
    )
    head = ("CPU, of a core", "CPU time", "CPU time a call", "most memory")
    return beside(keys_of(rows), [Group("CPU and memory of this client", head, columns)])


def client_cpu(measures: Sequence[Measures]) -> Chart:
    """How busy the client was under each load, and from where on it may have been the limit."""
    most = _most(measures, "cpu_share")
    percents = [100 * each for each in most.values()]
    layout = _layout("CPU, % of a core", most)
    layout["xaxis"]["range"] = [0, max([_LEAST_SCALE, *percents])]
    layout["shapes"] = [
        {
            "type": "line", "yref": "paper", "y0": 0, "y1": 1,
            "x0": 100 * BUSY_SHARE, "x1": 100 * BUSY_SHARE,
            "line": {"color": "@c1", "width": 2, "dash": "dot"},
        }
    ]  # fmt: skip
    told = [f"{share(each, 1)} of a core" for each in most.values()]
    return Chart(
        "client-cpu",
        "CPU that the client took, as a share of one core, by load. "
        "The figures are in the table below.",
        row_height(len(most)),
        [_bars("CPU", "@c0", percents, told)],
        layout,
    )


def client_memory(measures: Sequence[Measures]) -> Chart:
    """The most memory that the client had taken by the end of each load."""
    most = _most(measures, "rss_mb")
    told = [f"{figures(each)} MB" for each in most.values()]
    return Chart(
        "client-memory",
        "Memory that the client took at most, by load. The figures are in the table below.",
        row_height(len(most)),
        [_bars("memory", "@c2", list(most.values()), told)],
        _layout("memory at most, MB", most),
    )


def _most(measures: Sequence[Measures], name: str) -> dict[Load, float]:
    return {
        load: max(getattr(each.client, name) for each in repeats)
        for load, repeats in by_load(measures).items()
    }


def _bars(name: str, colour: str, values: Sequence[float], told: Sequence[str]) -> Part:
    return {
        "type": "bar", "orientation": "h", "name": name, "marker": {"color": colour},
        "x": list(values), "y": list(range(len(values))), "text": list(told),
        "hovertemplate": "%{text}<extra></extra>", "textposition": "auto",
        "insidetextanchor": "start",
    }  # fmt: skip


def _layout(title: str, most: dict[Load, float]) -> Part:
    return layout_of(
        bargap=0.35,
        xaxis={"title": titled(title), "rangemode": "tozero", "nticks": 6},
        yaxis=rows_axis([label(load) for load in most]),
    )
