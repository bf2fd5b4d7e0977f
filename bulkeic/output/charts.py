"""A benchmark as one HTML page that needs nothing else, drawn by plotly, which is an extra.

All that a result says is escaped. Its policy admits the page's own scripts by their hashes and
nothing from anywhere else, so that even a text that slipped through could do nothing.
"""

import html
import importlib.util
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Any

from bulkeic.core.errors import UsageError, printable
from bulkeic.core.measures import Ahead, BenchResult, Limit, Measures
from bulkeic.output import figures
from bulkeic.output.numbers import counted, duration, latency

_JSON_ESCAPES = {each: f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}
_LOADS = (
    "load", "repeat", "requests", "req/s", "refused", "failed", "p50", "p90", "p99", "p99.9", "max",
)  # fmt: skip
_LANES = ("lane", "load", "req/s", "requests", "refused", "failed", "p50", "p99", "max", "stopped")
_LIMITS = ("lane", "calls/s", "from", "to", "burst", "calls", "refused", "took")
_AHEAD = ("lane", "targets", "calls/s", "measured", "time")


def check_charts() -> None:
    """Makes sure that pages can be drawn.

    Raises:
        UsageError: plotly is not installed.
    """
    if importlib.util.find_spec("plotly") is None:
        raise UsageError("charts need plotly: pip install 'bulkeic[charts]'")


def page(result: BenchResult) -> str:
    """The page: facts, a table of the loads, and charts of latency, time and lanes.

    Raises:
        UsageError: plotly is not installed.
    """
    check_charts()
    from plotly.offline import get_plotlyjs  # noqa: PLC0415  # an extra

    drawn: dict[str, Any] = {}
    body = "\n".join(
        [_facts(result), _loads(result.measures), *_charts(result.measures, drawn)]
        + ([_ahead(result.forecast)] if result.forecast else [])
    )
    plotly, script = _inlined(get_plotlyjs()), _part("charts.js")
    return Template(_part("charts.html")).substitute(
        hashes=f"{_hash(plotly)} {_hash(script)}",
        when=_text(f"measured {result.made_at}"),
        body=body,
        figures=_json(drawn),
        plotly=plotly,
        script=script,
    )


def _part(name: str) -> str:
    return files("bulkeic.output").joinpath(name).read_text("utf-8")


