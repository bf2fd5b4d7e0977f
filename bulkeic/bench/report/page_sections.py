"""What is on the page of a benchmark, from its head to its foot: cards with charts and tables."""

import shlex
from collections.abc import Iterable, Sequence

from bulkeic.bench.model.measurements import BenchResult, Measures
from bulkeic.bench.report.charts import (
    Chart,
    distribution,
    lanes_latency,
    lanes_rate,
    limits_burst,
    limits_rate,
    split,
)
from bulkeic.bench.report.client_usage import client_cpu, client_memory, client_table
from bulkeic.bench.report.result_tables import (
    errors_table,
    forecast_table,
    hardest,
    has_repeats,
    label,
    lanes_table,
    limits,
    limits_table,
    split_table,
    summary_table,
    title_of,
    worst_lanes,
)
from bulkeic.bench.report.result_text import notes
from bulkeic.bench.report.timeline_chart import KEYS, stretches, timeline
from bulkeic.output.formatting import counted, duration, figures, latency, share
from bulkeic.output.tables import html, markup

DRAWN_LANES = 25
_LISTED = 500
_LISTED_ERRORS = 50

Key = tuple[str, str]
Card = tuple[str, list[Chart]]


def title_of_page(result: BenchResult) -> str:
    """What was measured, where and when, in one line."""
    what = f"{result.operation.value.capitalize()} calls to {result.endpoint}"
    where = f"{counted(result.targets, 'target')} in {counted(result.lanes, 'lane')}"
    return f"{what}, {where}, {result.made_at}"


def sections(result: BenchResult) -> tuple[str, list[Chart]]:
    """The page's body, and the charts that belong in it."""
    measures = result.measures
    cards = [
        *_limits_card(measures),
        *_loads_cards(measures),
        *_lanes_card(measures),
        *_client_card(measures),
        *_forecast_card(result),
    ]
    parts = [_tiles(result), _notes(measures), *(text for text, _ in cards), _facts(result)]
    return "\n".join(filter(None, parts)), [each for _, drawings in cards for each in drawings]


def _loads_cards(measures: Sequence[Measures]) -> list[Card]:
    if not measures:
        return []
    errors = errors_table(measures, _LISTED_ERRORS)
    tables = [html(summary_table(measures), "loads-table")]
    if errors is not None:
        tables += ["<h3>Errors</h3>", html(errors, "errors-table")]
    cards = [_card("Loads", "", [], "\n".join(tables))]
    if any(each.latency.count for each in measures):
        told = (
            "Latency counts from the moment at which a request should have started. Each step to "
            "the right leaves a tenth of the requests; the curve ends with the longest."
        )
        cards.append(_card("Latency", told, [distribution(measures)]))
        told = (
            "Waiting for a token, a place or its function; the call itself; and calls that had to "
            "be made again, with the time before them. Shares of the mean, since percentiles of "
            "parts do not add up."
        )
        table = html(split_table(measures), "split-table")
        cards.append(_card("Where the time goes", told, [split(measures)], table))
    if any(each.seconds for each in measures):
        cards.append(_card("Timeline", _timeline_note(measures), [timeline(measures)], keys=KEYS))
    return cards


def _timeline_note(measures: Sequence[Measures]) -> str:
    told = "By the second in which requests ended, one load after another."
    size = max(part.size for part in stretches(measures))
    if size > 1:
        told += f" {size} seconds are one point: the mean rate, and the worst p99 and max of them."
    return told


def _lanes_card(measures: Sequence[Measures]) -> list[Card]:
    worst = hardest(measures)
    if worst is None:
        return []
    title = title_of(worst, repeats=has_repeats(measures))
    lanes = worst_lanes(worst, DRAWN_LANES)[:DRAWN_LANES]
    told = f"Under the hardest load, {title}; the most refused and then the slowest lanes first."
    told += _of(len(lanes), len(worst.lanes), "lane")
    drawings = [lanes_rate(lanes, worst.elapsed_s), lanes_latency(lanes)]
    return [_card("Lanes", told, drawings, html(lanes_table(worst, _LISTED, title), "lanes-table"))]


def _limits_card(measures: Sequence[Measures]) -> list[Card]:
    found, others = limits(measures, found=True), limits(measures, found=False)
    if not found and not others:
        return []
    # Lanes without a limit are beyond the scale of the others; they are told of above.
    ordered = found or others
    names = list(dict.fromkeys(lane for lane, _, _ in ordered))
    drawn = names[:DRAWN_LANES]
    told = "Calls a second that each lane sustains, and what it lets through at once besides."
    told += _of(len(drawn), len(names), "lane")
    drawings = [limits_rate(drawn, ordered)]
    if any(limit.burst is not None for _, _, limit in found):
        drawings.append(limits_burst(drawn, found))
    table = limits_table(measures, _LISTED)
    return [_card("Limits", told, drawings, html(table, "limits-table") if table else "")]


def _client_card(measures: Sequence[Measures]) -> list[Card]:
    if not measures:
        return []
    told = (
        "What measuring took of this machine, in the process that measured. Near a whole core, "
        "beyond the dotted line, its own waiting is part of the latency."
    )
    drawings = [client_cpu(measures), client_memory(measures)]
    return [_card("Client", told, drawings, html(client_table(measures), "client-table"))]


