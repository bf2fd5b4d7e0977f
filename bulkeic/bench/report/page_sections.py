"""The content of a result page: tiles, notes, cards with charts and tables, and facts."""

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from bulkeic.bench.model.measurements import BenchResult, Measures
from bulkeic.bench.report.charts import (
    Chart,
    distribution_chart,
    lanes_latency_chart,
    lanes_rate_chart,
    limits_burst_chart,
    limits_rate_chart,
    time_shares_chart,
)
from bulkeic.bench.report.client_usage import (
    client_cpu_chart,
    client_memory_chart,
    client_table,
)
from bulkeic.bench.report.result_tables import (
    errors_table,
    forecast_table,
    hardest_load,
    has_repeats,
    label,
    lane_limits,
    lanes_table,
    limits_table,
    summary_table,
    time_shares_table,
    title_of,
    worst_lanes,
)
from bulkeic.bench.report.result_text import notes
from bulkeic.bench.report.timeline_chart import TIMELINE_LEGEND, segments, timeline_chart
from bulkeic.output.formatting import counted, duration, figures, latency, share
from bulkeic.output.page.page_parts import Fact, Tile
from bulkeic.output.tables import Table

CHART_LANES = 25
_TABLE_ROWS = 500
_ERROR_ROWS = 50


class PageTable(NamedTuple):
    """A table on a page.

    Attributes:
        name: an id that is unique on the page.
        table: the table.
        heading: text above the table; empty: none.
    """

    name: str
    table: Table
    heading: str = ""


class Card(NamedTuple):
    """A section of a page.

    Attributes:
        title: heading.
        note: explanation below the heading; empty: none.
        charts: charts, side by side.
        tables: tables below the charts.
        legend: names and colors of what the charts show, after the note.
    """

    title: str
    note: str = ""
    charts: Sequence[Chart] = ()
    tables: Sequence[PageTable] = ()
    legend: Sequence[tuple[str, str]] = ()

    @property
    def name(self) -> str:
        """An id that is unique on the page."""
        return self.title.lower().replace(" ", "-")


class ResultPage(NamedTuple):
    """Everything on a page."""

    title: str
    tiles: Sequence[Tile]
    notes: Sequence[str]
    cards: Sequence[Card]
    facts: Sequence[Fact]


def result_page(result: BenchResult) -> ResultPage:
    """The content of the page of a result.

    Raises:
        InputError: a histogram of the result is damaged.
    """
    measures = result.measures
    return ResultPage(
        title=_title(result),
        tiles=_tiles(result),
        notes=notes(measures),
        cards=[
            *_limits_cards(measures),
            *_loads_cards(measures),
            *_lanes_cards(measures),
            *_client_cards(measures),
            *_forecast_cards(result),
        ],
        facts=_facts(result),
    )


def _title(result: BenchResult) -> str:
    what = f"{result.operation.value.capitalize()} calls to {result.endpoint}"
    where = f"{counted(result.targets, 'target')} in {counted(result.lanes, 'lane')}"
    return f"{what}, {where}, {result.made_at}"


def _loads_cards(measures: Sequence[Measures]) -> list[Card]:
    if not measures:
        return []
    tables = [PageTable("loads-table", summary_table(measures))]
    errors = errors_table(measures, _ERROR_ROWS)
    if errors is not None:
        tables.append(PageTable("errors-table", errors, heading="Errors"))
    cards = [Card("Loads", tables=tables)]
    if any(each.latency.count for each in measures):
        cards += [_latency_card(measures), _time_shares_card(measures)]
    if any(each.seconds for each in measures):
        cards.append(
            Card(
                "Timeline",
                _timeline_note(measures),
                [timeline_chart(measures)],
                legend=TIMELINE_LEGEND,
            )
        )
    return cards


def _latency_card(measures: Sequence[Measures]) -> Card:
    return Card(
        "Latency",
        "Latency counts from the intended start of a request. Each step to the right leaves a "
        "tenth of the requests; the curve ends with the slowest one.",
        [distribution_chart(measures)],
    )


def _time_shares_card(measures: Sequence[Measures]) -> Card:
    return Card(
        "Where the time goes",
        "Waiting: for a token, a free slot or the function. Call: the final call. Retrying: calls "
        "that were retried, and the pauses before the next attempt. The chart shows shares of the "
        "mean, because percentiles of parts do not add up.",
        [time_shares_chart(measures)],
        [PageTable("split-table", time_shares_table(measures))],
    )


def _timeline_note(measures: Sequence[Measures]) -> str:
    note = "By the second in which requests ended, one load after another."
    size = max(segment.size for segment in segments(measures))
    if size > 1:
        note += f" One point stands for {size} seconds: their mean rate, worst p99 and worst max."
    return note


