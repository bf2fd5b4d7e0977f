"""A result as text for the terminal."""

from collections.abc import Iterable, Iterator, Sequence

from bulkeic.bench.model.measurements import BenchResult, Measures
from bulkeic.bench.report.result_tables import (
    BUSY_SHARE,
    errors_table,
    forecast_table,
    hardest_load,
    has_repeats,
    lane_limits,
    lanes_table,
    limits_table,
    measures_tables,
    title_of,
)
from bulkeic.output.formatting import counted, figures, share
from bulkeic.output.tables import fitting, lines
from bulkeic.output.terminal.screen import PLAIN_WIDTH

_LANE_ROWS = 20
_ERROR_ROWS = 10
_SHOWN_NOTES = 5

_Named = tuple[str, Measures]


def bench_lines(result: BenchResult, width: int | None = None) -> list[str]:
    """All lines of a result: tables, then the client's resources, then notes.

    Args:
        result: the result.
        width: characters of a terminal's line; ``None``: there is no terminal.
    """
    width = min(PLAIN_WIDTH, width or PLAIN_WIDTH)
    measures = result.measures
    tables = [
        limits_table(measures, _LANE_ROWS),
        *(measures_tables(measures, width) if measures else ()),
        errors_table(measures, _ERROR_ROWS),
    ]
    hardest = hardest_load(measures)
    if hardest is not None:
        title = title_of(hardest, repeats=has_repeats(measures))
        tables.append(lanes_table(hardest, _LANE_ROWS, title))
    if result.forecast is not None:
        tables.append(forecast_table(result.forecast, _LANE_ROWS))
    parts = [part for table in tables if table is not None for part in fitting(table, width)]
    table_lines = [line for part in parts for line in lines(part)]
    return [*table_lines, *client_lines(measures), *notes(measures)]


def client_lines(measures: Sequence[Measures]) -> list[str]:
    """The peak CPU and memory of this process."""
    if not measures:
        return []
    cpu = max(each.client.cpu_share for each in measures)
    memory = max(each.client.rss_mb for each in measures)
    return [f"this client used at most {share(cpu, 1)} of a core and {memory:,.0f} MB"]


def notes(measures: Sequence[Measures]) -> list[str]:
    """What readers must know before they use the figures."""
    repeats = has_repeats(measures)
    named = [(title_of(each, repeats=repeats), each) for each in measures]
    return [
        *_shortened(_busy(named), "load"),
        *_shortened(_without_success(named), "load"),
        *_shortened(_stopped(named), "load"),
        *_shortened(_unbegun(named), "load"),
        *_shortened(_unfinished(named), "load"),
        *_shortened(_stopped_lanes(named), "lane"),
        *_shortened(_without_limit(measures), "lane"),
    ]


def _busy(named: Iterable[_Named]) -> Iterator[str]:
    for name, each in named:
        if each.client.cpu_share > BUSY_SHARE and each.done:
            yield (
                f"{name}: this machine was the limit, not the server: "
                f"{share(each.client.cpu_share, 1)} of a core"
            )


def _without_success(named: Iterable[_Named]) -> Iterator[str]:
    for name, each in named:
        requests = each.done + each.unfinished
        if not requests:
            yield f"{name}: nothing was measured: no request started in the measured time"
        elif each.has_no_success:
            yield f"{name}: none of {counted(requests, 'request')} succeeded"


def _stopped(named: Iterable[_Named]) -> Iterator[str]:
    for name, each in named:
        if each.stopped is not None:
            yield f"{name}: ended early: {each.stopped}"


def _unbegun(named: Iterable[_Named]) -> Iterator[str]:
    for name, each in named:
        if each.unbegun:
            yield (
                f"{name}: this client could not keep up: it did not start "
                f"{counted(each.unbegun, 'request')} that were due"
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
    """A line for each lane that was not stopped, with the repeat that let most calls through."""
    stopped = {lane.lane for each in measures for lane in each.lanes if lane.stopped is not None}
    others = (each for each in lane_limits(measures, found=False) if each.lane not in stopped)
    highest_last = sorted(others, key=lambda each: each.limit.rate)
    for lane, limit in sorted({lane: limit for lane, _, limit in highest_last}.items()):
        passed = f"{figures(limit.rate)} calls a second" if limit.rate else "nothing"
        total = f", {limit.calls:,} in all" if limit.calls else ""
        yield f"{lane}: no limit was found: {passed} got through{total}"


def _shortened(texts: Iterable[str], word: str) -> list[str]:
    notes = list(texts)
    more = len(notes) - _SHOWN_NOTES
    return notes[:_SHOWN_NOTES] + ([f"and {counted(more, f'more {word}')}"] if more > 0 else [])