def _forecast_card(result: BenchResult) -> list[Card]:
    ahead = result.forecast
    if ahead is None:
        return []
    told = (
        f"apply {ahead.source} --rate auto would take about {duration(ahead.seconds)}: "
        "all lanes at once."
    )
    return [_card("Forecast", told, [], html(forecast_table(ahead, _LISTED), "forecast-table"))]


def _of(shown: int, total: int, word: str) -> str:
    return f" {counted(shown, word)} of {total:,} drawn." if shown < total else ""


def _card(
    title: str, told: str, drawings: Sequence[Chart], table: str = "", keys: Iterable[Key] = ()
) -> Card:
    name = title.lower().replace(" ", "-")
    charts = "\n".join(
        f'<div class="chart" id="{each.name}" role="img" aria-label="{markup(each.alt)}" '
        f'style="height:{each.height}px"></div>'
        for each in drawings
    )
    if len(drawings) > 1:
        charts = f'<div class="pair">{charts}</div>'
    note = f'<p class="quiet">{markup(told)}{_legend(keys)}</p>' if told else ""
    text = (
        f'<section class="card" aria-labelledby="{name}-heading">\n'
        f'<h2 id="{name}-heading">{title}</h2>\n{note}\n{charts}\n{table}\n</section>'
    )
    return text, list(drawings)


def _legend(keys: Iterable[Key]) -> str:
    return "".join(
        f' <span class="key" style="--key:var(--{colour})">{name}</span>' for name, colour in keys
    )


def _tiles(result: BenchResult) -> str:
    tiles = [*_limit_tiles(result.measures), *_load_tiles(result.measures)]
    if result.forecast is not None:
        tiles.insert(0, ("apply would take", duration(result.forecast.seconds), "forecast"))
    cells = "\n".join(
        f'<div><dt>{markup(name)}</dt><dd>{markup(value)}</dd><dd class="quiet">{markup(note)}</dd>'
        "</div>"
        for name, value, note in tiles
    )
    return f'<dl class="tiles">\n{cells}\n</dl>' if tiles else ""


def _limit_tiles(measures: Sequence[Measures]) -> list[tuple[str, str, str]]:
    found = limits(measures, found=True)
    lanes = {lane for lane, _, _ in found}
    every = lanes | {lane for lane, _, _ in limits(measures, found=False)}
    if not every:
        return []
    tiles = [("limits found", f"{len(lanes):,}", f"of {counted(len(every), 'lane')}")]
    if lanes:
        tightest = min(found, key=lambda it: it[2].rate)
        tiles.append(("the tightest limit", f"{figures(tightest[2].rate)}/s", tightest[0]))
    return tiles


def _load_tiles(measures: Sequence[Measures]) -> list[tuple[str, str, str]]:
    if not measures:
        return []
    fastest = max(measures, key=lambda it: it.throughput)
    slowest = max(measures, key=lambda it: it.latency.p99_s)
    quickest = min(measures, key=lambda it: it.latency.p99_s)
    calls, refused = (
        sum(getattr(each, name) for each in measures) for name in ("calls", "refused")
    )
    busiest = max(measures, key=lambda it: it.client.cpu_share)
    tiles = [
        ("requests", f"{sum(each.done for each in measures):,}", f"{calls:,} calls"),
        ("most a second", f"{figures(fastest.throughput)}/s", label(fastest.load)),
        ("worst p99", _p99(slowest), label(slowest.load)),
        ("refused", share(refused, calls), f"{refused:,} calls"),
        ("this client", share(busiest.client.cpu_share, 1), "of a core at most"),
    ]
    if limits(measures, found=True):
        return [tiles[0], *tiles[3:]]
    if len(measures) > 1:
        best = ("best p99", _p99(quickest), label(quickest.load))
        tiles.insert(2, best)
    return tiles


def _p99(measures: Measures) -> str:
    return latency(measures.latency.p99_s if measures.latency.count else None)


def _notes(measures: Sequence[Measures]) -> str:
    items = "\n".join(f"<li>{markup(note)}</li>" for note in notes(measures))
    return f'<ul class="notes" aria-label="Before you believe it">\n{items}\n</ul>' if items else ""


def _facts(result: BenchResult) -> str:
    facts: Iterable[tuple[str, str]] = (
        ("Command", f"<code>{markup(shlex.join(['bulkeic', *result.flags]))}</code>"),
        ("Operation", markup(result.operation.value)),
        ("Endpoint", markup(result.endpoint)),
        ("Targets", f"{result.targets:,}"),
        ("Lanes", f"{result.lanes:,}"),
        ("Made at", markup(result.made_at)),
        ("Seed", f"{result.seed}"),
        ("Versions", _pairs(result.versions)),
        ("Machine", _pairs(result.machine)),
    )
    rows = "\n".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts if value)
    return (
        '<section class="card" aria-labelledby="facts-heading">\n'
        f'<h2 id="facts-heading">What was measured</h2>\n<dl class="facts">\n{rows}\n</dl>\n'
        "</section>"
    )


def _pairs(values: dict[str, str]) -> str:
    return ", ".join(f"{markup(name)} {markup(value)}" for name, value in values.items())