def _lanes_cards(measures: Sequence[Measures]) -> list[Card]:
    hardest = hardest_load(measures)
    if hardest is None:
        return []
    title = title_of(hardest, repeats=has_repeats(measures))
    lanes = worst_lanes(hardest, CHART_LANES)[:CHART_LANES]
    note = f"Under the hardest load, {title}; the most refused lanes come first, then the slowest."
    return [
        Card(
            "Lanes",
            note + _shown_note(len(lanes), len(hardest.lanes)),
            [lanes_rate_chart(lanes, hardest.elapsed_s), lanes_latency_chart(lanes)],
            [PageTable("lanes-table", lanes_table(hardest, _TABLE_ROWS, title))],
        )
    ]


def _limits_cards(measures: Sequence[Measures]) -> list[Card]:
    found = lane_limits(measures, found=True)
    # Lanes without a limit are beyond the scale of the others; the notes list them.
    shown = found or lane_limits(measures, found=False)
    if not shown:
        return []
    names = list(dict.fromkeys(each.lane for each in shown))
    drawn = names[:CHART_LANES]
    charts = [limits_rate_chart(drawn, shown)]
    if any(each.limit.burst is not None for each in found):
        charts.append(limits_burst_chart(drawn, found))
    table = limits_table(measures, _TABLE_ROWS)
    note = "Calls a second that each lane sustains, and the burst that it lets through at once."
    return [
        Card(
            "Limits",
            note + _shown_note(len(drawn), len(names)),
            charts,
            [] if table is None else [PageTable("limits-table", table)],
        )
    ]


def _client_cards(measures: Sequence[Measures]) -> list[Card]:
    if not measures:
        return []
    return [
        Card(
            "Client",
            "CPU and memory that the measuring process used. Near a whole core, beyond the dotted "
            "line, the latency includes time that requests wait for this process.",
            [client_cpu_chart(measures), client_memory_chart(measures)],
            [PageTable("client-table", client_table(measures))],
        )
    ]


def _forecast_cards(result: BenchResult) -> list[Card]:
    forecast = result.forecast
    if forecast is None:
        return []
    note = (
        f"apply {forecast.source} --rate auto would take about {duration(forecast.seconds)}; "
        "all lanes run at once."
    )
    table = PageTable("forecast-table", forecast_table(forecast, _TABLE_ROWS))
    return [Card("Forecast", note, tables=[table])]


def _shown_note(shown: int, total: int) -> str:
    return f" {counted(shown, 'lane')} of {total:,} drawn." if shown < total else ""


def _tiles(result: BenchResult) -> list[Tile]:
    tiles = [*_limit_tiles(result.measures), *_load_tiles(result.measures)]
    if result.forecast is not None:
        tiles.insert(0, Tile("apply would take", duration(result.forecast.seconds), "forecast"))
    return tiles


def _limit_tiles(measures: Sequence[Measures]) -> list[Tile]:
    found = lane_limits(measures, found=True)
    lanes = {each.lane for each in found}
    total = lanes | {each.lane for each in lane_limits(measures, found=False)}
    if not total:
        return []
    tiles = [Tile("limits found", f"{len(lanes):,}", f"of {counted(len(total), 'lane')}")]
    if found:
        lowest = min(found, key=lambda each: each.limit.rate)
        tiles.append(Tile("the lowest limit", f"{figures(lowest.limit.rate)}/s", lowest.lane))
    return tiles


def _load_tiles(measures: Sequence[Measures]) -> list[Tile]:
    if not measures:
        return []
    fastest = max(measures, key=lambda each: each.throughput)
    worst = max(measures, key=lambda each: each.latency.p99_s)
    best = min(measures, key=lambda each: each.latency.p99_s)
    busiest = max(measures, key=lambda each: each.client.cpu_share)
    calls = sum(each.calls for each in measures)
    refused = sum(each.refused for each in measures)
    requests = Tile("requests", f"{sum(each.done for each in measures):,}", f"{calls:,} calls")
    last = [
        Tile("refused", share(refused, calls), f"{refused:,} calls"),
        Tile("this client", share(busiest.client.cpu_share, 1), "of a core at most"),
    ]
    if lane_limits(measures, found=True):
        return [requests, *last]
    rate = Tile("most a second", f"{figures(fastest.throughput)}/s", label(fastest.load))
    p99s = [Tile("best p99", _p99(best), label(best.load))] if len(measures) > 1 else []
    return [requests, rate, *p99s, Tile("worst p99", _p99(worst), label(worst.load)), *last]


def _p99(measures: Measures) -> str:
    return latency(measures.latency.p99_s if measures.latency.count else None)


def _facts(result: BenchResult) -> list[Fact]:
    return [
        Fact("Command", shlex.join(["bulkeic", *result.flags]), is_code=True),
        Fact("Operation", result.operation.value),
        Fact("Endpoint", result.endpoint),
        Fact("Targets", f"{result.targets:,}"),
        Fact("Lanes", f"{result.lanes:,}"),
        Fact("Made at", result.made_at),
        Fact("Seed", f"{result.seed}"),
        Fact("Versions", _pairs(result.versions)),
        Fact("Machine", _pairs(result.machine)),
    ]


def _pairs(values: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