def _hash(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def _inlined(script: str) -> str:
    """A script as HTML reads it: line ends as they become, and no end of its element."""
    return re.sub(r"</(?=script)", r"<\\/", script.replace("\r\n", "\n"), flags=re.IGNORECASE)


def _json(drawn: dict[str, Any]) -> str:
    inside = ",".join(f'"{name}":{figure.to_json()}' for name, figure in drawn.items())
    return "{" + "".join(_JSON_ESCAPES.get(each, each) for each in inside) + "}"


def _text(text: str) -> str:
    return html.escape(printable(text))


def _facts(result: BenchResult) -> str:
    facts = {
        "Operation": result.operation.value,
        "Endpoint": result.endpoint,
        "Targets": f"{result.targets:,}",
        "Lanes": f"{result.lanes:,}",
        "Seed": str(result.seed),
    }
    wide = {
        "Versions": ", ".join(f"{name} {value}" for name, value in result.versions.items()),
        "Machine": ", ".join(f"{name}: {value}" for name, value in result.machine.items()),
        "Command": " ".join(("bulkeic", *result.flags)),
    }
    items = [_fact("div", name, value) for name, value in facts.items()]
    items += [_fact('div class="wide"', name, value) for name, value in wide.items()]
    return _section("What was measured", f"<dl>{''.join(items)}</dl>")


def _fact(element: str, name: str, value: str) -> str:
    return f"<{element}><dt>{name}</dt><dd>{_text(value)}</dd></div>"


def _loads(measures: list[Measures]) -> str:
    rows = []
    for number, each in enumerate(measures, 1):
        took = each.latency
        times = (took.p50_s, took.p90_s, took.p99_s, took.p999_s, took.max_s)
        rows.append(
            (
                f"#{number} {each.load}",
                str(each.repeat + 1),
                f"{each.done:,}",
                f"{each.throughput:,.1f}",
                f"{each.refused:,}",
                f"{each.failed:,}",
                *(latency(time) if took.count else "" for time in times),
            )
        )
    inside = _table("Loads", _LOADS, rows, bad=("refused", "failed"))
    return _section("Loads", inside + _notes(measures))


def _notes(measures: list[Measures]) -> str:
    errors: dict[str, int] = {}
    for each in measures:
        for code, count in each.errors.items():
            errors[code] = errors.get(code, 0) + count
    lines = [
        f"#{n} ended early: {each.stopped}" for n, each in enumerate(measures, 1) if each.stopped
    ]
    if errors:
        most = sorted(errors.items(), key=lambda item: -item[1])
        lines.append("Errors: " + ", ".join(f"{code} {count:,}" for code, count in most))
    return "".join(f"<p>{_text(line)}</p>" for line in lines)


def _charts(measures: list[Measures], drawn: dict[str, Any]) -> Iterator[str]:
    def chart(name: str, title: str, figure: Any) -> str:
        drawn[name] = figure
        return (
            f'<div><h3>{title}</h3><div class="chart" id="{name}" role="img" '
            f'aria-label="Chart: {title}"></div></div>'
        )

    if any(each.latency.count for each in measures):
        again = "; paler: repeats" if any(each.repeat for each in measures) else ""
        note = f"<p>From when a request should have started to its end{again}.</p>"
        figure = figures.distribution(measures)
        yield _section("Latency", note + chart("latency", "Latency by percentile", figure))
    if any(each.seconds for each in measures):
        yield _section(
            "Timeline",
            _timeline_note(measures)
            + chart("rate", "Requests and refused calls by second", figures.timeline_rate(measures))
            + chart("times", "Latency by second", figures.timeline_latency(measures)),
        )
    shown, hidden = figures.lanes(measures)
    if shown:
        parts = chart("through", "Requests a second", figures.lane_throughput(shown))
        parts += chart("refused", "Calls refused", figures.lane_refused(shown))
        inside = f'<div class="pair">{parts}</div>'
        limits = figures.lane_limits(shown)
        if limits is not None:
            inside += chart("limits", "What each lane lets through", limits) + _limits(shown)
        more = f"<p>The busiest lanes; {counted(hidden, 'lane')} not shown.</p>" if hidden else ""
        yield _section("Lanes", more + inside + _lanes(shown))


def _timeline_note(measures: list[Measures]) -> str:
    notes = []
    if len(measures) > 1:
        notes.append("One load after the other, numbered as above.")
    if (each_s := figures.seconds_a_point(measures)) > 1:
        notes.append(f"Each point stands for {each_s} s: their mean rate, and their worst latency.")
    return f"<p>{' '.join(notes)}</p>" if notes else ""


def _lanes(shown: list[figures.Lane]) -> str:
    rows = [
        (
            each.lane,
            lane.load,
            f"{each.throughput:,.1f}",
            f"{each.done:,}",
            f"{each.refused:,}",
            f"{each.failed:,}",
            *(
                "" if time is None else latency(time)
                for time in (each.p50_s, each.p99_s, each.max_s)
            ),
            each.stopped or "",
        )
        for lane in shown
        for each in lane.measures
    ]
    table = _table("Lanes", _LANES, rows, bad=("refused", "failed"))
    return f"<details><summary>Lanes as a table</summary>{table}</details>"


def _limits(shown: list[figures.Lane]) -> str:
    found = [(lane.lane, each.limit) for lane in shown for each in lane.measures if each.limit]
    return _table("Limits", _LIMITS, [_limit(lane, limit) for lane, limit in found])


def _limit(lane: str, limit: Limit) -> tuple[str, ...]:
    return (
        lane,
        f"{limit.rate:,.2f}" if limit.found else f"at least {limit.rate:,.2f}",
        f"{limit.low:,.2f}",
        f"{limit.high:,.2f}" if limit.found else "",
        "" if limit.burst is None else f"{limit.burst:,.0f}",
        f"{limit.calls:,}",
        f"{limit.refused:,}",
        f"{limit.seconds:,.1f} s",
    )


def _ahead(ahead: Ahead) -> str:
    shown = ahead.lanes[: figures.SHOWN_LANES]
    rows = [
        (
            lane.lane,
            f"{lane.targets:,}",
            f"{lane.rate:,.2f}",
            "yes" if lane.measured else "no: the documented quota",
            duration(lane.seconds),
        )
        for lane in shown
    ]
    text = f"apply of {ahead.source} would take about {duration(ahead.seconds)}"
    hidden = len(ahead.lanes) - len(shown)
    more = f"; {counted(hidden, 'shorter lane')} not shown" if hidden else ""
    return _section("Forecast", f"<p>{_text(text + more)}</p>{_table('Forecast', _AHEAD, rows)}")


def _table(
    name: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]], bad: tuple[str, ...] = ()
) -> str:
    titles = "".join(f'<th scope="col">{_text(title)}</th>' for title in head)
    body = []
    for first, *others in rows:
        cells = (
            f'<td class="bad">{_text(cell)}</td>'
            if title in bad and cell != "0"
            else f"<td>{_text(cell)}</td>"
            for title, cell in zip(head[1:], others, strict=True)
        )
        body.append(f'<tr><th scope="row">{_text(first)}</th>{"".join(cells)}</tr>')
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">'
        f'<table aria-label="{name}"><thead><tr>{titles}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{title}</h2>{inside}</section>"
