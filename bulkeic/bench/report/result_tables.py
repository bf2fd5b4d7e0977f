"""The tables of a result, for the terminal and for the page.

Loads are in the order of their first repeat, each with all its repeats.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from bulkeic.bench.model.measurements import (
    ApplyForecast,
    LaneLimit,
    LaneMeasures,
    Measures,
    Spread,
)
from bulkeic.bench.model.workload import Load, LoadModel
from bulkeic.output.formatting import counted, duration, figures, latency, share
from bulkeic.output.tables import Group, Table, beside, joined
from bulkeic.output.terminal.screen import PLAIN_WIDTH

BUSY_SHARE = 0.9
_ALWAYS_SHOWN_LANES = 5
_MIN_LANES = 2
TIME_PARTS = ("waiting", "call", "retrying")

Column = tuple[str, Callable[[Measures], str]]
_TRAFFIC: tuple[Column, ...] = (
    ("requests", lambda each: f"{each.done:,}"),
    ("a second", lambda each: figures(each.throughput)),
    ("refused", lambda each: share(each.refused, each.calls)),
    ("failed", lambda each: f"{each.failed:,}"),
)
_RARE: tuple[tuple[Column, Callable[[Measures], int]], ...] = (
    (("conflicts", lambda each: f"{each.conflicts:,}"), lambda each: each.conflicts),
    (("unfinished", lambda each: f"{each.unfinished:,}"), lambda each: each.unfinished),
)
_LATENCY: tuple[Column, ...] = (
    ("p50", lambda each: _time(each.latency, each.latency.p50_s)),
    ("p90", lambda each: _time(each.latency, each.latency.p90_s)),
    ("p99", lambda each: _time(each.latency, each.latency.p99_s)),
    ("p99.9", lambda each: _time(each.latency, each.latency.p999_s)),
    ("max", lambda each: _time(each.latency, each.latency.max_s)),
)


class FoundLimit(NamedTuple):
    """The limit of a lane in one repeat, numbered from 0."""

    lane: str
    repeat: int
    limit: LaneLimit


def label(load: Load) -> str:
    """A short description of a load."""
    match load.model:
        case LoadModel.OPEN:
            return f"{load.rate:g}/s a lane"
        case LoadModel.CLOSED:
            return f"{load.concurrency:,} at once"
        case LoadModel.LIMIT:
            return "find the limit"


def by_load(measures: Iterable[Measures]) -> dict[Load, list[Measures]]:
    """Groups the repeats of each load."""
    loads: dict[Load, list[Measures]] = {}
    for each in measures:
        loads.setdefault(each.load, []).append(each)
    return {load: sorted(them, key=lambda each: each.repeat) for load, them in loads.items()}


def title_of(measures: Measures, *, repeats: bool) -> str:
    """Describes the load, and its repeat if there are several."""
    name = label(measures.load)
    return f"{name}, repeat {measures.repeat + 1}" if repeats else name


def has_repeats(measures: Iterable[Measures]) -> bool:
    """Whether any load was measured more than once."""
    return any(each.repeat for each in measures)


def measures_tables(measures: Sequence[Measures], width: int = PLAIN_WIDTH) -> list[Table]:
    """Throughput, latency and where the time went, with a row for each repeat of each load.

    Args:
        measures: at least one.
        width: maximum width in characters; further columns go into another table.
    """
    rows = ordered_by_load(measures)
    return joined(key_columns(rows), [*_traffic_and_latency(rows), _time_shares(rows)], width)


def summary_table(measures: Sequence[Measures]) -> Table:
    """Throughput and latency in one table."""
    rows = ordered_by_load(measures)
    return beside(key_columns(rows), _traffic_and_latency(rows))


def time_shares_table(measures: Sequence[Measures]) -> Table:
    """Where the time of a request goes: waiting, call, retrying."""
    rows = ordered_by_load(measures)
    return beside(key_columns(rows), [_time_shares(rows)])


def errors_table(measures: Iterable[Measures], max_rows: int) -> Table | None:
    """Calls by error code over all loads; ``None``: there are no errors."""
    total: Counter[str] = Counter()
    for each in measures:
        total.update(each.errors)
    if not total:
        return None
    rows = [(code, f"{count:,}") for code, count in total.most_common(max_rows)]
    return Table("errors", ("code", "calls"), rows, note=_more(len(total) - max_rows, "error code"))


def hardest_load(measures: Iterable[Measures]) -> Measures | None:
    """The load with the largest share of refused calls, then the slowest.

    Returns:
        ``None``: no load has several lanes.
    """
    candidates = [
        each
        for each in measures
        if len(each.lanes) >= _MIN_LANES and each.load.model is not LoadModel.LIMIT
    ]
    return max(
        candidates, key=lambda each: (_refused_share(each), each.latency.p99_s), default=None
    )


def worst_lanes(measures: Measures, count: int) -> list[LaneMeasures]:
    """The most refused lanes, then the slowest; the very slowest are always included."""
    slowest = sorted(measures.lanes, key=lambda lane: (-(lane.p99_s or 0.0), lane.lane))
    refused = sorted((lane for lane in slowest if lane.refused), key=_refused_share, reverse=True)
    shown = {lane.lane: lane for lane in refused[:count]}
    remaining = max(count - len(shown), 0)
    others = [lane for lane in slowest if lane.lane not in shown]
    always = [lane for lane in slowest[:_ALWAYS_SHOWN_LANES] if lane.lane not in shown]
    shown |= {lane.lane: lane for lane in (*others[:remaining], *always)}
    return list(shown.values())


def lanes_table(measures: Measures, max_rows: int, title: str) -> Table:
    """The most refused and the slowest lanes of one load."""
    shown = worst_lanes(measures, max_rows)
    rows = [
        (
            lane.lane,
            f"{lane.done:,}",
            figures(lane.throughput),
            share(lane.refused, lane.calls),
            f"{lane.failed:,}",
            *map(latency, (lane.p50_s, lane.p99_s, lane.max_s)),
        )
        for lane in shown
    ]
    return Table(
        f"lanes under the hardest load, {title}",
        ("lane", "requests", "a second", "refused", "failed", "p50", "p99", "max"),
        rows,
        note=_more(len(measures.lanes) - len(shown), "lane"),
    )


def lane_limits(measures: Iterable[Measures], *, found: bool) -> list[FoundLimit]:
    """The limits of all lanes, lowest first.

    Args:
        measures: any loads.
        found: whether to return found limits, or the results of searches that found none.

    Returns:
        The repeats of a lane follow each other.
    """
    lanes: dict[str, list[FoundLimit]] = {}
    for each in measures:
        for lane in each.lanes:
            if lane.limit is not None and lane.limit.found == found:
                limit = FoundLimit(lane.lane, each.repeat, lane.limit)
                lanes.setdefault(lane.lane, []).append(limit)
    lowest_first = sorted(
        lanes.values(),
        key=lambda repeats: (min(each.limit.rate for each in repeats), repeats[0].lane),
    )
    return [each for repeats in lowest_first for each in repeats]


def limits_table(measures: Sequence[Measures], max_rows: int) -> Table | None:
    """The limits of all lanes, lowest first; ``None``: no limit was found."""
    limits = lane_limits(measures, found=True)
    if not limits:
        return None
    repeats = has_repeats(measures)
    rows = [
        (lane, *((str(repeat + 1),) if repeats else ()), *_limit_cells(limit))
        for lane, repeat, limit in limits[:max_rows]
    ]
    numbers = ("a second", "low to high", "burst", "calls", "refused", "seconds")
    return Table(
        "limits found, calls a second",
        ("lane", *(("repeat",) if repeats else ()), *numbers),
        rows,
        keys=2 if repeats else 1,
        note=_more(len(limits) - max_rows, "limit" if repeats else "lane"),
    )


def forecast_table(forecast: ApplyForecast, max_rows: int) -> Table:
    """The forecast duration of ``apply`` for each lane, slowest first, and for all lanes."""
    rows = [
        (
            lane.lane,
            f"{lane.targets:,}",
            figures(lane.rate),
            "measured" if lane.measured else "documented quota",
            duration(lane.seconds),
        )
        for lane in forecast.lanes[:max_rows]
    ]
    targets = sum(lane.targets for lane in forecast.lanes)
    total = ("all lanes at once", f"{targets:,}", "", "", duration(forecast.seconds))
    return Table(
        f"apply {forecast.source} --rate auto: about {duration(forecast.seconds)}",
        ("lane", "targets", "a second", "the rate is", "time"),
        [*rows, total],
        note=_more(len(forecast.lanes) - max_rows, "lane"),
    )


def _more(number: int, word: str) -> str:
    return f"{counted(number, word)} not shown" if number > 0 else ""


def _time(spread: Spread, seconds: float) -> str:
    # A histogram rounds up, except for its maximum.
    return latency(min(seconds, spread.max_s) if spread.count else None)


def ordered_by_load(measures: Iterable[Measures]) -> list[Measures]:
    """The measures in the order of the table rows."""
    return [each for them in by_load(measures).values() for each in them]


def key_columns(rows: Sequence[Measures]) -> Group:
    """The columns that identify the load and the repeat of each row."""
    heads, columns = ["load"], [[label(each.load) for each in rows]]
    if has_repeats(rows):
        heads.append("repeat")
        columns.append([str(each.repeat + 1) for each in rows])
    return Group("", heads, columns)


def _traffic_and_latency(rows: Sequence[Measures]) -> list[Group]:
    rare = [column for column, count in _RARE if any(map(count, rows))]
    groups = (("throughput", (*_TRAFFIC, *rare)), ("latency", _LATENCY))
    return [
        Group(title, [name for name, _ in columns], [[*map(cell, rows)] for _, cell in columns])
        for title, columns in groups
    ]


def _time_shares(rows: Sequence[Measures]) -> Group:
    heads: list[str] = []
    columns: list[list[str]] = []
    for name in TIME_PARTS:
        spreads: list[Spread] = [getattr(each, name) for each in rows]
        heads += [f"{name} p50", "p99"]
        columns.append([_time(each, each.p50_s) for each in spreads])
        columns.append([_time(each, each.p99_s) for each in spreads])
    if any(each.retries for each in rows):
        heads.append("repeated")
        columns.append([f"{each.retries:,}" for each in rows])
    return Group("where it went", heads, columns)


def _refused_share(measures: Measures | LaneMeasures) -> float:
    return measures.refused / measures.calls if measures.calls else 0.0


def _limit_cells(limit: LaneLimit) -> tuple[str, ...]:
    return (
        figures(limit.rate),
        f"{figures(limit.low)} to {figures(limit.high)}",
        "-" if limit.burst is None else figures(limit.burst),
        f"{limit.calls:,}",
        f"{limit.refused:,}",
        figures(limit.seconds),
    )
