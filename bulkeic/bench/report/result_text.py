"""What a benchmark came to, line by line, for people."""

from collections.abc import Iterable, Iterator, Sequence

from bulkeic.bench.model.measurements import BenchResult, Measures
from bulkeic.bench.report.result_tables import (
    BUSY_SHARE,
    errors_table,
    forecast_table,
    hardest,
    has_repeats,
    lanes_table,
    limits,
    limits_table,
    measures_tables,
    title_of,
)
from bulkeic.output.formatting import counted, figures, share
from bulkeic.output.tables import WIDTH, fitting, lines

_SHOWN_LANES = 20
_SHOWN_ERRORS = 10
_SHOWN_NOTES = 5

_Named = tuple[str, Measures]


def bench_lines(result: BenchResult, width: int | None = None) -> list[str]:
    """A whole result: loads, errors, lanes, limits, the client, what is odd, the forecast.

    Args:
        result: of any loads.
        width: characters of a terminal's line; ``None``: there is no terminal.
    """
    width = min(WIDTH, width or WIDTH)
    measures = result.measures
    tables = [
        limits_table(measures, _SHOWN_LANES),
        *(measures_tables(measures, width) if measures else ()),
        errors_table(measures, _SHOWN_ERRORS),
    ]
    worst = hardest(measures)
    if worst is not None:
        tables.append(
            lanes_table(worst, _SHOWN_LANES, title_of(worst, repeats=has_repeats(measures)))
        )
    if result.forecast is not None:
        tables.append(forecast_table(result.forecast, _SHOWN_LANES))
    parts = [part for table in tables if table is not None for part in fitting(table, width)]
    shown = [line for part in parts for line in lines(part)]
    return [*shown, *client_lines(measures), *notes(measures)]


def client_lines(measures: Sequence[Measures]) -> list[str]:
    """What it took of this machine, at most."""
    if not measures:
        return []
    cpu = max(each.client.cpu_share for each in measures)
    memory = max(each.client.rss_mb for each in measures)
    return [f"this client took {share(cpu, 1)} of a core and {memory:,.0f} MB at most"]


def notes(measures: Sequence[Measures]) -> list[str]:
    """What is to be known before the figures are believed."""
    repeats = has_repeats(measures)
    named = [(title_of(each, repeats=repeats), each) for each in measures]
    return [
        *_some(_busy(named), "load"),
        *_some(_in_vain(named), "load"),
        *_some(_stopped(named), "load"),
        *_some(_unbegun(named), "load"),
        *_some(_unfinished(named), "load"),
        *_some(_stopped_lanes(named), "lane"),
        *_some(_without_limit(measures), "lane"),
    ]


def _busy(named: Iterable[_Named]) -> Iterator[str]:
    for name, each in named:
        if each.client.cpu_share > BUSY_SHARE and each.done:
            yield (
                f"{name}: this machine was the limit, not the server: "
                f"{share(each.client.cpu_share, 1)} of a core"
            )


def _in_vain(named: Iterable[_Named]) -> Iterator[str]:
    for name, each in named:
        requests = each.done + each.unfinished
        if not requests:
            yield f"{name}: nothing was measured: no request began in its time"
        elif each.has_no_success:
            yield f"{name}: none of {counted(requests, 'request')} succeeded"


def _stopped(named: Iterable[_Named]) -> Iterator[str]:
    for name, each in named:
        if each.stopped is not None:
            yield f"{name}: it ended early: {each.stopped}"


def _unbegun(named: Iterable[_Named]) -> Iterator[str]:
    for name, each in named:
        if each.unbegun:
            yield (
                f"{name}: this client could not keep up: {counted(each.unbegun, 'request')} that "
                "were due have not been begun"
            )


def _unfinished(named: Iterable[_Named]) -> Iterator[str]:
    for name, each in named:
        if each.unfinished:
            yield (
                f"{name}: {counted(each.unfinished, 'request')} had not ended; "
                "their age so far counts as their latency"
            )


def _stopped_lanes(named: Iterable[_Named]) -> Iterator[str]:
    for name, each in named:
        for lane in each.lanes:
            if lane.stopped is not None:
                yield f"{name}: {lane.lane} was stopped: {lane.stopped}"


def _without_limit(measures: Iterable[Measures]) -> Iterator[str]:
    """A line for each lane that went on, of the repeat that got most through."""
    stopped = {lane.lane for each in measures for lane in each.lanes if lane.stopped is not None}
    others = (it for it in limits(measures, found=False) if it[0] not in stopped)
    most = sorted(others, key=lambda it: it[2].rate)
    for lane, limit in sorted({lane: limit for lane, _, limit in most}.items()):
        passed = f"{figures(limit.rate)} calls a second" if limit.rate else "nothing"
        of = f", {limit.calls:,} in all" if limit.calls else ""
        yield f"{lane}: no limit was found: {passed} got through{of}"


def _some(found: Iterable[str], word: str) -> list[str]:
    all_found = list(found)
    more = len(all_found) - _SHOWN_NOTES
    return all_found[:_SHOWN_NOTES] + ([f"and {counted(more, f'more {word}')}"] if more > 0 else [])
